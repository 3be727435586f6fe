/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/tree/cargo_target.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/compat.h"
#include "base/deadline.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/path.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "cache/key/key_file.h"
#include "cache/key/spec.h"
#include "fingerprint/paths.h"

#define LOCK_POLL_MS 100
#define UNIT_HEX_CHARS 16

void
cargo_target_release(struct cargo_target *target)
{
	for (size_t i = 0; i < target->count; i++) {
		free(target->profiles[i].path);
		free(target->profiles[i].directory);
		if (target->profiles[i].lock_fd >= 0)
			(void)close(target->profiles[i].lock_fd);
	}
	free(target->profiles);
	strings_release(&target->packages);
	*target = (struct cargo_target){ 0 };
}

/* "build/PACKAGE/HASH/fingerprint" */
static bool
has_new_layout(int profile_fd)
{
	AUTO_CLOSE int build_fd = dir_open_at(profile_fd, "build");
	AUTO_STRINGS struct strings packages = { 0 };

	if (build_fd < 0 || dir_names(build_fd, INPUTS_LIMIT_COUNT, &packages) < 0)
		return false;
	for (size_t i = 0; i < packages.count; i++) {
		AUTO_CLOSE int package_fd = dir_open_at(build_fd, packages.items[i]);
		AUTO_STRINGS struct strings units = { 0 };

		if (package_fd < 0 || dir_names(package_fd, INPUTS_LIMIT_COUNT, &units) < 0)
			continue;
		for (size_t j = 0; j < units.count; j++) {
			AUTO_FREE char *path = xasprintf("%s/fingerprint", units.items[j]);

			if (dir_exists_at(package_fd, path))
				return true;
		}
	}
	return false;
}

/* Profiles are in the root, or in the directory of a --target below it. */
static int
find_profiles(struct cargo_target *target, size_t root, const char *directory, const char *below,
	      bool may_descend, struct error **err)
{
	AUTO_FREE char *path = xasprintf("%s/%s", directory, below);
	AUTO_CLOSE int fd = dir_open_at(AT_FDCWD, path);
	AUTO_STRINGS struct strings names = { 0 };

	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR || errno_is_link(errno)
			       ? 0
			       : error_set_path(err, errno, "open directory", path);
	if (dir_names(fd, INPUTS_LIMIT_COUNT, &names) < 0)
		return error_set_path(err, errno, "read", path);
	for (size_t i = 0; i < names.count; i++) {
		AUTO_FREE char *inner =
			xasprintf("%s%s%s", below, *below ? "/" : "", names.items[i]);
		AUTO_CLOSE int inner_fd = dir_open_at(fd, names.items[i]);

		if (inner_fd < 0)
			continue;
		if ((dir_exists_at(inner_fd, ".fingerprint") && dir_exists_at(inner_fd, "deps")) ||
		    has_new_layout(inner_fd)) {
			target->profiles = xrealloc(
				target->profiles, (target->count + 1) * sizeof(*target->profiles));
			target->profiles[target->count++] = (struct cargo_profile){
				.root = root,
				.path = xstrdup(inner),
				.directory = xasprintf("%s/%s", directory, inner),
				.lock_fd = -1,
			};
		} else if (may_descend &&
			   find_profiles(target, root, directory, inner, false, err) < 0)
			return -1;
	}
	return 0;
}

static bool
has_content(const char *directory)
{
	AUTO_CLOSE int fd = dir_open_at(AT_FDCWD, directory);
	AUTO_STRINGS struct strings names = { 0 };

	return fd >= 0 && dir_names(fd, INPUTS_LIMIT_COUNT, &names) == 0 && names.count > 0;
}

/* rustc's libraries have an extension on every system, executables only ".exe". */
static bool
is_named_as_executable(const char *name)
{
	const char *dot = strrchr(name, '.');

	return (!dot || strcmp(dot, ".exe") == 0) && !text_starts(name, "build-script-") &&
	       !text_starts(name, "build_script_");
}

/* The profile of a path, and the rest of the path; NULL: none. */
static const struct cargo_profile *
find_profile(const struct cargo_target *target, size_t root, const char *path,
	     const char **ret_rest)
{
	for (size_t i = 0; i < target->count; i++) {
		const struct cargo_profile *profile = &target->profiles[i];
		size_t size = strlen(profile->path);

		if (profile->root == root && strncmp(path, profile->path, size) == 0 &&
		    path[size] == '/') {
			*ret_rest = path + size + 1;
			return profile;
		}
	}
	return NULL;
}

static bool
is_hash(const char *text, size_t size)
{
	return size == UNIT_HEX_CHARS && strspn(text, "0123456789abcdef") >= size;
}

/* The hash in "NAME-HASH" and "libNAME-HASH.rlib"; *ret_name_size: the length of NAME with its
 * prefix. */
static const char *
find_hash(const char *name, size_t *ret_name_size)
{
	size_t size = strcspn(name, "/");
	const char *dot = memchr(name, '.', size);
	const char *end = dot && dot > name ? dot : name + size;

	if (end - name <= UNIT_HEX_CHARS || end[-UNIT_HEX_CHARS - 1] != '-' ||
	    !is_hash(end - UNIT_HEX_CHARS, UNIT_HEX_CHARS))
		return NULL;
	*ret_name_size = (size_t)(end - name) - UNIT_HEX_CHARS - 1;
	return end - UNIT_HEX_CHARS;
}

/* The hash of the unit that a path, relative to the profile, belongs to.  *ret_package: its
 * package's name with *ret_size bytes, if the path has that. */
static const char *
find_unit(const char *path, const char **ret_package, size_t *ret_size)
{
	size_t first_size = strcspn(path, "/");
	const char *second = path[first_size] ? path + first_size + 1 : "";
	bool is_build = path_is_below(path, "build");
	bool has_package = is_build || path_is_below(path, ".fingerprint");
	const char *hash = find_hash(second, ret_size);
	const char *third;

	*ret_package = NULL;
	if (hash &&
	    (has_package || path_is_below(path, "deps") || path_is_below(path, "examples"))) {
		*ret_package = has_package ? second : NULL;
		return hash;
	}
	third = second + strcspn(second, "/");
	if (!is_build || !*third || !is_hash(third + 1, strcspn(third + 1, "/")))
		return NULL;
	*ret_package = second;
	*ret_size = (size_t)(third - second);
	return third + 1;
}

static char *
part_of(void *context, size_t root, const char *path, bool is_directory)
{
	const struct cargo_target *target = context;
	const char *rest = NULL;
	const struct cargo_profile *profile = find_profile(target, root, path, &rest);
	const char *package;
	const char *hash;
	size_t size;

	if (!profile || target->has_unknown)
		return NULL;
	(void)is_directory;
	hash = find_unit(rest, &package, &size);
	return hash ? xasprintf("%zu %s %.*s", root, profile->path, UNIT_HEX_CHARS, hash) : NULL;
}

static bool
is_obsolete(void *context, size_t root, const char *path)
{
	const struct cargo_target *target = context;
	AUTO_FREE char *name = NULL;
	const char *rest = NULL;
	const char *package = NULL;
	size_t size = 0;

	if (target->packages.count == 0 || !find_profile(target, root, path, &rest) ||
	    !find_unit(rest, &package, &size) || !package)
		return false;
	name = xstrndup(package, size);
	return !strings_has(&target->packages, name);
}

/* The names of all packages in Cargo.lock, including those of the workspace. */
static void
read_lock_file(const struct cache_spec *spec, struct strings *packages)
{
	static const char start[] = "name = \"";
	AUTO_BUF struct buf bytes = BUF_INIT(KEY_INPUT_LIMIT_BYTES);
	AUTO_ERROR struct error *ignored = NULL;
	bool is_found = false;

	if (!spec->directory ||
	    key_file_read(spec->directory, "Cargo.lock", true, &bytes, &is_found, &ignored) < 0 ||
	    !is_found || bytes.size == 0)
		return;
	for (const char *at = bytes.data; *at; at += strcspn(at, "\n"), at += *at == '\n')
		if (text_starts(at, start))
			strings_take(packages, xstrndup(at + strlen(start),
							strcspn(at + strlen(start), "\"\n")));
}

static enum tree_choice
choose(void *context, size_t root, const char *path, const struct stat *info)
{
	const char *rest = NULL;
	const char *name;
	bool is_program;
	size_t depth = 0;

	if (!find_profile(context, root, path, &rest))
		return TREE_TAKE;
	/* `path` is relative to the profile. */
	name = path_name(rest);
	is_program = S_ISREG(info->st_mode) && (info->st_mode & S_IXUSR) != 0 &&
		     is_named_as_executable(name);
	if (strcmp(rest, "incremental") == 0)
		return TREE_LEAVE_OUT;
	for (const char *at = rest; *at; at++)
		depth += *at == '/';
	if (!is_program)
		return TREE_TAKE;
	if (depth == 0 || (depth == 1 && path_is_below(rest, "deps")) ||
	    (depth == 1 && path_is_below(rest, "examples")))
		return TREE_EXECUTABLE;
	/* build/PACKAGE/HASH/out/NAME; in the old layout a build script's own output is in
	 * build/PACKAGE-HASH/out. */
	if (depth == 4 && path_is_below(rest, "build") &&
	    text_starts(name - strlen("/out/"), "/out/"))
		return TREE_EXECUTABLE;
	return TREE_TAKE;
}

int
cargo_target_open(const struct cache_spec *spec, struct cargo_target *ret_target,
		  struct error **err)
{
	AUTO_CARGO_TARGET struct cargo_target target = { 0 };

	for (size_t i = 0; i < spec->path_count; i++) {
		size_t before = target.count;

		if (find_profiles(&target, i, spec->paths[i].directory, "", true, err) < 0)
			return -1;
		if (target.count == before && has_content(spec->paths[i].directory))
			target.has_unknown = true;
	}
	read_lock_file(spec, &target.packages);
	target.filter = (struct tree_filter){
		.choose = choose,
		.part = part_of,
		.is_obsolete = is_obsolete,
		.counts_use = true,
	};
	*ret_target = target;
	ret_target->filter.context = ret_target;
	target = (struct cargo_target){ 0 };
	return 0;
}

/* cargo locks it exclusively while it builds. */
static int
lock(struct cargo_profile *profile, int64_t deadline_ms, struct error **err)
{
	AUTO_FREE char *path = xasprintf("%s/.cargo-lock", profile->directory);

	profile->lock_fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (profile->lock_fd < 0)
		return errno == ENOENT ? 0 : error_set_path(err, errno, "open", path);
	while (flock(profile->lock_fd, LOCK_SH | LOCK_NB) < 0) {
		if (errno == ENOLCK || errno == ENOTSUP)
			return 0;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return error_set_path(err, errno, "lock", path);
		if (deadline_left_ms(deadline_ms, LOCK_POLL_MS) == 0) {
			AUTO_FREE char *quoted = text_quote_string(profile->path);

			error_set(err, ERROR_LOCAL, "cargo still builds in '%s'", quoted);
			return error_set_class(err, CLASS_LOCK);
		}
		(void)poll(NULL, 0, LOCK_POLL_MS);
	}
	return 0;
}

int
cargo_target_lock(struct cargo_target *target, int64_t timeout_ms, struct error **err)
{
	int64_t deadline_ms = deadline_after_ms(timeout_ms);

	for (size_t i = 0; i < target->count; i++)
		if (lock(&target->profiles[i], deadline_ms, err) < 0)
			return -1;
	return 0;
}
