/* SPDX-License-Identifier: Apache-2.0 */
/* foreign_files.h - files of a checkout that git does not track, by their time
 *
 * Any of them may have been built from a source: the order of its time and the source's must not
 * turn round.
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
	struct foreign_file *items; /* the oldest first */
	size_t count;
};

/* Regular files below `dir_fd` that are not in `tracked` (in byte order) and not below a path of
 * `skip`. */
int foreign_files_list(int dir_fd, const struct strings *tracked, const struct strings *skip,
		       struct foreign_files *ret_files, struct error **err);
void foreign_files_release(struct foreign_files *files);
#define AUTO_FOREIGN_FILES CLEANUP(foreign_files_release)

/* One whose time is in [from, to]; NULL: none is. */
const struct foreign_file *foreign_files_find_between(const struct foreign_files *files,
						      int64_t from_ns, int64_t to_ns);

#endif
