/* SPDX-License-Identifier: Apache-2.0 */
#include "run/flat_root.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "image/document/local_image.h"
#include "image/unpack/layer_jobs.h"
#include "layer/pack/pack.h"
#include "layer/unpacker.h"
#include "repository/session.h"
#include "run/container/container.h"
#include "run/root/root.h"
#include "run/root/root_base.h"
#include "store/store.h"
#include "stream/sink.h"

static int
unpack_layers(int tree_fd, struct session *session, const struct run_base *base, struct error **err)
{
	AUTO_LOCAL_IMAGE struct local_image image = { 0 };
	AUTO_LAYER_JOBS struct layer_jobs jobs = {
		.source = {
			.store = session_store(session, err),
			.image = &image,
			.map = &base->layers.map,
			.observer = session_observer(session),
		},
	};

	if (!jobs.source.store ||
	    local_image_read(session, &base->manifest, NULL, &image, err) < 0 ||
	    layer_jobs_add_directory(&jobs, tree_fd, -1, err) < 0 || layer_jobs_run(&jobs, err) < 0)
		return -1;
	store_release_blobs(jobs.source.store);
	return 0;
}

struct packing {
	const char *path;
	int tar_fd;
};

static int
pack(void *context, struct error **err)
{
	const struct packing *packing = context;
	AUTO_CLOSE int fd = open(packing->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const struct pack_options options = {
		.root_fd = fd,
		.mtime_limit_s = INT64_MAX,
		.keep_owners = true,
	};
	struct pack_counts counts;

	if (fd < 0)
		return error_set_path(err, errno, "open", packing->path);
	return pack_tree(&options, sink_fd(packing->tar_fd, "a tar"), &counts, err);
}

static int
unpack(int tree_fd, int tar_fd, const struct id_map *map, struct error **err)
{
	const struct unpack_request request = { .layer_count = 1, .map = *map };
	AUTO_UNPACKER struct unpacker *unpacker = unpacker_start(tree_fd, -1, &request, err);
	struct unpack_result result;
	struct digest digest;
	bool ended = false;
	struct stat status;
	void *bytes;

	if (!unpacker)
		return -1;
	if (fstat(tar_fd, &status) < 0 || lseek(tar_fd, 0, SEEK_SET) < 0)
		return error_set_errno(err, errno, "cannot look at a tar");
	bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, tar_fd, 0);
	if (bytes == MAP_FAILED)
		return error_set_errno(err, errno, "cannot read a tar");
	digest = digest_of(DIGEST_SHA256, bytes, (size_t)status.st_size);
	(void)munmap(bytes, (size_t)status.st_size);
	if (unpacker_send(unpacker, &digest, tar_fd, err) < 0)
		return -1;
	while (!ended)
		if (unpacker_receive(unpacker, &ended, &result, err) < 0)
			return -1;
	return 0;
}

/* As root of the map, who may read all that the job may. */
static int
copy_directory(int tree_fd, const struct root *root, const struct run_base *base,
	       struct error **err)
{
	AUTO_CLOSE int tar_fd = openat(root->fd, ".", O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
	struct packing packing = { base->layers.paths.items[0], tar_fd };
	struct container container = {
		.map = &base->layers.map,
		.main = pack,
		.context = &packing,
	};
	int status;

	if (tar_fd < 0)
		return error_set_path(err, errno, "make a file in", root->path);
	if (container_run(&container, &status, err) < 0)
		return -1;
	return unpack(tree_fd, tar_fd, &base->layers.map, err);
}

int
root_flatten(struct root *root, struct session *session, const struct run_base *base,
	     struct error **err)
{
	AUTO_CLOSE int fd = root_open_upper(root);

	if (fd < 0)
		return error_set_path(err, errno, "open", root->path);
	root->is_flat = true;
	return base->manifest.algorithm == DIGEST_NONE ? copy_directory(fd, root, base, err)
						       : unpack_layers(fd, session, base, err);
}
