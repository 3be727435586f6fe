#include "cache/tree/cargo_target.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/deadline.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "cache/key/spec.h"
#include "fingerprint/paths.h"

#define LOCK_POLL_MS 100

struct cargo_profile {
	size_t root;
	char *path; /* from the root: "debug", "x86_64-unknown-linux-musl/release" */
	char *lock_path;
	int lock_fd;
};

void
cargo_target_release(struct cargo_target *target)
{
	for (size_t i = 0; i < target->count; i++) {
		free(target->profiles[i].path);
		free(target->profiles[i].lock_path);
		if (target->profiles[i].lock_fd >= 0)
			(void)close(target->profiles[i].lock_fd);
	}
	free(target->profiles);
	*target = (struct cargo_target){ 0 };
}

static bool
is_directory(int dir_fd, const char *name)
{
	struct stat status;

	return fstatat(dir_fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(status.st_mode);
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

			if (is_directory(package_fd, path))
				return true;
		}
	}
	return false;
}

static bool
is_profile(int dir_fd)
{
	return (is_directory(dir_fd, ".fingerprint") && is_directory(dir_fd, "deps")) ||
	       has_new_layout(dir_fd);
}

static void
add_profile(struct cargo_target *target, size_t root, const char *directory, const char *path)
{
	target->profiles =
		xrealloc(target->profiles, (target->count + 1) * sizeof(*target->profiles));
	target->profiles[target->count++] = (struct cargo_profile){
		.root = root,
		.path = xstrdup(path),
		.lock_path = xasprintf("%s/%s/.cargo-lock", directory, path),
		.lock_fd = -1,
	};
}

/* Profiles stand in the root, or one below, in the directory of a --target. */
static int
find_profiles(struct cargo_target *target, size_t root, const char *directory, const char *below,
	      bool may_descend, struct error **err)
{
	AUTO_FREE char *path = xasprintf("%s/%s", directory, below);
	AUTO_CLOSE int fd = dir_open_at(AT_FDCWD, path);
	AUTO_STRINGS struct strings names = { 0 };

	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR || errno == ELOOP
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
		if (is_profile(inner_fd))
			add_profile(target, root, directory, inner);
		else if (may_descend &&
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

/* rustc gives libraries an extension on every system, and executables none but ".exe". */
static bool
is_named_as_executable(const char *name)
{
	const char *dot = strrchr(name, '.');

	return (!dot || strcmp(dot, ".exe") == 0) && !text_starts(name, "build-script-") &&
	       !text_starts(name, "build_script_");
}

/* `path` is from the profile. */
static enum tree_choice
choose_in_profile(const char *path, const struct stat *info)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	bool is_program = S_ISREG(info->st_mode) && (info->st_mode & S_IXUSR) != 0 &&
			  is_named_as_executable(name);
	size_t depth = 0;

	if (strcmp(path, "incremental") == 0)
		return TREE_LEAVE_OUT;
	for (const char *at = path; *at; at++)
		depth += *at == '/';
	if (!is_program)
		return TREE_TAKE;
	if (depth == 0 || (depth == 1 && path_is_below(path, "deps")) ||
	    (depth == 1 && path_is_below(path, "examples")))
		return TREE_EXECUTABLE;
	/* build/PACKAGE/HASH/out/NAME; a build script's own output stands in the old layout in
	 * build/PACKAGE-HASH/out and below. */
	if (depth == 4 && path_is_below(path, "build") && slash &&
	    strncmp(slash - strlen("/out"), "/out", strlen("/out")) == 0)
		return TREE_EXECUTABLE;
	return TREE_TAKE;
}

static enum tree_choice
choose(void *context, size_t root, const char *path, const struct stat *info)
{
	const struct cargo_target *target = context;

	for (size_t i = 0; i < target->count; i++) {
		const struct cargo_profile *profile = &target->profiles[i];
		size_t size = strlen(profile->path);

		if (profile->root == root && strncmp(path, profile->path, size) == 0 &&
		    path[size] == '/')
			return choose_in_profile(path + size + 1, info);
	}
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
	target.filter.choose = choose;
	*ret_target = target;
	ret_target->filter.context = ret_target;
	target = (struct cargo_target){ 0 };
	return 0;
}

/* cargo holds it exclusively while it builds. */
static int
lock(struct cargo_profile *profile, int64_t deadline_ms, struct error **err)
{
	profile->lock_fd = open(profile->lock_path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (profile->lock_fd < 0)
		return errno == ENOENT ? 0 : error_set_path(err, errno, "open", profile->lock_path);
	while (flock(profile->lock_fd, LOCK_SH | LOCK_NB) < 0) {
		if (errno == ENOLCK || errno == ENOTSUP)
			return 0;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return error_set_path(err, errno, "lock", profile->lock_path);
		if (deadline_left_ms(deadline_ms, LOCK_POLL_MS) == 0) {
			AUTO_FREE char *quoted = text_quote_string(profile->path);

			error_set(err, ERROR_LOCAL, "cargo still builds in '%s'", quoted);
			return error_set_class(err, "lock");
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
