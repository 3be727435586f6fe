/* SPDX-License-Identifier: Apache-2.0 */
#include "image/make/remake.h"

#include "base/error.h"
#include "base/observer.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "image/make/base_image.h"
#include "image/transfer/fetch.h"
#include "layer/exporter.h"
#include "oci/config_edit.h"
#include "store/ingest.h"
#include "store/store.h"
#include "stream/compress.h"

struct remade {
	struct digest from;
	struct new_layer layer;
};

/* The answers to the helper's requests. */
struct reading {
	struct store *store;
	const struct draft *draft;
};

static int
open_layer(void *context, size_t number, const struct digest **ret_diff_id, struct error **err)
{
	const struct reading *reading = context;
	uint64_t size_bytes;

	*ret_diff_id = &reading->draft->before.diff_ids[number];
	return store_open_blob(reading->store,
			       &reading->draft->node->manifest.layers.items[number].digest,
			       &size_bytes, err);
}

/* Into the user's store. */
static int
fetch(const struct remake *remake, const struct draft *draft, const struct descriptors *layers,
      struct error **err)
{
	const struct fetch_options options = {
		.repository = draft->base->content.repository,
		.store = remake->from,
		.observer = remake->how->observer,
	};

	return fetch_blobs(&options, layers, err) < 0 ? -1 : store_commit(remake->from, err);
}

static int
check_readable(const struct descriptor *layer, struct error **err)
{
	if (media_type_compression(layer->media_type) != COMPRESSION_UNKNOWN)
		return 0;
	error_set(err, ERROR_USAGE, "its type '%s' cannot be read", QUOTED(layer->media_type));
	return error_set_hint(err, "layers that are encrypted or not for distribution can only be "
				   "copied and rebased");
}

/* NULL: no new blob can be begun.  What goes in is a tar. */
static struct sink *
compress(const struct remake *remake, struct new_layer *layer, struct measure *ret_tar,
	 struct error **err)
{
	const struct new_layer_options *how = remake->how;
	struct sink *blob = store_new_blob(remake->to, &layer->blob, err);

	layer->compression = how->compression;
	return blob ? sink_count(how->observer, EVENT_PACKED,
				 sink_measure(ret_tar,
					      sink_compress(how->compression, how->level, blob)))
		    : NULL;
}

/* A config that claims another diff_id of the same blob is not believed. */
static const struct new_layer *
find_done(const struct remake *remake, const struct digest *from, const struct digest *diff_id)
{
	for (size_t i = 0; i < remake->done_count; i++)
		if (digest_equal(&remake->done[i].from, from) &&
		    digest_equal(&remake->done[i].layer.diff_id, diff_id))
			return &remake->done[i].layer;
	return NULL;
}

static int
make(struct remake *remake, const struct draft *draft, size_t number, struct new_layer *layer,
     struct error **err)
{
	const struct descriptor *from = &draft->node->manifest.layers.items[number];
	const struct digest *diff_id = &draft->before.diff_ids[number];
	const struct new_layer *done = find_done(remake, &from->digest, diff_id);
	struct reading reading = { remake->from, draft };
	const struct export_source source = { open_layer, &reading, number + 1 };
	struct measure tar;
	AUTO_SINK struct sink *sink = NULL;

	if (done) {
		*layer = *done;
		return 0;
	}
	sink = compress(remake, layer, &tar, err);
	if (!sink || export_layer(&source, number, sink, err) < 0)
		return -1;
	layer->diff_id = *diff_id;
	remake->done = xgrow(remake->done, remake->done_count, sizeof(*remake->done));
	remake->done[remake->done_count++] = (struct remade){ from->digest, *layer };
	return 0;
}

/* Annotations that describe the compressed bytes: stargz, zstd:chunked. */
static bool
is_of_bytes(const char *name)
{
	return text_starts(name, "containerd.io/snapshot/stargz/") ||
	       text_starts(name, "io.containers.estargz.") ||
	       text_starts(name, "io.github.containers.zstd-chunked.");
}

static void
drop_of_bytes(json_t *annotations)
{
	const char *name;
	json_t *value;
	void *next;

	json_object_foreach_safe(annotations, next, name, value)
	{
		if (is_of_bytes(name))
			json_object_del(annotations, name);
	}
}

static json_t *
describe(const struct new_layer *made, const struct draft *draft, json_t *annotations)
{
	const struct descriptor layer = {
		.media_type = (char *)(uintptr_t)new_layer_media_type(made, draft->media_type),
		.digest = made->blob.digest,
		.size_bytes = made->blob.size_bytes,
		.annotations = annotations,
	};

	drop_of_bytes(annotations);
	return descriptor_json(&layer);
}

int
remake_compression(struct remake *remake, struct draft *draft, struct error **err)
{
	const struct descriptors *layers = &draft->node->manifest.layers;
	json_t *list = json_object_get(draft->manifest, "layers");
	AUTO_DESCRIPTORS struct descriptors wanted = { 0 };

	for (size_t i = 0; i < layers->count; i++) {
		const struct descriptor *layer = &layers->items[i];

		if (check_readable(layer, err) < 0)
			return error_wrap(err, "layer %zu of %zu", i + 1, layers->count);
		if ((media_type_compression(layer->media_type) != remake->how->compression ||
		     remake->how->level > 0) &&
		    !descriptors_has(&wanted, &layer->digest))
			descriptors_add(&wanted, layer);
	}
	if (fetch(remake, draft, &wanted, err) < 0)
		return -1;
	for (size_t i = 0; i < layers->count; i++) {
		json_t *old = json_array_get(list, i);
		struct new_layer made = { 0 };

		if (!descriptors_has(&wanted, &layers->items[i].digest))
			continue;
		if (make(remake, draft, i, &made, err) < 0)
			return error_wrap(err, "layer %zu of %zu", i + 1, layers->count);
		json_array_set_new(list, i,
				   describe(&made, draft, json_object_get(old, "annotations")));
	}
	return 0;
}

int
remake_as_one(const struct remake *remake, struct draft *draft, uint64_t *ret_dropped_xattrs,
	      struct error **err)
{
	const struct descriptors *layers = &draft->node->manifest.layers;
	struct reading reading = { remake->from, draft };
	const struct export_source source = { open_layer, &reading, layers->count };
	struct new_layer made = { 0 };
	struct measure tar;
	AUTO_SINK struct sink *sink = NULL;

	for (size_t i = 0; i < layers->count; i++)
		if (check_readable(&layers->items[i], err) < 0)
			return error_wrap(err, "layer %zu of %zu", i + 1, layers->count);
	if (fetch(remake, draft, layers, err) < 0)
		return -1;
	sink = compress(remake, &made, &tar, err);
	if (!sink || export_layers(&source, NULL, sink, ret_dropped_xattrs, err) < 0)
		return -1;
	json_object_set_new(draft->manifest, "layers",
			    json_pack("[o]", describe(&made, draft, NULL)));
	config_flatten(draft->config, &tar.digest, PACKAGE_NAME " flatten");
	draft->config_changed = true;
	return 0;
}

void
remake_release(struct remake *remake)
{
	free(remake->done);
}
