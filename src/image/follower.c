#include "image/follower.h"

#include <string.h>

#include "base/error.h"
#include "base/observer.h"
#include "base/watched.h"
#include "repository/session.h"

int
follower_init(struct follower *follower, struct session *session, bool overlay, struct error **err)
{
	follower->session = session;
	follower->jobs.source = (struct layer_source){
		.store = session_store(session, err),
		.image = &follower->image,
		.observer = session_observer(session),
		.map = &follower->map,
		.overlay = overlay,
	};
	return follower->jobs.source.store ? id_map_choose(&follower->map, err) : -1;
}

void
follower_release(struct follower *follower)
{
	layer_jobs_release(&follower->jobs);
	local_image_release(&follower->image);
}

int
follower_begin(struct follower *follower, const struct image_node *root, struct error **err)
{
	return local_image_begin(&follower->image, root, err);
}

static int
plan(struct follower *follower, struct error **err)
{
	if (!follower->is_known &&
	    local_image_complete(&follower->image, follower->jobs.source.store, err) < 0)
		return -1;
	follower->is_known = true;
	follower->is_planned = true;
	return follower->plan(follower, err);
}

void
follower_take(struct follower *follower, struct local_image *image)
{
	follower->is_known = true;
	follower->image = *image;
	memset(image, 0, sizeof(*image));
}

static bool
needs_flat(const struct error *failure)
{
	const char *class_name = error_class(failure);

	return class_name && strcmp(class_name, "needs_flat") == 0;
}

int
follower_replan(struct follower *follower, struct error *failure, struct error **err)
{
	AUTO_ERROR struct error *taken = failure;
	struct layer_source *source = &follower->jobs.source;

	if (!source->overlay || !needs_flat(failure))
		return error_pass(err, TAKE_PTR(taken));
	observer_tell(source->observer, EVENT_TRACE, "layers are unpacked to one tree: %s",
		      error_text(failure));
	layer_jobs_release(&follower->jobs);
	source->overlay = false;
	return plan(follower, err);
}

static int
step(struct follower *follower, bool more, struct error **err)
{
	struct error *failure = NULL;

	if (!follower->is_planned) {
		if (!more ||
		    !local_image_can_complete(&follower->image, follower->jobs.source.store))
			return 0;
		if (plan(follower, err) < 0)
			return -1;
	}
	if (layer_jobs_step(&follower->jobs, more, &failure) == 0)
		return 0;
	if (follower_replan(follower, failure, err) < 0)
		return -1;
	return layer_jobs_step(&follower->jobs, true, err);
}

int
follower_step(struct follower *follower, bool more, struct error **err)
{
	int ret = step(follower, more, err);

	follower->has_failed = ret < 0;
	return ret;
}

void
follower_watch(const struct follower *follower, struct watched *ret_watched)
{
	layer_jobs_watch(&follower->jobs, ret_watched);
}

int
follower_finish(struct follower *follower, struct error **err)
{
	struct error *failure = NULL;

	if (!follower->is_planned && plan(follower, err) < 0)
		return -1;
	while (layer_jobs_run(&follower->jobs, &failure) < 0)
		if (follower_replan(follower, TAKE_PTR(failure), err) < 0)
			return -1;
	return 0;
}
