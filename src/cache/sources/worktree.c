/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/sources/worktree.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/compat.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "fingerprint/git.h"

struct part {
	struct git *git;
	char *place; /* "" or "submodule/", from the directory */
	struct strings files;
};

struct worktree {
	char *directory;
	struct part *parts; /* the repository, then its submodules */
	size_t count;
	struct strings files;
	struct strings moved; /* submodules at another commit than the recorded one */
};

static const char gitlink_mode[] = "160000 ";

static int open_part(struct worktree *worktree, const char *place, struct error **err);

static bool
has_repository(const struct worktree *worktree, const char *path)
{
	AUTO_FREE char *mark = xasprintf("%s/%s/.git", worktree->directory, path);
	struct stat status;

	return lstat(mark, &status) == 0;
}

/* A submodule that is not checked out has no files. */
static int
add_submodule(struct worktree *worktree, const char *path, const char *commit, struct error **err)
{
	AUTO_FREE char *place = xasprintf("%s/", path);
	size_t index = worktree->count;
	AUTO_FREE char *head = NULL;

	if (!has_repository(worktree, path))
		return 0;
	if (open_part(worktree, place, err) < 0)
		return -1;
	if (worktree->count == index)
		return 0;
	if (git_find_commit(worktree->parts[index].git, "HEAD", &head, err) < 0)
		return -1;
	if (!head || strncmp(head, commit, strlen(head)) != 0)
		strings_add(&worktree->moved, path);
	return 0;
}

/* "<mode> <object> <stage>\t<path>"; a path in a merge conflict has a line for each side. */
static int
add_entry(struct worktree *worktree, size_t index, const char *entry, struct error **err)
{
	const char *tab = strchr(entry, '\t');
	AUTO_FREE char *path = NULL;
	struct part *part = &worktree->parts[index];

	if (!tab || strlen(entry) < strlen(gitlink_mode))
		return error_set(err, ERROR_FAILURE, "git listed its files in an unknown form");
	path = xasprintf("%s%s", part->place, tab + 1);
	if (text_starts(entry, gitlink_mode))
		return add_submodule(worktree, path, entry + strlen(gitlink_mode), err);
	if (part->files.count > 0 && strcmp(part->files.items[part->files.count - 1], path) == 0)
		return 0;
	strings_add(&part->files, path);
	strings_take(&worktree->files, TAKE_PTR(path));
	return 0;
}

static int
read_paths(struct git *git, const char *const *argv, struct buf *listing, struct error **err)
{
	const struct git_question question = { .argv = argv };

	return git_read(git, &question, listing, err);
}

static int
open_part(struct worktree *worktree, const char *place, struct error **err)
{
	static const char *const argv[] = { "ls-files", "--stage", "-z", NULL };
	AUTO_FREE char *directory = xasprintf("%s/%s", worktree->directory, place);
	AUTO_BUF struct buf listing = BUF_INIT(GIT_OUTPUT_LIMIT_BYTES);
	size_t index = worktree->count;
	struct part part = { 0 };

	if (index == SUBMODULES_LIMIT_COUNT)
		return error_set(err, ERROR_USAGE, "the checkout has more than %d submodules",
				 SUBMODULES_LIMIT_COUNT);
	if (git_open(directory, &part.git, err) < 0)
		return -1;
	if (!part.git)
		return 0;
	part.place = xstrdup(place);
	worktree->parts = xrealloc(worktree->parts, (index + 1) * sizeof(*worktree->parts));
	worktree->parts[index] = part;
	worktree->count++;
	if (read_paths(part.git, argv, &listing, err) < 0)
		return -1;
	for (size_t at = 0; at < listing.size; at += strlen(listing.data + at) + 1)
		if (add_entry(worktree, index, listing.data + at, err) < 0)
			return -1;
	return 0;
}

int
worktree_open(const char *directory, struct worktree **ret_worktree, struct error **err)
{
	AUTO_WORKTREE struct worktree *worktree = XNEW(struct worktree);

	worktree->directory = xstrdup(directory);
	if (open_part(worktree, "", err) < 0)
		return -1;
	strings_sort(&worktree->files);
	*ret_worktree = worktree->count > 0 ? TAKE_PTR(worktree) : NULL;
	return 0;
}

void
worktree_free(struct worktree *worktree)
{
	if (!worktree)
		return;
	for (size_t i = 0; i < worktree->count; i++) {
		git_free(worktree->parts[i].git);
		free(worktree->parts[i].place);
		strings_release(&worktree->parts[i].files);
	}
	free(worktree->parts);
	free(worktree->directory);
	strings_release(&worktree->files);
	strings_release(&worktree->moved);
	free(worktree);
}

const struct strings *
worktree_files(const struct worktree *worktree)
{
	return &worktree->files;
}

/* git compares whole seconds.  For a file that was written in the second of the checkout, only a
 * comparison with the index's time helps, because a checkout writes the index last. */
static int
add_younger_than_index(const struct worktree *worktree, const struct part *part,
		       struct strings *ret_paths, struct error **err)
{
	static const char *const argv[] = { "rev-parse", "--git-path", "index", NULL };
	AUTO_BUF struct buf path = BUF_INIT(PATH_LIMIT_BYTES);
	AUTO_CLOSE int dir_fd = -1;
	struct stat index;

	if (part->files.count == 0)
		return 0; /* before the first `git add` there is no index */
	if (read_paths(part->git, argv, &path, err) < 0)
		return -1;
	if (path.size > 0)
		path.data[path.size - 1] = '\0';
	if (path.size == 0 || lstat(path.data, &index) < 0)
		return error_set(err, ERROR_UNAVAILABLE, "git has no index for the checkout");
	dir_fd = dir_open(worktree->directory, err);
	if (dir_fd < 0)
		return -1;
	for (size_t i = 0; i < part->files.count; i++) {
		struct stat status;

		if (fstatat(dir_fd, part->files.items[i], &status, AT_SYMLINK_NOFOLLOW) == 0 &&
		    (status.st_ctim.tv_sec > index.st_mtim.tv_sec ||
		     (status.st_ctim.tv_sec == index.st_mtim.tv_sec &&
		      status.st_ctim.tv_nsec > index.st_mtim.tv_nsec)))
			strings_add(ret_paths, part->files.items[i]);
	}
	return 0;
}

int
worktree_touched(const struct worktree *worktree, struct strings *ret_paths, struct error **err)
{
	static const char *const argv[] = {
		"diff-files", "--name-only", "--relative", "-z", "--ignore-submodules=all", NULL
	};

	for (size_t i = 0; i < worktree->count; i++) {
		const struct part *part = &worktree->parts[i];
		AUTO_BUF struct buf listing = BUF_INIT(GIT_OUTPUT_LIMIT_BYTES);

		if (read_paths(part->git, argv, &listing, err) < 0 ||
		    add_younger_than_index(worktree, part, ret_paths, err) < 0)
			return -1;
		for (size_t at = 0; at < listing.size; at += strlen(listing.data + at) + 1)
			strings_take(ret_paths, xasprintf("%s%s", part->place, listing.data + at));
	}
	strings_sort(ret_paths);
	return 0;
}

/* "XY <path from the root of the repository>" */
static int
add_status(const struct part *part, const char *entry, struct strings *ret_paths,
	   struct error **err)
{
	const char *prefix = git_prefix(part->git);

	if (strlen(entry) < strlen("XY p") || !text_starts(entry + strlen("XY "), prefix))
		return error_set(err, ERROR_FAILURE,
				 "git status printed a line in an unknown form");
	strings_take(ret_paths,
		     xasprintf("%s%s", part->place, entry + strlen("XY ") + strlen(prefix)));
	return 0;
}

int
worktree_uncommitted(const struct worktree *worktree, struct strings *ret_paths, struct error **err)
{
	/* Without the option git would write a refreshed index into the user's repository. */
	static const char *const argv[] = { "--no-optional-locks",
					    "status",
					    "--porcelain=v1",
					    "-z",
					    "--no-renames",
					    "--untracked-files=no",
					    "--ignore-submodules=all",
					    "--",
					    ".",
					    NULL };

	for (size_t i = 0; i < worktree->count; i++) {
		const struct part *part = &worktree->parts[i];
		AUTO_BUF struct buf listing = BUF_INIT(GIT_OUTPUT_LIMIT_BYTES);

		if (read_paths(part->git, argv, &listing, err) < 0)
			return -1;
		for (size_t at = 0; at < listing.size; at += strlen(listing.data + at) + 1)
			if (add_status(part, listing.data + at, ret_paths, err) < 0)
				return -1;
	}
	for (size_t i = 0; i < worktree->moved.count; i++)
		strings_add(ret_paths, worktree->moved.items[i]);
	strings_sort(ret_paths);
	return 0;
}
