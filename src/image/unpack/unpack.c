/* SPDX-License-Identifier: Apache-2.0 */
#include "image/unpack/unpack.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/observer.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "image/unpack/image_unpacker.h"
#include "image/unpack/stage.h"
#include "repository/session.h"
#include "sandbox/userns.h"

static int
refuse(const char *directory, const char *why, struct error **err)
{
	error_set(err, ERROR_LOCAL, "'%s' %s", QUOTED(directory), why);
	return error_set_hint(err, "name a directory that does not exist yet");
}

/* rmdir(2) would tell whether it is empty, but removes it. */
static bool
holds_something(const char *directory)
{
	DIR *stream = opendir(directory);
	const struct dirent *entry;
	bool found = !stream;

	/* One stream of our own: readdir() is safe. */
	while (stream && !found && (entry = readdir(stream))) /* NOLINT(concurrency-mt-unsafe) */
		found = strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
	if (stream)
		(void)closedir(stream);
	return found;
}

/* A mount point cannot be replaced by a rename, and may be on another file system. */
static bool
is_mount_point(const char *directory, const struct stat *status)
{
	AUTO_FREE char *parent = xasprintf("%s/..", directory);
	struct stat above;

	return lstat(parent, &above) == 0 && above.st_dev != status->st_dev;
}

int
unpack_check_directory(const struct unpack_options *options, struct error **err)
{
	AUTO_FREE char *plain = NULL;
	size_t size;
	struct stat status;

	if (options->devices && geteuid() != 0)
		return error_set(err, ERROR_USAGE, "only root can make devices");
	plain = xstrdup(options->directory);
	size = strlen(plain);
	/* With a trailing '/' a link would be followed. */
	while (size > 1 && plain[size - 1] == '/')
		plain[--size] = '\0';
	if (lstat(plain, &status) < 0)
		return errno == ENOENT ? 0
				       : error_set_path(err, errno, "look at", options->directory);
	if (!S_ISDIR(status.st_mode))
		return refuse(options->directory, "is not a directory", err);
	if (is_mount_point(plain, &status))
		return refuse(options->directory, "is a mount point", err);
	if (holds_something(plain))
		return refuse(options->directory, "is not empty", err);
	return 0;
}

/* Other users must not run an image's set-id programs as us.  A parent directory that they cannot
 * enter prevents that; without one the tree itself has to be closed. */
static int
keep_others_out(struct observer *observer, const struct stage *stage,
		const struct unpack_result *result, struct error **err)
{
	AUTO_FREE char *parent = xasprintf("%s/..", stage->path);
	struct stat status;

	if (result->set_id_files == 0 ||
	    (stat(parent, &status) == 0 && (status.st_mode & (S_IXGRP | S_IXOTH)) == 0))
		return 0;
	if (fchmod(stage->tree_fd, 0700) < 0)
		return error_set_path(err, errno, "close to others", stage->directory);
	observer_tell(observer, EVENT_NOTICE,
		      "the image has set-id files: other users may not enter its root directory");
	return 0;
}

/* `unpacker` comes first. */
struct unpack {
	struct image_unpacker unpacker;
	const struct unpack_options *options;
	struct stage stage;
};

/* Ends the helpers before their directory is removed. */
static void
unpack_release(struct unpack *unpack)
{
	image_unpacker_release(&unpack->unpacker);
	stage_release(&unpack->stage);
}

static int
plan(struct image_unpacker *unpacker, struct error **err)
{
	struct unpack *self = (struct unpack *)unpacker;

	if (unpack_check_directory(self->options, err) < 0 ||
	    stage_open(self->options->directory, &unpacker->map, &self->stage, err) < 0)
		return -1;
	return layer_jobs_add_directory(&unpacker->jobs, self->stage.tree_fd, self->stage.record_fd,
					err);
}

/* Without the user namespace that subordinate ids need, the user owns all files. */
static void
settle_owners(struct unpack *self, struct observer *observer)
{
	struct id_map *map = &self->unpacker.map;
	AUTO_ERROR struct error *refusal = NULL;

	if (map->kind != ID_MAP_RANGES || userns_try(&refusal) == 0)
		return;
	*map = (struct id_map){ .kind = ID_MAP_OWN };
	observer_tell(
		observer, EVENT_NOTICE,
		"uid %u owns all files, and '%s.owners' records their owners in the image: %s; %s",
		(unsigned)geteuid(), QUOTED(self->options->directory), error_text(refusal),
		error_hint(refusal));
}

static int
begin(struct unpack *self, struct session *session, struct error **err)
{
	self->unpacker.plan = plan;
	if (image_unpacker_init(&self->unpacker, session, false, err) < 0)
		return -1;
	self->unpacker.jobs.source.devices = self->options->devices;
	settle_owners(self, session_observer(session));
	return 0;
}

static int
make(struct unpack *self, struct unpack_result *ret_result, struct error **err)
{
	const struct layer_jobs *jobs = &self->unpacker.jobs;

	if (image_unpacker_finish(&self->unpacker, err) < 0)
		return -1;
	*ret_result = jobs->items[0].job.result;
	if (keep_others_out(jobs->source.observer, &self->stage, ret_result, err) < 0)
		return -1;
	return stage_commit(&self->stage, err);
}

static int
finish(struct unpack *self, struct unpack_result *ret_result, struct error **err)
{
	if (make(self, ret_result, err) < 0)
		return error_wrap(err, "cannot unpack to '%s'", QUOTED(self->options->directory));
	return 0;
}

#define UNPACK_OF(options_) ((struct unpack){ .options = (options_), .stage = STAGE_INIT })

int
unpack_image(struct session *session, struct local_image *image,
	     const struct unpack_options *options, struct unpack_result *ret_result,
	     struct error **err)
{
	CLEANUP(unpack_release) struct unpack unpack = UNPACK_OF(options);

	if (begin(&unpack, session, err) < 0)
		return -1;
	image_unpacker_take(&unpack.unpacker, image);
	return finish(&unpack, ret_result, err);
}

int
unpack_pull(struct session *session, const struct target *target,
	    const struct pull_options *pull_options, const struct unpack_options *options,
	    struct unpacked_pull *ret_result, struct error **err)
{
	CLEANUP(unpack_release) struct unpack unpack = UNPACK_OF(options);
	struct pull_options followed = *pull_options;

	followed.hook = &unpack.unpacker.hook;
	if (begin(&unpack, session, err) < 0 ||
	    pull_image(session, target, &followed, &ret_result->pulled, err) < 0 ||
	    finish(&unpack, &ret_result->unpacked, err) < 0)
		return -1;
	ret_result->manifest = unpack.unpacker.image.digest;
	return 0;
}

void
unpacked_pull_release(struct unpacked_pull *result)
{
	pull_result_release(&result->pulled);
}
