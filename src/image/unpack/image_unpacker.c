/* SPDX-License-Identifier: Apache-2.0 */
#include "image/unpack/image_unpacker.h"

#include <string.h>

#include "base/error.h"
#include "base/observer.h"
#include "base/watched.h"
#include "repository/session.h"

void
image_unpacker_release(struct image_unpacker *unpacker)
{
	layer_jobs_release(&unpacker->jobs);
	local_image_release(&unpacker->image);
}

static int
begin(void *context, const struct image_node *root, struct error **err)
{
	struct image_unpacker *unpacker = context;

	return local_image_begin(&unpacker->image, root, err);
}

static int
plan(struct image_unpacker *unpacker, struct error **err)
{
	if (!unpacker->is_known &&
	    local_image_complete(&unpacker->image, unpacker->jobs.source.store, err) < 0)
		return -1;
	unpacker->is_known = true;
	unpacker->is_planned = true;
	observer_count(unpacker->jobs.source.observer, EVENT_LAYERS, 0);
	return unpacker->plan(unpacker, err);
}

void
image_unpacker_take(struct image_unpacker *unpacker, struct local_image *image)
{
	unpacker->is_known = true;
	unpacker->image = *image;
	memset(image, 0, sizeof(*image));
}

int
image_unpacker_replan(struct image_unpacker *unpacker, struct error *failure, struct error **err)
{
	AUTO_ERROR struct error *taken = failure;
	struct layer_source *source = &unpacker->jobs.source;

	if (!source->overlay || !error_has_class(failure, CLASS_NEEDS_FLAT))
		return error_pass(err, TAKE_PTR(taken));
	observer_tell(source->observer, EVENT_TRACE, "layers are unpacked into one tree: %s",
		      error_text(failure));
	layer_jobs_release(&unpacker->jobs);
	source->overlay = false;
	return plan(unpacker, err);
}

static int
turn(void *context, bool more, struct error **err)
{
	struct image_unpacker *unpacker = context;
	struct error *failure = NULL;

	if (!unpacker->is_planned) {
		if (!more ||
		    !local_image_can_complete(&unpacker->image, unpacker->jobs.source.store))
			return 0;
		if (plan(unpacker, err) < 0)
			return -1;
	}
	if (layer_jobs_step(&unpacker->jobs, more, &failure) == 0)
		return 0;
	if (image_unpacker_replan(unpacker, failure, err) < 0)
		return -1;
	return layer_jobs_step(&unpacker->jobs, true, err);
}

static void
watch(void *context, struct watched *ret_watched)
{
	const struct image_unpacker *unpacker = context;

	layer_jobs_watch(&unpacker->jobs, ret_watched);
}

int
image_unpacker_init(struct image_unpacker *unpacker, struct session *session, bool overlay,
		    struct error **err)
{
	unpacker->session = session;
	unpacker->hook = (struct fetch_hook){
		.begin = begin,
		.turn = turn,
		.watch = watch,
		.context = unpacker,
		.verb = "unpack",
	};
	unpacker->jobs.source = (struct layer_source){
		.store = session_store(session, err),
		.image = &unpacker->image,
		.observer = session_observer(session),
		.map = &unpacker->map,
		.overlay = overlay,
	};
	return unpacker->jobs.source.store ? id_map_choose(&unpacker->map, err) : -1;
}

int
image_unpacker_finish(struct image_unpacker *unpacker, struct error **err)
{
	struct error *failure = NULL;

	if (!unpacker->is_planned && plan(unpacker, err) < 0)
		return -1;
	while (layer_jobs_run(&unpacker->jobs, &failure) < 0)
		if (image_unpacker_replan(unpacker, TAKE_PTR(failure), err) < 0)
			return -1;
	return 0;
}
