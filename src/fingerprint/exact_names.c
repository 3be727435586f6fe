/* SPDX-License-Identifier: Apache-2.0 */
#include "fingerprint/exact_names.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/text.h"
#include "base/xalloc.h"

void
exact_names_release(struct exact_names *exact)
{
	free(exact->checked);
	free(exact->known);
	strings_release(&exact->names);
	*exact = (struct exact_names){ .dir_fd = exact->dir_fd };
}

static bool
is_same_file(int dir_fd, const char *path, const char *other)
{
	struct stat here;
	struct stat there;

	/* On most file systems the other spelling does not exist. */
	return fstatat(dir_fd, other, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
	       fstatat(dir_fd, path, &here, AT_SYMLINK_NOFOLLOW) == 0 &&
	       here.st_dev == there.st_dev && here.st_ino == there.st_ino;
}

static char *
join(const char *directory, const char *name)
{
	return *directory ? xasprintf("%s/%s", directory, name) : xstrdup(name);
}

/* Whether the directory also finds a name in the other case.  Unicode forms are not tried: names
 * that are not ASCII are always looked up in the list. */
static bool
finds_other_case(const struct exact_names *exact, const char *name)
{
	AUTO_FREE char *path = join(exact->known, name);
	AUTO_FREE char *other = xstrdup(path);

	for (char *next = other + strlen(other) - strlen(name); *next; next++)
		*next = (char)(islower((unsigned char)*next) ? toupper((unsigned char)*next)
							     : tolower((unsigned char)*next));
	return is_same_file(exact->dir_fd, path, other);
}

static bool
is_ascii(const char *name)
{
	for (; *name; name++)
		if ((unsigned char)*name >= 0x80)
			return false;
	return true;
}

/* The spelling of the directory differs; the file is the same. */
static const char *
find_spelling(const struct exact_names *exact, const char *name)
{
	AUTO_FREE char *path = join(exact->known, name);

	for (size_t i = 0; i < exact->names.count; i++) {
		AUTO_FREE char *other = join(exact->known, exact->names.items[i]);

		if (is_same_file(exact->dir_fd, path, other))
			return exact->names.items[i];
	}
	return NULL;
}

static int
check_in(struct exact_names *exact, const char *directory, const char *name, struct error **err)
{
	const char *spelled;

	if (!exact->known || strcmp(exact->known, directory) != 0) {
		free(exact->known);
		exact->known = xstrdup(directory);
		exact->folds = FOLDS_UNKNOWN;
		strings_release(&exact->names);
	}
	if (exact->folds == FOLDS_UNKNOWN &&
	    strpbrk(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") != NULL)
		exact->folds = finds_other_case(exact, name) ? FOLDS : FOLDS_NOT;
	if (exact->folds != FOLDS && is_ascii(name))
		return 0;
	if (exact->names.count == 0) {
		const char *path = *exact->known ? exact->known : ".";
		AUTO_CLOSE int fd = openat(exact->dir_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		if (fd < 0 || dir_names(fd, SIZE_MAX, &exact->names) < 0)
			return error_set_path(err, errno, "read directory", path);
	}
	if (strings_has(&exact->names, name))
		return 0;
	spelled = find_spelling(exact, name);
	if (!spelled)
		return 0; /* the file was removed meanwhile: opening it reports that */
	error_set(err, ERROR_USAGE, "input '%s' is named '%s' on disk", QUOTED(name),
		  QUOTED(spelled));
	return error_set_hint(err, "spell it like that, and do not let two inputs differ in case "
				   "or Unicode form alone");
}

int
exact_names_check(struct exact_names *exact, const char *path, struct error **err)
{
	const char *slash = strrchr(path, '/');
	size_t size = slash ? (size_t)(slash - path) : 0;

	if (!*path)
		return 0;
	if ((!exact->checked || strlen(exact->checked) != size ||
	     strncmp(exact->checked, path, size) != 0)) {
		AUTO_FREE char *rest = xstrdup(path);
		AUTO_FREE char *directory = xstrdup("");
		char *next = rest;
		char *name;

		while ((name = strsep(&next, "/")) && next) {
			char *deeper = join(directory, name);
			int ret = check_in(exact, directory, name, err);

			free(directory);
			directory = deeper;
			if (ret < 0)
				return -1;
		}
		free(exact->checked);
		exact->checked = TAKE_PTR(directory);
	}
	return check_in(exact, exact->checked, slash ? slash + 1 : path, err);
}
