/* SPDX-License-Identifier: Apache-2.0 */
/* foreign_files.h - untracked files of a checkout, ordered by time
 *
 * Any of them may have been built from a source: the order of its time and the source's time must
 * not be reversed.
 */
#ifndef OCIFP_CACHE_SOURCES_FOREIGN_FILES_H
#define OCIFP_CACHE_SOURCES_FOREIGN_FILES_H

#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

struct error;
struct strings;

struct foreign_file {
	char *path;
	int64_t mtime_ns;
};

struct foreign_files {
	struct foreign_file *items; /* oldest first */
	size_t count;
};

/* Regular files below `dir_fd` that are neither in `tracked` (in byte order) nor below a path of
 * `skip`. */
int foreign_files_list(int dir_fd, const struct strings *tracked, const struct strings *skip,
		       struct foreign_files *ret_files, struct error **err);
void foreign_files_release(struct foreign_files *files);
#define AUTO_FOREIGN_FILES CLEANUP(foreign_files_release)

/* A file with a time in [from, to]; NULL: none. */
const struct foreign_file *foreign_files_find_between(const struct foreign_files *files,
						      int64_t from_ns, int64_t to_ns);

#endif
