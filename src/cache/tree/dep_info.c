/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/tree/dep_info.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/strings.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "cache/tree/cargo_target.h"
#include "fingerprint/paths.h"

/* The path of a line "path:"; NULL: another line.  The caller owns it. */
static char *
path_of_line(const char *line, size_t size)
{
	char *path;
	size_t used = 0;

	if (size < 2 || line[size - 1] != ':' || *line == '#')
		return NULL;
	path = xcalloc(1, size);
	for (size_t i = 0; i + 1 < size; i++) {
		if (line[i] == '\\' && line[i + 1] == ' ')
			continue;
		path[used++] = line[i];
	}
	return path;
}

/* All NAME.d of a directory and of its subdirectories down to `depth`. */
static int
read_directory(int fd, unsigned depth, struct strings *paths, struct error **err)
{
	AUTO_STRINGS struct strings names = { 0 };

	if (dir_names(fd, INPUTS_LIMIT_COUNT, &names) < 0)
		return error_set_errno(err, errno, "cannot read a directory of cargo");
	for (size_t i = 0; i < names.count; i++) {
		const char *dot = strrchr(names.items[i], '.');
		AUTO_CLOSE int deeper_fd = depth > 0 ? dir_open_at(fd, names.items[i]) : -1;

		if (deeper_fd >= 0 && read_directory(deeper_fd, depth - 1, paths, err) < 0)
			return -1;
		if (dot && strcmp(dot, ".d") == 0) {
			AUTO_BUF struct buf bytes = BUF_INIT(KEY_INPUT_LIMIT_BYTES);
			bool is_found = false;

			if (file_find(fd, names.items[i], &bytes, &is_found, err) < 0)
				return -1;
			if (is_found && bytes.size > 0 && strlen(bytes.data) == bytes.size) {
				const char *text = bytes.data;

				for (size_t size; *text; text += size + (text[size] == '\n')) {
					char *path;

					size = strcspn(text, "\n");
					path = path_of_line(text, size);
					if (path)
						strings_take(paths, path);
				}
			}
		}
	}
	return 0;
}

static void
add_real(const char *path, const char *directory, struct strings *files)
{
	AUTO_FREE char *whole = *path == '/' ? xstrdup(path) : xasprintf("%s/%s", directory, path);
	AUTO_FREE char *real = realpath(whole, NULL);

	if (!real)
		return;
	if (path_is_below(real, directory) && strcmp(real, directory) != 0)
		strings_add(files, real + strlen(directory) + 1);
	else
		strings_add(files, real);
}

int
dep_info_list(const struct cargo_target *target, const char *directory, struct strings *ret_files,
	      struct error **err)
{
	AUTO_STRINGS struct strings paths = { 0 };
	AUTO_STRINGS struct strings files = { 0 };

	for (size_t i = 0; i < target->count; i++) {
		AUTO_FREE char *deps = xasprintf("%s/deps", target->profiles[i].directory);
		AUTO_FREE char *build = xasprintf("%s/build", target->profiles[i].directory);
		AUTO_CLOSE int deps_fd = dir_open_at(AT_FDCWD, deps);
		AUTO_CLOSE int build_fd = dir_open_at(AT_FDCWD, build);

		if (deps_fd >= 0 && read_directory(deps_fd, 0, &paths, err) < 0)
			return -1;
		if (build_fd >= 0 && read_directory(build_fd, 3, &paths, err) < 0)
			return -1;
	}
	strings_sort(&paths);
	for (size_t i = 0; i < paths.count; i++)
		if (i == 0 || strcmp(paths.items[i], paths.items[i - 1]) != 0)
			add_real(paths.items[i], directory, &files);
	strings_sort(&files);
	for (size_t i = 0; i < files.count; i++)
		if (i == 0 || strcmp(files.items[i], files.items[i - 1]) != 0)
			strings_add(ret_files, files.items[i]);
	return 0;
}
