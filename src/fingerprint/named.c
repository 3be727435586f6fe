/* SPDX-License-Identifier: Apache-2.0 */
#include "fingerprint/named.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/text.h"
#include "fingerprint/fingerprint.h"
#include "fingerprint/paths.h"
#include "fingerprint/walk.h"

static int
normalise(const struct strings *paths, struct strings *ret_normal, struct error **err)
{
	AUTO_STRINGS struct strings normal = { 0 };

	for (size_t i = 0; i < paths->count; i++) {
		char *path = path_normalise(paths->items[i], err);

		if (!path)
			return -1;
		strings_take(&normal, path);
	}
	*ret_normal = normal;
	normal = (struct strings){ 0 };
	return 0;
}

int
named_init(struct named *named, int dir_fd, const struct fingerprint_inputs *inputs,
	   struct error **err)
{
	AUTO_NAMED struct named normal = { .dir_fd = dir_fd, .exact = EXACT_NAMES_INIT(dir_fd) };

	if (normalise(&inputs->paths, &normal.paths, err) < 0 ||
	    normalise(&inputs->optional, &normal.optional, err) < 0 ||
	    normalise(&inputs->exclude, &normal.exclude, err) < 0)
		return -1;
	for (size_t i = 0; i < normal.optional.count; i++) {
		if (!strings_has(&normal.paths, normal.optional.items[i]))
			return error_set(err, ERROR_USAGE,
					 "'%s' is optional but not among the inputs",
					 QUOTED(normal.optional.items[i]));
	}
	*named = normal;
	normal = (struct named){ 0 };
	return 0;
}

void
named_release(struct named *named)
{
	strings_release(&named->paths);
	strings_release(&named->optional);
	strings_release(&named->exclude);
	exact_names_release(&named->exact);
}

int
named_check_optional(const struct named *named, const char *path, const char *reason,
		     struct error **err)
{
	AUTO_FREE char *normal = path_normalise(path_to_open(path), err);

	if (!normal)
		return -1;
	if (strings_has(&named->optional, normal))
		return 0;
	error_set(err, ERROR_USAGE, "input '%s' %s", QUOTED(path), reason);
	if (strpbrk(path, "*?["))
		return error_set_hint(err, "an input is a file or a directory, not a pattern");
	return error_set_hint(err, "name it under 'optional' if it may be missing");
}

/* stat() failed: either there is nothing, or a link to nothing. */
static int
find_missing(const struct named *named, const char *path, enum named_kind *ret_kind,
	     struct error **err)
{
	struct stat status;

	if (fstatat(named->dir_fd, path_to_open(path), &status, AT_SYMLINK_NOFOLLOW) == 0)
		return error_set(err, ERROR_USAGE, "input '%s' is a dangling link", QUOTED(path));
	if (named_check_optional(named, path, "is missing", err) < 0)
		return -1;
	*ret_kind = NAMED_MISSING;
	return 0;
}

int
named_find(struct named *named, const char *path, enum named_kind *ret_kind, struct error **err)
{
	struct stat status;

	if (fstatat(named->dir_fd, path_to_open(path), &status, 0) < 0) {
		if (errno == ENOENT || errno == ENOTDIR)
			return find_missing(named, path, ret_kind, err);
		return error_set_errno(err, errno, "cannot look at input '%s'", QUOTED(path));
	}
	if (!S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode))
		return walk_refuse_special(path, err);
	if (exact_names_check(&named->exact, path, err) < 0)
		return -1;
	*ret_kind = S_ISDIR(status.st_mode) ? NAMED_DIRECTORY : NAMED_FILE;
	return 0;
}
