/* SPDX-License-Identifier: Apache-2.0 */
#include "project/named_files.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "fingerprint/paths.h"

/* As an input of a fingerprint: links are followed. */
static bool
is_inside(const char *directory, const char *path)
{
	AUTO_FREE char *full = xasprintf("%s/%s", directory, path);
	AUTO_FREE char *real = realpath(full, NULL);

	return real && (!directory[1] || path_is_below(real, directory));
}

/* An existing path, normalised, once, and not below another input. */
void
named_files_add(const char *directory, const char *name, struct strings *files)
{
	AUTO_ERROR struct error *outside = NULL;
	/* A project file with too many is refused, with a message. */
	bool is_full = files->count >= PROJECT_FILE_LIMIT_VALUES;
	AUTO_FREE char *path = is_full ? NULL : path_normalise(name, &outside);

	if (!path || !*path || !text_is_printable_ascii(path) || path_never_enters(path) ||
	    path_is_below_any(path, files) || !is_inside(directory, path))
		return;
	strings_add(files, path);
}

/* A few are enough to show that something is missing. */
void
named_files_note_absent(const char *directory, const char *name, struct strings *absent)
{
	enum { ABSENT_MAX = 16 };
	AUTO_ERROR struct error *outside = NULL;
	AUTO_FREE char *path = path_normalise(name, &outside);
	AUTO_FREE char *full = path ? xasprintf("%s/%s", directory, path) : NULL;
	struct stat status;

	if (full && *path && text_is_printable_ascii(path) && absent->count < ABSENT_MAX &&
	    lstat(full, &status) < 0 && errno == ENOENT && !strings_has(absent, path))
		strings_add(absent, path);
}

/* Links are not followed: they may leave the project, or form a loop. */
static void
add_matches(const char *directory, int dir_fd, const char *above, const char *pattern,
	    struct strings *files)
{
	AUTO_FREE char *first = xstrndup(pattern, strcspn(pattern, "/"));
	const char *rest = pattern + strlen(first);
	AUTO_STRINGS struct strings names = { 0 };

	if (dir_names(dir_fd, INPUTS_LIMIT_COUNT, &names) < 0)
		return;
	for (size_t i = 0; i < names.count; i++) {
		AUTO_FREE char *path =
			xasprintf("%s%s%s", above, *above ? "/" : "", names.items[i]);
		AUTO_CLOSE int fd = -1;

		if (fnmatch(first, names.items[i], FNM_PERIOD) != 0)
			continue;
		if (!*rest) {
			named_files_add(directory, path, files);
			continue;
		}
		fd = dir_open_at(dir_fd, names.items[i]);
		if (fd >= 0)
			add_matches(directory, fd, path, rest + 1, files);
	}
}

void
named_files_match(const char *directory, const char *name, struct strings *files)
{
	AUTO_ERROR struct error *outside = NULL;
	AUTO_FREE char *pattern = path_normalise(name, &outside);
	AUTO_CLOSE int fd = pattern ? dir_open_at(AT_FDCWD, directory) : -1;

	if (fd >= 0)
		add_matches(directory, fd, "", pattern, files);
}
