/* SPDX-License-Identifier: Apache-2.0 */
#include "run/commit_job.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/xalloc.h"
#include "layer/pack/pack.h"
#include "oci/location.h"
#include "repository/session.h"
#include "run/container/container.h"
#include "run/root/root.h"
#include "run/root/root_base.h"
#include "run/root/upper_snapshot.h"
#include "store/store.h"
#include "stream/sink.h"

static const char layer_name[] = "layer.tar";

struct packing {
	const struct root *root;
	int64_t mtime_limit_s;
};

static int
pack_upper(void *context, struct error **err)
{
	const struct packing *packing = context;
	AUTO_CLOSE int upper_fd = dir_open_at(packing->root->fd, "upper");
	AUTO_CLOSE int tar_fd = openat(packing->root->fd, layer_name,
				       O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	struct pack_options options = {
		.root_fd = upper_fd,
		.mtime_limit_s = packing->mtime_limit_s,
		.keep_owners = true,
		.is_upper = true,
	};
	struct pack_counts counts = { 0 };
	struct stat whiteout;

	if (fstatat(packing->root->fd, UNTOUCHED_WHITEOUT, &whiteout, AT_SYMLINK_NOFOLLOW) == 0)
		options.whiteout_inode = whiteout.st_ino;
	if (upper_fd < 0 || tar_fd < 0)
		return error_set_path(err, errno, "pack the job's changes in", packing->root->path);
	return pack_tree(&options, sink_fd(tar_fd, "a layer"), &counts, err);
}

static int
pack(const struct root *root, const struct id_map *map, int64_t mtime_limit_s, struct error **err)
{
	struct packing packing = { root, mtime_limit_s };
	struct container container = {
		.map = map,
		.main = pack_upper,
		.context = &packing,
	};
	int status;

	return container_run(&container, &status, err);
}

/* The store is a layout, so this needs no network. */
static char *
base_reference(struct session *session, const struct run_base *base, struct error **err)
{
	struct store *store = session_store(session, err);

	if (!store)
		return NULL;
	return xasprintf("oci:%s@%s", store_path(store), digest_text(&base->manifest).text);
}

int
run_commit(struct session *session, const struct ended_job *job,
	   const struct commit_options *options, struct derive_result *ret_result,
	   struct error **err)
{
	AUTO_FREE char *reference = base_reference(session, job->base, err);
	AUTO_FREE char *path = xasprintf("%s/%s", job->root->path, layer_name);
	AUTO_FREE char *words = strings_join(job->args, " ");
	AUTO_FREE char *created_by = xasprintf(PACKAGE_NAME " run -- %s", words);
	struct layer_path layer = { path, NULL };
	const struct strings none = { 0 };
	struct config_change change = {
		.environment = &none,
		.entrypoint = &none,
		.command = &none,
		.labels = &none,
		.ports = &none,
		.volumes = &none,
		.created_by = created_by,
		.created_s = options->created_s,
	};
	struct derive_options derive = {
		.base = reference,
		.layers = &layer,
		.layer_count = 1,
		.how = { .compression = COMPRESSION_GZIP, .observer = options->observer },
		.change = &change,
		.output = options->output,
	};

	if (!reference || pack(job->root, &job->base->layers.map, options->created_s, err) < 0 ||
	    derive_image(session, &derive, ret_result, err) < 0)
		return error_wrap(err, "cannot make an image with the job's changes");
	return 0;
}
