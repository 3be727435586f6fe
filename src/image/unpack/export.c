/* SPDX-License-Identifier: Apache-2.0 */
#include "image/unpack/export.h"

#include <inttypes.h>

#include "base/error.h"
#include "base/observer.h"
#include "base/text.h"
#include "base/watched.h"
#include "base/xalloc.h"
#include "image/document/local_image.h"
#include "image/resolve/target.h"
#include "image/transfer/fetch.h"
#include "layer/exporter.h"
#include "repository/session.h"
#include "store/store.h"

struct exported {
	struct store *store;
	struct local_image image;
};

static void
exported_release(struct exported *exported)
{
	local_image_release(&exported->image);
}

static int
begin(void *context, const struct image_node *root, struct error **err)
{
	struct exported *exported = context;

	return local_image_begin(&exported->image, root, err);
}

/* Nothing is written before all layers are there: an upper layer decides about those below. */
static int
turn(void *context, bool more, struct error **err)
{
	(void)context;
	(void)more;
	(void)err;
	return 0;
}

static void
watch(void *context, struct watched *ret_watched)
{
	(void)context;
	ret_watched->count = 0;
}

static int
open_layer(void *context, size_t number, const struct digest **ret_diff_id, struct error **err)
{
	const struct exported *exported = context;
	const struct local_image *image = &exported->image;
	uint64_t size_bytes;

	*ret_diff_id = &image->config.diff_ids[number];
	return store_open_blob(exported->store, &image->manifest.layers.items[number].digest,
			       &size_bytes, err);
}

int
export_image(struct session *session, const struct target *target,
	     const struct pull_options *options, const char *path, struct sink *sink,
	     struct pull_result *ret_result, struct error **err)
{
	CLEANUP(exported_release)
	struct exported exported = { .store = session_store(session, err) };
	struct fetch_hook hook = {
		.begin = begin,
		.turn = turn,
		.watch = watch,
		.context = &exported,
		.verb = "export",
	};
	struct export_source source = { .open = open_layer, .context = &exported };
	struct pull_options followed = *options;
	AUTO_FREE char *name = target_name(target, 0);
	uint64_t dropped_xattrs = 0;

	followed.hook = &hook;
	if (!exported.store || pull_image(session, target, &followed, ret_result, err) < 0)
		return -1;
	source.layer_count = exported.image.manifest.layers.count;
	if (local_image_complete(&exported.image, exported.store, err) < 0 ||
	    export_layers(&source, path, sink, &dropped_xattrs, err) < 0)
		return path ? error_wrap(err, "cannot read '%s' of '%s'", QUOTED(path), name)
			    : error_wrap(err, "cannot export '%s'", name);
	if (dropped_xattrs > 0 && !path)
		observer_tell(session_observer(session), EVENT_NOTICE,
			      "extended attributes of the image that were skipped: %" PRIu64,
			      dropped_xattrs);
	return 0;
}
