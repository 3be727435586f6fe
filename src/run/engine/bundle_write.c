#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/xalloc.h"
#include "image/document/local_image.h"
#include "image/unpack/unpack.h"
#include "repository/session.h"
#include "run/engine/bundle.h"
#include "run/engine/job_engine.h"
#include "run/root/mounts.h"
#include "run/root/own_files.h"
#include "run/root/root.h"
#include "run/run.h"

struct bundle {
	struct job_mounts mounts;
	struct job job;
	bool own_network;
};

static void
bundle_release(struct bundle *bundle)
{
	job_mounts_release(&bundle->mounts);
	job_release(&bundle->job);
}

static bool
is_image(const struct run_base *base)
{
	return base->manifest.algorithm != DIGEST_NONE;
}

/* The path of the root, which the caller owns. */
static char *
make_root(struct session *session, const struct run_base *base, const char *directory,
	  struct error **err)
{
	AUTO_FREE char *path = xasprintf("%s/rootfs", directory);
	AUTO_LOCAL_IMAGE struct local_image image = { 0 };
	const struct unpack_options unpack = { .directory = path };
	struct unpack_result result = { 0 };

	if (dir_make(directory, 0700, err) < 0)
		return NULL;
	if (!is_image(base))
		return xstrdup(base->layers.paths.items[0]);
	if (local_image_read(session, &base->manifest, NULL, &image, err) < 0 ||
	    unpack_image(session, &image, &unpack, &result, err) < 0)
		return NULL;
	return TAKE_PTR(path);
}

/* They lie beside the configuration, where those of a run lie beside its root. */
static int
add_own_files(struct bundle *bundle, const char *directory, struct error **err)
{
	AUTO_CLOSE int fd = dir_open(directory, err);
	AUTO_FREE char *path = realpath(directory, NULL);
	const struct root place = { .path = path, .fd = fd, .lock_fd = -1 };

	if (fd < 0)
		return -1;
	if (!path)
		return error_set_path(err, errno, "find", directory);
	return own_files_add(&place, bundle->job.hostname, bundle->own_network, &bundle->mounts,
			     err);
}

static int
settle(struct bundle *bundle, const struct run_base *base, const struct run_options *options,
       const char *root, struct error **err)
{
	AUTO_CLOSE int root_fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (root_fd < 0)
		return error_set_path(err, errno, "open", root);
	if (job_make_plain_folders(root_fd, NULL, err) < 0 ||
	    job_mounts_settle(&bundle->mounts, root_fd, err) < 0)
		return -1;
	bundle->job.unmounted = &bundle->mounts;
	return job_settle(&bundle->job, &base->config, &options->job, root_fd, NULL, err);
}

static int
write_config(const struct bundle *bundle, const struct run_base *base, const char *root,
	     const char *directory, struct error **err)
{
	const struct engine_start start = {
		.job = &bundle->job,
		.map = &base->layers.map,
		.own_network = bundle->own_network,
		.terminal_fd = -1,
		.mounts = &bundle->mounts,
	};
	AUTO_FREE char *text = bundle_config(&start, is_image(base) ? "rootfs" : root);
	AUTO_CLOSE int fd = dir_open(directory, err);

	if (fd < 0)
		return -1;
	return file_replace(fd, "config.json", 0644, text, strlen(text), err);
}

/* What can be refused before anything is made. */
static int
plan(struct bundle *bundle, struct session *session, const struct run_base *base,
     const struct run_options *options, struct error **err)
{
	struct store *store = session_store(session, err);

	bundle->own_network = options->job.own_network;
	if (!store || job_make(&base->config, &options->job, &bundle->job, err) < 0 ||
	    job_mounts_parse(&bundle->mounts, options->volumes, options->tmpfs, err) < 0 ||
	    job_mounts_find(&bundle->mounts, store, err) < 0)
		return -1;
	if (!bundle->job.hostname)
		bundle->job.hostname = xstrdup("job");
	return 0;
}

int
bundle_write(struct session *session, const struct run_base *base,
	     const struct run_options *options, const char *directory, struct error **err)
{
	CLEANUP(bundle_release) struct bundle bundle = { 0 };
	AUTO_FREE char *root = NULL;

	if (plan(&bundle, session, base, options, err) < 0)
		return -1;
	root = make_root(session, base, directory, err);
	if (!root || add_own_files(&bundle, directory, err) < 0 ||
	    settle(&bundle, base, options, root, err) < 0)
		return -1;
	return write_config(&bundle, base, root, directory, err);
}
