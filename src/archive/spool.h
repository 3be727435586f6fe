/* SPDX-License-Identifier: Apache-2.0 */
/* spool.h - stdin as a file that can be read anywhere */
#ifndef OCIFP_ARCHIVE_SPOOL_H
#define OCIFP_ARCHIVE_SPOOL_H

struct error;

/* An unnamed file in $TMPDIR that holds all that `fd` gives; the caller closes it. */
int spool(int fd, struct error **err);

#endif
