/* SPDX-License-Identifier: Apache-2.0 */
/* output.h - the destination of an archive: a file that is replaced atomically, or a stream
 *
 * "-" is stdout.  An existing file that is not regular (a FIFO, /dev/null) is written to directly.
 */
#ifndef OCIFP_ARCHIVE_OUTPUT_H
#define OCIFP_ARCHIVE_OUTPUT_H

#include <stdbool.h>

#include "base/cleanup.h"

struct error;

struct output {
	int fd;
	char *path;      /* for messages, and the destination; symbolic links resolved */
	char *temporary; /* NULL: a stream */
	bool has_name;   /* such a file exists */
};

#define OUTPUT_INIT ((struct output){ .fd = -1 })

int output_open(const char *path, struct output *output, struct error **err);
int output_commit(struct output *output, struct error **err);

/* Removes the file if it was not committed. */
void output_release(struct output *output);
#define AUTO_OUTPUT CLEANUP(output_release)

#endif
