/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/sources/foreign_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/compat.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/strings.h"
#include "base/xalloc.h"
#include "fingerprint/paths.h"

static const int64_t ns_per_s = 1000000000;

/* Directories that we cannot read are skipped: the build cannot read them either. */
static int
read_directory(int dir_fd, const char *directory, const struct strings *tracked,
	       const struct strings *skip, struct strings *pending, struct foreign_files *files,
	       struct error **err)
{
	AUTO_CLOSE int fd = dir_open_at(dir_fd, path_to_open(directory));
	AUTO_STRINGS struct strings names = { 0 };

	if (fd < 0)
		return errno == ENOENT || errno == EACCES || errno == ENOTDIR
			       ? 0
			       : error_set_path(err, errno, "open directory", directory);
	if (dir_names(fd, INPUTS_LIMIT_COUNT, &names) < 0)
		return error_set_path(err, errno, "read", path_to_open(directory));
	for (size_t i = 0; i < names.count; i++) {
		AUTO_FREE char *path = path_join(directory, names.items[i], err);
		struct stat status;

		if (!path)
			return -1;
		if (path_never_enters(names.items[i]) || path_is_below_any(path, skip) ||
		    fstatat(fd, names.items[i], &status, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		if (S_ISDIR(status.st_mode)) {
			strings_take(pending, TAKE_PTR(path));
		} else if (S_ISREG(status.st_mode) && !strings_has_sorted(tracked, path)) {
			if (files->count == INPUTS_LIMIT_COUNT)
				return error_set(err, ERROR_USAGE,
						 "the directory has more than %d files",
						 INPUTS_LIMIT_COUNT);
			files->items = xgrow(files->items, files->count, sizeof(*files->items));
			files->items[files->count++] = (struct foreign_file){
				.path = TAKE_PTR(path),
				.mtime_ns = (int64_t)status.st_mtim.tv_sec * ns_per_s +
					    status.st_mtim.tv_nsec,
			};
		}
	}
	return 0;
}

static int
compare_times(const void *left, const void *right)
{
	int64_t a = ((const struct foreign_file *)left)->mtime_ns;
	int64_t b = ((const struct foreign_file *)right)->mtime_ns;

	return a < b ? -1 : a > b;
}

int
foreign_files_list(int dir_fd, const struct strings *tracked, const struct strings *skip,
		   struct foreign_files *ret_files, struct error **err)
{
	AUTO_FOREIGN_FILES struct foreign_files files = { 0 };
	AUTO_STRINGS struct strings pending = { 0 };

	strings_add(&pending, "");
	while (pending.count > 0) {
		AUTO_FREE char *directory = pending.items[--pending.count];

		pending.items[pending.count] = NULL;
		if (read_directory(dir_fd, directory, tracked, skip, &pending, &files, err) < 0)
			return -1;
	}
	if (files.count > 1)
		qsort(files.items, files.count, sizeof(*files.items), compare_times);
	*ret_files = files;
	files = (struct foreign_files){ 0 };
	return 0;
}

void
foreign_files_release(struct foreign_files *files)
{
	for (size_t i = 0; i < files->count; i++)
		free(files->items[i].path);
	free(files->items);
	*files = (struct foreign_files){ 0 };
}

const struct foreign_file *
foreign_files_find_between(const struct foreign_files *files, int64_t from_ns, int64_t to_ns)
{
	size_t low = 0;
	size_t high = files->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (files->items[middle].mtime_ns < from_ns)
			low = middle + 1;
		else
			high = middle;
	}
	return low < files->count && files->items[low].mtime_ns <= to_ns ? &files->items[low]
									 : NULL;
}
