#include "image/unpack/image_layers.h"

#include "base/error.h"
#include "base/xalloc.h"
#include "image/unpack/image_unpacker.h"
#include "image/unpack/layers_fit.h"
#include "store/state.h"

static char *
name_flat(const struct image_unpacker *unpacker)
{
	const struct digest *manifest = &unpacker->image.digest;

	return xasprintf("flat-%s-%s-" LAYER_TREES_VERSION "-%s",
			 digest_algorithm_name(manifest->algorithm), digest_hex(manifest).text,
			 id_map_name(&unpacker->map).text);
}

/* By the blob, whose digest we have checked.  What a layer unpacks to only its helper knows, which
 * the layer may have taken over: by that name it could become a layer of other images. */
static char *
name_layer(const struct image_unpacker *unpacker, size_t number)
{
	const struct digest *blob = &unpacker->image.manifest.layers.items[number].digest;
	const struct digest *diff_id = &unpacker->image.config.diff_ids[number];

	return xasprintf("%s-%s-%.16s-" LAYER_TREES_VERSION "-%s",
			 digest_algorithm_name(blob->algorithm), digest_hex(blob).text,
			 digest_hex(diff_id).text, id_map_name(&unpacker->map).text);
}

/* A layer that comes twice adds nothing where it comes first: all of it comes again. */
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
check_fit(const struct layer_jobs *jobs, struct error **err)
{
	AUTO_FREE int *fds = xcalloc(jobs->count + 1, sizeof(*fds));

	for (size_t i = 0; i < jobs->count; i++)
		fds[i] = jobs->items[i].fd;
	return jobs->source.overlay ? layers_check_fit(fds, jobs->count, err) : 0;
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
find_root_mode(const struct layer_jobs *jobs, mode_t *ret_mode, struct error **err)
{
	AUTO_FREE int *fds = xcalloc(jobs->count + 1, sizeof(*fds));

	for (size_t i = 0; i < jobs->count; i++)
		fds[i] = jobs->items[i].fd;
	return layers_find_root_mode(fds, jobs->count, ret_mode, err);
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
	/* The trees have their own locks: gc need not wait for the job that uses them. */
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
