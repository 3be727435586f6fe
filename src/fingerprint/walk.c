/* SPDX-License-Identifier: Apache-2.0 */
#include "fingerprint/walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/strings.h"
#include "base/text.h"
#include "fingerprint/input_files.h"
#include "fingerprint/paths.h"

struct state {
	const struct walk *walk;
	struct strings pending; /* directories to be read */
	struct input_files *files;
};

static int
fail(struct error **err, const char *doing, const char *path)
{
	int errnum = errno;

	return error_set_errno(err, errnum, "cannot %s '%s'", doing, QUOTED(path_to_open(path)));
}

static void
close_dir(DIR **dir)
{
	if (*dir)
		(void)closedir(*dir);
}

static DIR *
open_dir(int dir_fd, const char *path, int flags, struct error **err)
{
	AUTO_CLOSE int fd =
		openat(dir_fd, path_to_open(path), O_RDONLY | O_DIRECTORY | O_CLOEXEC | flags);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (!dir) {
		fail(err, "open directory", path);
		return NULL;
	}
	(void)TAKE_FD(fd);
	return dir;
}

/* The file type bits of st_mode; 0: failed.  Most file systems spare us the fstatat(). */
static mode_t
entry_type(DIR *dir, const struct dirent *entry, const char *path, struct error **err)
{
	struct stat status;

	if (entry->d_type != DT_UNKNOWN)
		return (mode_t)DTTOIF(entry->d_type);
	if (fstatat(dirfd(dir), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) < 0) {
		fail(err, "look at", path);
		return 0;
	}
	return status.st_mode & S_IFMT;
}

int
walk_refuse_special(const char *path, struct error **err)
{
	error_set(err, ERROR_USAGE, "input '%s' is a socket, a FIFO or a device", QUOTED(path));
	return error_set_hint(err, "exclude it, or list the files");
}

static bool
is_excluded(const struct walk *walk, const char *name, const char *path)
{
	if (walk->as_find)
		return false;
	return path_never_enters(name) || path_is_below_any(path, walk->exclude);
}

static int
take_entry(struct state *state, DIR *dir, const char *directory, const struct dirent *entry,
	   struct error **err)
{
	AUTO_FREE char *path = path_join(directory, entry->d_name, err);
	mode_t type;
	bool wanted;

	if (!path)
		return -1;
	if (is_excluded(state->walk, entry->d_name, path))
		return 0;
	type = entry_type(dir, entry, path, err);
	if (!type)
		return -1;
	wanted = S_ISREG(type) || (S_ISLNK(type) && !state->walk->as_find);
	if (S_ISDIR(type))
		strings_take(&state->pending, TAKE_PTR(path));
	else if (wanted)
		return input_files_take(state->files, TAKE_PTR(path), false, err);
	else if (!state->walk->as_find)
		return walk_refuse_special(path, err);
	return 0;
}

static int
read_directory(struct state *state, const char *directory, int flags, struct error **err)
{
	CLEANUP(close_dir) DIR *dir = open_dir(state->walk->dir_fd, directory, flags, err);

	if (!dir)
		return -1;
	for (;;) {
		const struct dirent *entry;

		errno = 0;
		entry = readdir(dir); /* NOLINT(concurrency-mt-unsafe): `dir` is ours alone */
		if (!entry)
			return errno ? fail(err, "read directory", directory) : 0;
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
		    take_entry(state, dir, directory, entry, err) < 0)
			return -1;
	}
}

int
walk_directory(const struct walk *walk, const char *directory, struct input_files *files,
	       struct error **err)
{
	struct state state = { .walk = walk, .files = files };
	int result = read_directory(&state, directory, 0, err);

	while (result == 0 && state.pending.count > 0) {
		AUTO_FREE char *path = NULL;

		state.pending.count--;
		path = TAKE_PTR(state.pending.items[state.pending.count]);
		result = read_directory(&state, path, O_NOFOLLOW, err);
	}
	strings_release(&state.pending);
	return result;
}
