/* SPDX-License-Identifier: Apache-2.0 */
#include "fingerprint/collect.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/strings.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "fingerprint/fingerprint.h"
#include "fingerprint/git.h"
#include "fingerprint/input_files.h"
#include "fingerprint/named.h"
#include "fingerprint/paths.h"
#include "fingerprint/walk.h"

/* Paths are literal: git would expand '*' and ':' in them. */
static const char *const ls_files[] = { "--literal-pathspecs", "ls-files", "-z", "--" };

static int
run_git(const char *directory, const struct strings *paths, struct buf *listing, struct error **err)
{
	AUTO_FREE const char **argv = xcalloc(COUNT_OF(ls_files) + paths->count + 1, sizeof(*argv));
	AUTO_GIT struct git *git = NULL;
	struct git_question question = { .argv = argv };

	memcpy(argv, ls_files, sizeof(ls_files));
	for (size_t i = 0; i < paths->count; i++)
		argv[COUNT_OF(ls_files) + i] = path_to_open(paths->items[i]);
	if (git_open(directory, &git, err) < 0)
		return -1;
	if (!git)
		return error_set(err, ERROR_USAGE, "the directory is not in a git repository");
	return git_read(git, &question, listing, err);
}

/* The output of `git ls-files -z` in `directory` for `paths` (in normal form): in byte order, each
 * once, relative to `directory`.  No paths: nothing. */
static int
tracked_list(const char *directory, const struct strings *paths, struct strings *ret_tracked,
	     struct error **err)
{
	AUTO_BUF struct buf listing = BUF_INIT(GIT_OUTPUT_LIMIT_BYTES);

	if (paths->count == 0)
		return 0;
	if (run_git(directory, paths, &listing, err) != 0) {
		error_wrap(err, "cannot list the tracked inputs");
		return error_set_hint(err, "without 'tracked', every file below the inputs counts");
	}
	for (size_t at = 0; at < listing.size; at += strlen(listing.data + at) + 1) {
		/* A path in a merge conflict is listed once for each side. */
		const char *path = listing.data + at;

		if (ret_tracked->count == 0 ||
		    strcmp(ret_tracked->items[ret_tracked->count - 1], path) != 0)
			strings_add(ret_tracked, path);
	}
	strings_sort(ret_tracked);
	return 0;
}

struct collection {
	const char *directory;
	int dir_fd;
	struct named named;
	struct input_files *files;
};

static void
collection_release(struct collection *collection)
{
	named_release(&collection->named);
}

static int
find_input(struct collection *collection, const char *path, enum named_kind *ret_kind,
	   struct error **err)
{
	AUTO_FREE char *root = NULL;
	AUTO_FREE char *joined = NULL;
	AUTO_FREE char *target = NULL;

	if (path_never_enters(path))
		return error_set(err, ERROR_USAGE, "'%s' cannot be an input", QUOTED(path));
	if (named_find(&collection->named, path, ret_kind, err) < 0)
		return -1;
	if (*ret_kind == NAMED_MISSING)
		return 0;
	/* A link may point anywhere, but a target outside the directory is not an input: it may
	 * differ on another machine. */
	root = realpath(collection->directory, NULL);
	joined = xasprintf("%s/%s", collection->directory, path);
	target = realpath(joined, NULL);
	if (!root || !target)
		return error_set_errno(err, errno, "cannot resolve input '%s'", QUOTED(path));
	if (path_is_below(target, root))
		return 0;
	error_set(err, ERROR_USAGE, "input '%s' is a link that leaves the project directory",
		  QUOTED(path));
	return error_set_hint(err, "copy the file, or move the project file up");
}

static int
take_input(struct collection *collection, const char *path, struct error **err)
{
	struct walk walk = { .dir_fd = collection->dir_fd, .exclude = &collection->named.exclude };
	enum named_kind kind;

	if (path_is_below_any(path, &collection->named.exclude))
		return 0;
	if (find_input(collection, path, &kind, err) < 0)
		return -1;
	switch (kind) {
	case NAMED_DIRECTORY:
		return walk_directory(&walk, path, collection->files, err);
	case NAMED_FILE:
		return input_files_take(collection->files, xstrdup(path), true, err);
	default:
		return 0;
	}
}

static int
take_inputs(struct collection *collection, struct error **err)
{
	for (size_t i = 0; i < collection->named.paths.count; i++)
		if (take_input(collection, collection->named.paths.items[i], err) < 0)
			return -1;
	return 0;
}

static int
take_tracked_file(struct collection *collection, const char *path, struct error **err)
{
	bool named = strings_has(&collection->named.paths, path);
	struct stat status;
	int flags;

	if (path_is_below_any(path, &collection->named.exclude) || path_never_enters(path))
		return 0;
	/* git also lists files that no longer exist. */
	flags = named ? 0 : AT_SYMLINK_NOFOLLOW;
	if (fstatat(collection->dir_fd, path, &status, flags) < 0) {
		error_set(err, ERROR_USAGE, "tracked input '%s' is missing", QUOTED(path));
		return error_set_hint(err, "restore it, or remove it with git rm");
	}
	if (S_ISDIR(status.st_mode)) {
		error_set(err, ERROR_USAGE,
			  "git does not track the files in '%s', which is a submodule or a link",
			  QUOTED(path));
		return error_set_hint(err, "exclude it, or remove 'tracked'");
	}
	if (exact_names_check(&collection->named.exact, path, err) < 0)
		return -1;
	return input_files_take(collection->files, xstrdup(path), named, err);
}

static int
compare_start(const void *start, const void *item)
{
	return strncmp(start, *(char *const *)item, strlen(start));
}

/* After sorting, the files below a directory are adjacent, but not always next to "directory"
 * itself. */
static bool
is_listed(const struct strings *tracked, const char *path)
{
	AUTO_FREE char *start = xasprintf("%s%s", path, *path ? "/" : "");

	if (tracked->count == 0)
		return false;
	return strings_has(tracked, path) || bsearch(start, tracked->items, tracked->count,
						     sizeof(*tracked->items), compare_start);
}

/* An input that git does not track counts as missing. */
static int
check_listed(const struct collection *collection, const struct strings *tracked, const char *path,
	     struct error **err)
{
	if (is_listed(tracked, path))
		return 0;
	return named_check_optional(&collection->named, path, "is not tracked by git", err);
}

static int
take_tracked(struct collection *collection, struct error **err)
{
	AUTO_STRINGS struct strings tracked = { 0 };
	AUTO_STRINGS struct strings present = { 0 };

	for (size_t i = 0; i < collection->named.paths.count; i++) {
		const char *path = collection->named.paths.items[i];
		enum named_kind kind = NAMED_MISSING;

		if (path_is_below_any(path, &collection->named.exclude))
			continue;
		if (find_input(collection, path, &kind, err) < 0)
			return -1;
		if (kind != NAMED_MISSING)
			strings_add(&present, path);
	}
	if (tracked_list(collection->directory, &present, &tracked, err) < 0)
		return -1;
	for (size_t i = 0; i < present.count; i++)
		if (check_listed(collection, &tracked, present.items[i], err) < 0)
			return -1;
	for (size_t i = 0; i < tracked.count; i++)
		if (take_tracked_file(collection, tracked.items[i], err) < 0)
			return -1;
	return 0;
}

int
collect_tree(int dir_fd, const struct fingerprint_inputs *inputs, struct input_files *ret_files,
	     struct error **err)
{
	CLEANUP(collection_release)
	struct collection collection = { .directory = inputs->directory,
					 .dir_fd = dir_fd,
					 .files = ret_files };

	if (named_init(&collection.named, dir_fd, inputs, err) < 0)
		return -1;
	if ((inputs->tracked ? take_tracked : take_inputs)(&collection, err) < 0)
		return -1;
	input_files_sort(ret_files, 0);
	input_files_unique(ret_files);
	return 0;
}

static int
take_named(int dir_fd, struct named *named, const char *path, struct input_files *files,
	   struct strings *directories, struct error **err)
{
	enum named_kind kind;

	if (named_find(named, path, &kind, err) < 0)
		return -1;
	if (kind == NAMED_FILE)
		return input_files_take(files, xstrdup(path), true, err);
	/* `find LINK` stops at the link, `find LINK/` follows it. */
	if (kind == NAMED_DIRECTORY && dir_exists_at(dir_fd, path))
		strings_add(directories, path);
	return 0;
}

/* Listed files in their order, repeated if listed twice; then all files below the directories in
 * one sorted list, in the spelling of find and sort. */
int
collect_concat(int dir_fd, const struct fingerprint_inputs *inputs, struct input_files *ret_files,
	       struct error **err)
{
	AUTO_NAMED struct named named = { 0 };
	AUTO_STRINGS struct strings directories = { 0 };
	struct walk walk = { .dir_fd = dir_fd, .as_find = true };
	size_t listed_count;

	if (named_init(&named, dir_fd, inputs, err) < 0)
		return -1;
	for (size_t i = 0; i < inputs->paths.count; i++)
		if (take_named(dir_fd, &named, inputs->paths.items[i], ret_files, &directories,
			       err) < 0)
			return -1;
	listed_count = ret_files->count;
	for (size_t i = 0; i < directories.count; i++)
		if (walk_directory(&walk, directories.items[i], ret_files, err) < 0)
			return -1;
	input_files_sort(ret_files, listed_count);
	return 0;
}
