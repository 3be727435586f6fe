/* SPDX-License-Identifier: Apache-2.0 */
/* spool.h - standard input copied to a seekable file */
#ifndef OCIFP_ARCHIVE_SPOOL_H
#define OCIFP_ARCHIVE_SPOOL_H

struct error;

/* Copies all of `fd` to an unnamed file in $TMPDIR; the caller closes it. */
int spool(int fd, struct error **err);

#endif
