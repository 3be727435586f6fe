#include "image/unpack.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/observer.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "image/local_image.h"
#include "image/stage.h"
#include "image/unpack_tree.h"
#include "repository/session.h"

static int
refuse(const char *directory, const char *why, struct error **err)
{
	AUTO_FREE char *shown = text_quote_string(directory);

	error_set(err, ERROR_LOCAL, "'%s' %s", shown, why);
	return error_set_hint(err, "name a directory that is not there yet");
}

/* rmdir(2) would tell, but not give it back as it was. */
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

static int
check_absent(const char *directory, struct error **err)
{
	AUTO_FREE char *plain = xstrdup(directory);
	size_t size = strlen(plain);
	struct stat status;

	/* With a trailing '/' a link would be followed. */
	while (size > 1 && plain[size - 1] == '/')
		plain[--size] = '\0';
	if (lstat(plain, &status) < 0)
		return errno == ENOENT ? 0 : error_set_path(err, errno, "look at", directory);
	if (!S_ISDIR(status.st_mode))
		return refuse(directory, "is no directory", err);
	if (holds_something(plain))
		return refuse(directory, "holds something already", err);
	return 0;
}

int
unpack_check_directory(const struct unpack_options *options, struct error **err)
{
	if (options->devices && geteuid() != 0)
		return error_set(err, ERROR_USAGE, "devices are made by root alone");
	return check_absent(options->directory, err);
}

/* Others must not run what an image says runs as us: a directory that they cannot enter keeps them
 * out, and where there is none the tree itself has to be it. */
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
		      "the image has set-id files: its root directory is closed to other users");
	return 0;
}

static int
unpack_staged(struct session *session, const struct local_image *image,
	      const struct unpack_options *options, struct stage *stage,
	      struct unpack_result *ret_result, struct error **err)
{
	struct unpack_tree job = {
		.store = session_store(session, err),
		.image = image,
		.tree_fd = stage->tree_fd,
		.record_fd = stage->record_fd,
		.map = &stage->map,
		.devices = options->devices,
		.observer = session_observer(session),
	};

	if (!job.store || unpack_tree(&job, ret_result, err) < 0 ||
	    keep_others_out(job.observer, stage, ret_result, err) < 0)
		return -1;
	return stage_commit(stage, err);
}

int
unpack_image(struct session *session, const struct local_image *image,
	     const struct unpack_options *options, struct unpack_result *ret_result,
	     struct error **err)
{
	AUTO_STAGE struct stage stage = STAGE_INIT;
	AUTO_FREE char *shown = text_quote_string(options->directory);
	struct id_map map = { 0 };

	if (unpack_check_directory(options, err) < 0 || id_map_choose(&map, err) < 0 ||
	    stage_open(options->directory, &map, &stage, err) < 0 ||
	    unpack_staged(session, image, options, &stage, ret_result, err) < 0)
		return error_wrap(err, "cannot unpack to '%s'", shown);
	unpack_tell(session_observer(session), ret_result);
	return 0;
}
