/* SPDX-License-Identifier: Apache-2.0 */
/* walk.h - all files below a directory
 *
 * One descriptor is open at a time, however deep the tree; the order is that of the disk.
 */
#ifndef OCIFP_FINGERPRINT_WALK_H
#define OCIFP_FINGERPRINT_WALK_H

#include <stdbool.h>

struct error;
struct input_files;
struct strings;

struct walk {
	int dir_fd;                    /* what paths are relative to */
	const struct strings *exclude; /* paths to leave out with all below them, in normal form */
	bool as_find; /* as `find -type f`: all regular files, whatever their name */
};

/* `directory` itself may be a link; no other link is followed.  ERROR_USAGE for a special file
 * unless `as_find`. */
int walk_directory(const struct walk *walk, const char *directory, struct input_files *files,
		   struct error **err);

/* ERROR_USAGE that explains why a special file is not an input. */
int walk_refuse_special(const char *path, struct error **err);

#endif
