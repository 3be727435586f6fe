/* SPDX-License-Identifier: Apache-2.0 */
/* Collects the present state of a checkout's tracked files. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/compat.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "cache/sources/sources.h"
#include "cache/sources/worktree.h"
#include "fingerprint/hash_files.h"
#include "fingerprint/input_files.h"
#include "fingerprint/paths.h"
#include "oci/digest.h"

static const int64_t ns_per_s = 1000000000;

static int64_t
time_ns(const struct timespec *time)
{
	return (int64_t)time->tv_sec * ns_per_s + time->tv_nsec;
}

static void
note_status(struct source *source, const struct stat *status)
{
	source->mtime_ns = time_ns(&status->st_mtim);
	source->ctime_ns = time_ns(&status->st_ctim);
	source->inode = status->st_ino;
}

static bool
is_wanted(const struct sources_request *request, const char *path)
{
	if (path_is_below_any(path, request->exclude) || path_never_enters(path))
		return false;
	return request->include->count == 0 || path_is_below_any(path, request->include);
}

static void
add(struct sources *sources, const struct source *source)
{
	sources->items = xgrow(sources->items, sources->count, sizeof(*sources->items));
	sources->items[sources->count++] = *source;
}

/* A tracked path is skipped when it is missing, or neither a file nor a link. */
static int
add_files(const struct sources_request *request, int dir_fd, const struct strings *tracked,
	  struct sources *sources, struct error **err)
{
	const char *before = "";

	for (size_t i = 0; i < tracked->count; i++) {
		const char *path = tracked->items[i];
		struct source source = { 0 };
		struct stat status;

		if (!is_wanted(request, path))
			continue;
		if (fstatat(dir_fd, path, &status, AT_SYMLINK_NOFOLLOW) < 0) {
			if (errno == ENOENT || errno == ENOTDIR)
				continue;
			return error_set_path(err, errno, "look at", path);
		}
		if (!S_ISREG(status.st_mode) && !S_ISLNK(status.st_mode))
			continue;
		/* Adds the directories of a file that were not added for the file before it. */
		for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
			size_t size = (size_t)(slash - path);

			if (strncmp(path, before, size + 1) != 0)
				add(sources, &(struct source){ .path = xstrndup(path, size),
							       .mode = S_IFDIR });
		}
		before = path;
		source.path = xstrdup(path);
		note_status(&source, &status);
		add(sources, &source);
		sources->file_count++;
	}
	return 0;
}

static int
compare_paths(const void *left, const void *right)
{
	return strcmp(((const struct source *)left)->path, ((const struct source *)right)->path);
}

/* Whether only a cache has made this name: a fresh checkout lacks it until a restore. */
static bool
is_of_cache(const struct sources_request *request, const struct sources *sources, const char *path)
{
	if (path_is_below_any(path, request->exclude))
		return true;
	if (sources_find(sources, path))
		return false;
	for (size_t i = 0; i < request->exclude->count; i++)
		if (path_is_below(request->exclude->items[i], path))
			return true;
	return false;
}

/* Includes the type: if a directory replaces a file, the list of plain names is the same. */
static int
hash_names(const struct sources_request *request, const struct sources *sources, int fd,
	   struct source *directory, struct error **err)
{
	AUTO_STRINGS struct strings names = { 0 };
	AUTO_HASHER struct hasher *hasher = hasher_new(DIGEST_SHA256);
	struct digest digest;

	if (dir_names(fd, INPUTS_LIMIT_COUNT, &names) < 0)
		return error_set_path(err, errno, "read", path_to_open(directory->path));
	strings_sort(&names);
	directory->size = 0;
	for (size_t i = 0; i < names.count; i++) {
		AUTO_FREE char *path = xasprintf("%s%s%s", directory->path,
						 *directory->path ? "/" : "", names.items[i]);
		struct stat status;
		char type;

		if (path_never_enters(names.items[i]) || is_of_cache(request, sources, path))
			continue;
		if (fstatat(fd, names.items[i], &status, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		type = S_ISDIR(status.st_mode) ? 'd' : S_ISLNK(status.st_mode) ? 'l' : 'f';
		hasher_add(hasher, &type, 1);
		hasher_add(hasher, names.items[i], strlen(names.items[i]) + 1);
		directory->size++;
	}
	digest = hasher_finish(hasher);
	memcpy(directory->sha256, digest.bytes, sizeof(directory->sha256));
	return 0;
}

static int
read_directories(const struct sources_request *request, int dir_fd, struct sources *sources,
		 struct error **err)
{
	for (size_t i = 0; i < sources->count; i++) {
		struct source *source = &sources->items[i];
		AUTO_CLOSE int fd = -1;
		struct stat status;

		if (source->mode != S_IFDIR)
			continue;
		fd = dir_open_at(dir_fd, path_to_open(source->path));
		if (fd < 0 || fstat(fd, &status) < 0)
			return error_set_path(err, errno, "open directory",
					      path_to_open(source->path));
		note_status(source, &status);
		if (hash_names(request, sources, fd, source, err) < 0)
			return -1;
	}
	return 0;
}

static int
fail_changed(const char *path, struct error **err)
{
	AUTO_FREE char *quoted = text_quote_string(path);

	error_set(err, ERROR_CONTENT, "source '%s' changed while the cache was worked on", quoted);
	error_set_class(err, CLASS_SOURCE_CHANGED);
	return error_set_hint(err, "run again when nothing writes to it");
}

/* A time from before the file was read may belong to content from after it: a changed file would
 * then pass for an old one. */
static int
check_files(int dir_fd, const struct sources *sources, struct error **err)
{
	for (size_t i = 0; i < sources->count; i++) {
		const struct source *source = &sources->items[i];
		struct source now = { 0 };
		struct stat status;

		if (source->mode == S_IFDIR)
			continue;
		if (fstatat(dir_fd, source->path, &status, AT_SYMLINK_NOFOLLOW) < 0)
			return fail_changed(source->path, err);
		note_status(&now, &status);
		if (now.mtime_ns != source->mtime_ns || now.ctime_ns != source->ctime_ns ||
		    now.inode != source->inode)
			return fail_changed(source->path, err);
	}
	return 0;
}

static int
read_files(int dir_fd, struct sources *sources, struct error **err)
{
	AUTO_INPUT_FILES struct input_files files = { 0 };
	size_t next = 0;

	for (size_t i = 0; i < sources->count; i++)
		if (sources->items[i].mode != S_IFDIR &&
		    input_files_take(&files, xstrdup(sources->items[i].path), false, err) < 0)
			return -1;
	if (hash_files(dir_fd, &files, NULL, err) < 0)
		return -1;
	for (size_t i = 0; i < sources->count; i++) {
		struct source *source = &sources->items[i];

		if (source->mode == S_IFDIR)
			continue;
		source->mode = files.items[next].mode;
		source->size = files.items[next].size;
		memcpy(source->sha256, files.items[next].sha256, sizeof(source->sha256));
		next++;
	}
	return check_files(dir_fd, sources, err);
}

static void
hash_tree(struct sources *sources)
{
	AUTO_HASHER struct hasher *hasher = hasher_new(DIGEST_SHA256);
	struct digest digest;

	for (size_t i = 0; i < sources->count; i++) {
		const struct source *source = &sources->items[i];
		char hex[2 * SOURCE_DIGEST_BYTES + 1];
		AUTO_FREE char *line = NULL;

		if (source->mode == S_IFDIR)
			continue;
		text_hex(source->sha256, sizeof(source->sha256), hex);
		line = xasprintf("%o %s %s", source->mode, hex, source->path);
		hasher_add(hasher, line, strlen(line) + 1);
	}
	digest = hasher_finish(hasher);
	memcpy(sources->tree, digest.bytes, sizeof(sources->tree));
}

static int
check_include(const struct sources_request *request, const struct sources *sources,
	      struct error **err)
{
	for (size_t i = 0; i < request->include->count; i++) {
		const char *named = request->include->items[i];
		AUTO_FREE char *quoted = text_quote_string(named);
		bool has_any = false;

		for (size_t j = 0; j < sources->count && !has_any; j++)
			has_any = path_is_below(sources->items[j].path, named);
		if (has_any)
			continue;
		error_set(err, ERROR_USAGE, "invalid source '%s': git tracks no file there",
			  quoted);
		return error_set_hint(err, "paths are relative to '%s'", request->directory);
	}
	return 0;
}

int
sources_collect(const struct sources_request *request, struct sources *ret_sources,
		struct error **err)
{
	AUTO_WORKTREE struct worktree *worktree = NULL;
	AUTO_SOURCES struct sources sources = { 0 };
	AUTO_CLOSE int dir_fd = -1;
	size_t kept = 0;

	if (worktree_open(request->directory, &worktree, err) < 0)
		return error_wrap(err, "cannot list the sources");
	if (!worktree && !request->may_lack_git) {
		error_set(err, ERROR_USAGE,
			  "cannot list the sources: the directory is not in a git repository");
		return error_set_hint(err, "check the project out with git");
	}
	dir_fd = dir_open(request->directory, err);
	if (dir_fd < 0)
		return -1;
	add(&sources, &(struct source){ .path = xstrdup(""), .mode = S_IFDIR });
	if (worktree && add_files(request, dir_fd, worktree_files(worktree), &sources, err) < 0)
		return -1;
	/* The files are in byte order, where "a-b" comes between "a" and "a/b": a directory may
	 * have been added twice. */
	qsort(sources.items, sources.count, sizeof(*sources.items), compare_paths);
	for (size_t i = 0; i < sources.count; i++) {
		if (kept > 0 && strcmp(sources.items[kept - 1].path, sources.items[i].path) == 0)
			free(sources.items[i].path);
		else
			sources.items[kept++] = sources.items[i];
	}
	sources.count = kept;
	if (check_include(request, &sources, err) < 0 ||
	    read_directories(request, dir_fd, &sources, err) < 0 ||
	    read_files(dir_fd, &sources, err) < 0)
		return -1;
	hash_tree(&sources);
	*ret_sources = sources;
	sources = (struct sources){ 0 };
	return 0;
}

int
sources_check_unchanged(const struct sources_request *request, const struct sources *sources,
			struct error **err)
{
	AUTO_CLOSE int dir_fd = dir_open(request->directory, err);

	return dir_fd < 0 ? -1 : check_files(dir_fd, sources, err);
}
