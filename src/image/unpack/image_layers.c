/* SPDX-License-Identifier: Apache-2.0 */
#include "image/unpack/image_layers.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/compat.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "image/unpack/image_unpacker.h"
#include "layer/tree_record.h"
#include "store/store.h"

struct error;

struct fit {
	const struct layer_jobs *jobs; /* with the layers' directories (store/layer_trees.h) */
	size_t number;                 /* of the layer whose record is read */
};

enum finding { FINDING_NOTHING, FINDING_WHITEOUT, FINDING_DIRECTORY, FINDING_OTHER };

/* Does not follow links. */
static enum finding
look(int layer_fd, const char *path, struct stat *ret_status)
{
	AUTO_FREE char *copy = xasprintf("fs/%s", path);
	AUTO_CLOSE int fd = fcntl(layer_fd, F_DUPFD_CLOEXEC, 0);
	char *rest = copy;
	char *name;

	while ((name = strsep(&rest, "/"))) {
		int next = openat(fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

		if (next < 0) {
			struct stat status;

			if (fstatat(fd, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
				return errno == ENOENT ? FINDING_NOTHING : FINDING_OTHER;
			return S_ISCHR(status.st_mode) && status.st_rdev == 0 ? FINDING_WHITEOUT
									      : FINDING_OTHER;
		}
		close_at(&fd);
		fd = next;
	}
	return fstat(fd, ret_status) < 0 ? FINDING_OTHER : FINDING_DIRECTORY;
}

static bool
fits(const struct fit *fit, const char *path)
{
	struct stat own;
	struct stat below;

	if (look(fit->jobs->items[fit->number].fd, path, &own) != FINDING_DIRECTORY)
		return true;
	for (size_t i = fit->number; i-- > 0;) {
		switch (look(fit->jobs->items[i].fd, path, &below)) {
		case FINDING_NOTHING:
			break;
		case FINDING_WHITEOUT:
			return true;
		case FINDING_DIRECTORY:
			return own.st_mode == below.st_mode && own.st_uid == below.st_uid &&
			       own.st_gid == below.st_gid;
		case FINDING_OTHER:
			return false;
		}
	}
	return true;
}

/* A whiteout is invisible in a directory that a lower layer has too. */
static bool
hides(const struct fit *fit, const char *path)
{
	const char *slash = strrchr(path, '/');
	AUTO_FREE char *parent = xstrndup(path, slash ? (size_t)(slash - path) : 0);
	struct stat below;

	if (!slash)
		return true;
	for (size_t i = fit->number; i-- > 0;) {
		enum finding finding = look(fit->jobs->items[i].fd, parent, &below);

		if (finding != FINDING_NOTHING)
			return finding == FINDING_DIRECTORY;
	}
	return false;
}

static int
needs_flat(const struct fit *fit, const char *why, struct error **err)
{
	error_set(err, ERROR_CONTENT, "layer %zu %s", fit->number + 1, why);
	return error_set_class(err, CLASS_NEEDS_FLAT);
}

static int
check_path(void *context, char kind, const char *path, struct error **err)
{
	const struct fit *fit = context;

	if (kind == 'i' && !fits(fit, path))
		return needs_flat(fit, "changes a directory without an entry for it", err);
	if (kind == 'w' && !hides(fit, path))
		return needs_flat(fit, "removes a file that no lower layer has", err);
	return 0;
}

/* ERROR_CONTENT, class "needs_flat": overlayfs would show another tree than the image means. */
static int
check_fit(const struct layer_jobs *jobs, struct error **err)
{
	struct fit fit = { .jobs = jobs };

	for (; jobs->source.overlay && fit.number < jobs->count; fit.number++) {
		AUTO_BUF struct buf record = BUF_INIT(TREE_RECORD_LIMIT_BYTES);
		bool found = false;

		if (file_find(jobs->items[fit.number].fd, "record", &record, &found, err) < 0 ||
		    (found && tree_record_read(&record, check_path, &fit, err) < 0))
			return -1;
	}
	return 0;
}

static char *
name_flat(const struct image_unpacker *unpacker)
{
	const struct digest *manifest = &unpacker->image.digest;

	return xasprintf("flat-%s-%s-" LAYER_TREES_VERSION "-%s",
			 digest_algorithm_name(manifest->algorithm), digest_hex(manifest).text,
			 id_map_name(&unpacker->map).text);
}

/* Named by the blob, whose digest we have checked.  Only the helper knows the diff_id, and the
 * layer may have taken the helper over: under a false diff_id it would become a layer of other
 * images. */
static char *
name_layer(const struct image_unpacker *unpacker, size_t number)
{
	const struct digest *blob = &unpacker->image.manifest.layers.items[number].digest;
	const struct digest *diff_id = &unpacker->image.config.diff_ids[number];

	return xasprintf("%s-%s-%.16s-" LAYER_TREES_VERSION "-%s",
			 digest_algorithm_name(blob->algorithm), digest_hex(blob).text,
			 digest_hex(diff_id).text, id_map_name(&unpacker->map).text);
}

/* A layer that occurs twice is left out at its first place, because it comes again in full. */
static bool
comes_again(const struct local_image *image, size_t number)
{
	const struct descriptors *layers = &image->manifest.layers;

	for (size_t i = number + 1; i < layers->count; i++)
		if (digest_equal(&layers->items[i].digest, &layers->items[number].digest))
			return true;
	return false;
}

static int
plan(struct image_unpacker *unpacker, struct error **err)
{
	struct layer_jobs *jobs = &unpacker->jobs;
	size_t count = unpacker->image.config.diff_id_count;

	(void)err;
	if (!jobs->source.overlay && count > 0)
		layer_jobs_add(jobs, name_flat(unpacker), 0, count);
	for (size_t i = 0; jobs->source.overlay && i < count; i++)
		if (!comes_again(&unpacker->image, i))
			layer_jobs_add(jobs, name_layer(unpacker, i), i, 1);
	return 0;
}

int
image_layers_begin(struct image_unpacker *unpacker, struct session *session, struct error **err)
{
	unpacker->plan = plan;
	return image_unpacker_init(unpacker, session, true, err);
}

static int
make(struct image_unpacker *unpacker, struct error **err)
{
	struct error *misfit = NULL;

	if (image_unpacker_finish(unpacker, err) < 0)
		return -1;
	if (check_fit(&unpacker->jobs, &misfit) == 0)
		return 0;
	return image_unpacker_replan(unpacker, misfit, err) < 0
		       ? -1
		       : image_unpacker_finish(unpacker, err);
}

static int
note_root(void *context, char kind, const char *path, struct error **err)
{
	bool *is_implied = context;

	(void)err;
	*is_implied |= kind == 'i' && *path == '\0';
	return 0;
}

static int
read_root_mode(int layer_fd, bool *ret_is_implied, mode_t *ret_mode, struct error **err)
{
	AUTO_BUF struct buf record = BUF_INIT(TREE_RECORD_LIMIT_BYTES);
	struct stat status;
	bool found = false;

	*ret_is_implied = false;
	if (file_find(layer_fd, "record", &record, &found, err) < 0 ||
	    tree_record_read(&record, note_root, ret_is_implied, err) < 0)
		return -1;
	if (fstatat(layer_fd, "fs", &status, AT_SYMLINK_NOFOLLOW) < 0)
		return error_set_errno(err, errno, "cannot read the mode of a layer's tree");
	*ret_mode = status.st_mode & 07777;
	return 0;
}

/* The mode of "/": that of the topmost layer with an entry for it, else 0755. */
static int
find_root_mode(const struct layer_jobs *jobs, mode_t *ret_mode, struct error **err)
{
	bool is_implied = true;

	*ret_mode = 0755;
	for (size_t i = jobs->count; is_implied && i-- > 0;)
		if (read_root_mode(jobs->items[i].fd, &is_implied, ret_mode, err) < 0)
			return -1;
	return 0;
}

static void
hand_out(struct image_unpacker *unpacker, struct image_layers *layers)
{
	struct layer_jobs *jobs = &unpacker->jobs;

	layers->map = unpacker->map;
	layers->is_flat = !jobs->source.overlay;
	layers->lock_fds = xcalloc(jobs->count + 1, sizeof(*layers->lock_fds));
	for (size_t i = 0; i < jobs->count; i++) {
		strings_take(&layers->paths,
			     store_layer_path(jobs->source.store, jobs->items[i].name));
		layers->lock_fds[layers->lock_count++] = TAKE_FD(jobs->items[i].fd);
	}
}

int
image_layers_finish(struct image_unpacker *unpacker, struct image_layers *ret_layers,
		    struct error **err)
{
	if (make(unpacker, err) < 0 ||
	    find_root_mode(&unpacker->jobs, &ret_layers->root_mode, err) < 0)
		return error_wrap(err, "cannot unpack '%s'",
				  digest_text(&unpacker->image.digest).text);
	hand_out(unpacker, ret_layers);
	/* The trees have their own locks, so gc need not wait for the job. */
	store_release_blobs(unpacker->jobs.source.store);
	return 0;
}

void
image_layers_release(struct image_layers *layers)
{
	for (size_t i = 0; i < layers->lock_count; i++)
		close_at(&layers->lock_fds[i]);
	free(layers->lock_fds);
	layers->lock_fds = NULL;
	layers->lock_count = 0;
	strings_release(&layers->paths);
}
