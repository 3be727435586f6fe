#include "image/layers.h"

#include <string.h>

#include "base/error.h"
#include "base/observer.h"
#include "base/xalloc.h"
#include "image/layer_jobs.h"
#include "image/layers_fit.h"
#include "image/local_image.h"
#include "repository/session.h"
#include "store/state.h"

static char *
name_flat(const struct layer_jobs *jobs)
{
	const struct digest *manifest = &jobs->image->digest;

	return xasprintf("flat-%s-%s-%s", digest_algorithm_name(manifest->algorithm),
			 digest_hex(manifest).text, id_map_name(jobs->map).text);
}

/* By the blob, whose digest we have checked.  What a layer unpacks to only its helper knows, which
 * the layer may have taken over: by that name it could become a layer of other images. */
static char *
name_layer(const struct layer_jobs *jobs, size_t number)
{
	const struct digest *blob = &jobs->image->manifest.layers.items[number].digest;
	const struct digest *diff_id = &jobs->image->config.diff_ids[number];

	return xasprintf("%s-%s-%.16s-%s", digest_algorithm_name(blob->algorithm),
			 digest_hex(blob).text, digest_hex(diff_id).text,
			 id_map_name(jobs->map).text);
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

static void
plan(struct layer_jobs *jobs)
{
	size_t count = jobs->image->config.diff_id_count;

	if (!jobs->overlay && count > 0)
		layer_jobs_add(jobs, name_flat(jobs), 0, count);
	for (size_t i = 0; jobs->overlay && i < count; i++)
		if (!comes_again(jobs->image, i))
			layer_jobs_add(jobs, name_layer(jobs, i), i, 1);
}

static void
hand_out(struct layer_jobs *jobs, struct image_layers *layers)
{
	layers->is_flat = !jobs->overlay;
	layers->lock_fds = xcalloc(jobs->count ? jobs->count : 1, sizeof(*layers->lock_fds));
	for (size_t i = 0; i < jobs->count; i++) {
		strings_take(&layers->paths, store_layer_path(jobs->store, jobs->items[i].name));
		layers->lock_fds[layers->lock_count++] = TAKE_FD(jobs->items[i].fd);
	}
}

static int
check_fit(struct image_layers *layers, struct error **err)
{
	if (layers->is_flat)
		return 0;
	return layers_check_fit(layers->lock_fds, layers->lock_count, err);
}

static int
open_as(struct session *session, const struct local_image *image, bool overlay,
	struct image_layers *layers, struct error **err)
{
	AUTO_LAYER_JOBS struct layer_jobs jobs = {
		.store = session_store(session, err),
		.observer = session_observer(session),
		.image = image,
		.map = &layers->map,
		.overlay = overlay,
	};

	if (!jobs.store)
		return -1;
	plan(&jobs);
	if (layer_jobs_run(&jobs, err) < 0)
		return -1;
	hand_out(&jobs, layers);
	/* The trees have their own locks: gc need not wait for the job that uses them. */
	store_release_blobs(jobs.store);
	return check_fit(layers, err);
}

static bool
needs_flat(const struct error *failure)
{
	const char *class_name = error_class(failure);

	return class_name && strcmp(class_name, "needs_flat") == 0;
}

static int
open_any(struct session *session, const struct local_image *image, struct image_layers *layers,
	 struct error **err)
{
	AUTO_ERROR struct error *failure = NULL;

	if (open_as(session, image, true, layers, &failure) == 0)
		return 0;
	if (!needs_flat(failure)) {
		*err = TAKE_PTR(failure);
		return -1;
	}
	observer_tell(session_observer(session), EVENT_TRACE, "layers are unpacked to one tree: %s",
		      error_text(failure));
	image_layers_release(layers);
	return open_as(session, image, false, layers, err);
}

int
image_layers_open(struct session *session, const struct local_image *image,
		  struct image_layers *ret_layers, struct error **err)
{
	AUTO_IMAGE_LAYERS struct image_layers layers = { 0 };

	if (id_map_choose(&layers.map, err) < 0)
		return -1;
	if (open_any(session, image, &layers, err) < 0)
		return error_wrap(err, "cannot unpack '%s'", digest_text(&image->digest).text);
	*ret_layers = layers;
	layers = (struct image_layers){ 0 };
	return 0;
}

/* The map stays. */
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
