/* SPDX-License-Identifier: Apache-2.0 */
/* output.h - where an archive is written: a file that appears whole or not at all, or a stream
 *
 * "-" is stdout.  An existing file that is not a regular one (a FIFO, /dev/null) is written to
 * directly.
 */
#ifndef OCIFP_ARCHIVE_OUTPUT_H
#define OCIFP_ARCHIVE_OUTPUT_H

#include <stdbool.h>

#include "base/cleanup.h"

struct error;

struct output {
	int fd;
	char *path;      /* for messages, and where the file goes; symbolic links resolved */
	char *temporary; /* NULL: a stream */
	bool has_name;   /* a file of that name is there */
};

#define OUTPUT_INIT ((struct output){ .fd = -1 })

int output_open(const char *path, struct output *output, struct error **err);
int output_commit(struct output *output, struct error **err);

/* What was not committed is removed. */
void output_release(struct output *output);
#define AUTO_OUTPUT CLEANUP(output_release)

#endif
