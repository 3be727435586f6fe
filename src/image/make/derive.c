/* SPDX-License-Identifier: Apache-2.0 */
#include "image/make/derive.h"

#include <inttypes.h>
#include <jansson.h>
#include <string.h>

#include "base/error.h"
#include "base/observer.h"
#include "base/xalloc.h"
#include "image/document/image_node.h"
#include "image/make/base_image.h"
#include "image/make/rebase.h"
#include "image/make/remake.h"
#include "image/transfer/destination.h"
#include "image/transfer/fetch.h"
#include "image/transfer/push.h"
#include "image/transfer/push_tree.h"
#include "image/transfer/send.h"
#include "oci/annotation.h"
#include "oci/config_edit.h"
#include "oci/document.h"
#include "oci/location.h"
#include "repository/session.h"
#include "store/store.h"

/* Under way. */
struct derivation {
	struct session *session;
	const struct derive_options *options;
	struct destination destination;
	struct base_image base;
	struct image_node root;    /* of the base, without its manifests; empty without one */
	struct image_nodes images; /* without a base one for each platform, a descriptor alone */
	struct rebase rebase;
	struct remake remake;
	struct new_layer *layers;
	struct digest *diff_ids;
	json_t *annotations; /* of each manifest */
	uint64_t dropped_xattrs;
};

static void
derivation_release(struct derivation *derivation)
{
	destination_release(&derivation->destination);
	base_image_release(&derivation->base);
	image_node_release(&derivation->root);
	image_nodes_release(&derivation->images);
	rebase_release(&derivation->rebase);
	remake_release(&derivation->remake);
	free(derivation->layers);
	free(derivation->diff_ids);
	json_decref(derivation->annotations);
}

static void
add_empty(struct image_nodes *nodes, const struct platform *platform)
{
	struct image_node node = { .kind = DOCUMENT_MANIFEST, .descriptor.has_platform = true };

	platform_copy_plain(platform, &node.descriptor.platform);
	node.descriptor.media_type = xstrdup(MEDIA_OCI_MANIFEST);
	nodes->items = xgrow(nodes->items, nodes->count, sizeof(*nodes->items));
	nodes->items[nodes->count++] = node;
}

static void
begin_empty(struct derivation *derivation)
{
	const struct platforms *platforms = derivation->options->platforms;
	AUTO_PLATFORM struct platform host = { 0 };

	platform_host(&host);
	if (!platforms)
		add_empty(&derivation->images, &host);
	for (size_t i = 0; platforms && i < platforms->count; i++)
		add_empty(&derivation->images, &platforms->items[i]);
	derivation->base.found.repository =
		repository_of_store(derivation->session, derivation->destination.store);
	derivation->base.content.repository = derivation->base.found.repository;
}

static int
begin(struct derivation *derivation, struct error **err)
{
	const struct derive_options *options = derivation->options;
	struct base_image *base = &derivation->base;

	if (!options->base) {
		begin_empty(derivation);
		return 0;
	}
	if (base_image_open(base, derivation->session, options->base, &derivation->destination,
			    err) < 0 ||
	    base_image_read(base, options->platforms, &derivation->root, &derivation->images, err) <
		    0)
		return error_wrap(err, "base '%s'", options->base);
	derivation->rebase.place = base->target.candidates;
	if (options->of_base == DERIVE_REBASE)
		return rebase_open(&derivation->rebase, derivation->session, options->old_base,
				   options->new_base, &derivation->root,
				   &derivation->images.items[0], &derivation->destination, err);
	derivation->remake = (struct remake){
		.from = session_store(derivation->session, err),
		.to = derivation->destination.store,
		.how = &options->how,
	};
	return derivation->remake.from ? 0 : -1;
}

/* The base's, and then those on top. */
static int
change_layers(struct derivation *derivation, struct draft *draft, struct error **err)
{
	switch (derivation->options->of_base) {
	case DERIVE_REBASE:
		return rebase_draft(&derivation->rebase, draft, err);
	case DERIVE_FLATTEN:
		return remake_as_one(&derivation->remake, draft, &derivation->dropped_xattrs, err);
	case DERIVE_RECOMPRESS:
		return remake_compression(&derivation->remake, draft, err);
	case DERIVE_KEEP:
		break;
	}
	return 0;
}

static int
change_family(const struct derivation *derivation, struct draft *draft, struct error **err)
{
	enum media_family family = derivation->options->family;

	if (family == MEDIA_FAMILY_KEPT)
		return 0;
	draft->media_type = media_type_in(draft->media_type, family);
	return manifest_convert(draft->manifest, family, err);
}

static void
change_config(const struct derivation *derivation, struct draft *draft)
{
	if (!derivation->options->change)
		return;
	config_edit(draft->config, derivation->options->change, derivation->diff_ids,
		    derivation->options->layer_count);
	draft->config_changed = true;
}

/* *ret_config stays empty for one that is as it was. */
static int
put_config(const struct derivation *derivation, const struct draft *draft,
	   struct descriptor *ret_config, struct error **err)
{
	const char *media_type = draft->node->manifest.config.media_type;
	AUTO_FREE char *text = NULL;

	if (!draft->config_changed)
		return 0;
	text = document_format(draft->config);
	media_type = media_type_in(media_type ? media_type : MEDIA_OCI_CONFIG,
				   derivation->options->family);
	ret_config->media_type = xstrdup(media_type);
	ret_config->size_bytes = strlen(text);
	ret_config->digest = digest_of(DIGEST_SHA256, text, strlen(text));
	return store_add(derivation->destination.store, &ret_config->digest, text, strlen(text),
			 err);
}

/* With the annotations of the index entry, and its platform unless that has changed. */
static int
replace_document(struct image_node *node, const struct draft *draft,
		 const struct platform *platform, struct error **err)
{
	AUTO_DESCRIPTOR struct descriptor old = node->descriptor;
	AUTO_FREE char *media_type = xstrdup(draft->media_type);
	struct image_node made = { 0 };

	node->descriptor = (struct descriptor){ 0 };
	if (image_node_make(document_format(draft->manifest), media_type, &made, err) < 0) {
		image_node_release(&made);
		return -1;
	}
	made.descriptor.has_platform = old.has_platform;
	platform_copy(platform ? platform : &old.platform, &made.descriptor.platform);
	made.descriptor.annotations = json_incref(old.annotations);
	image_node_release(node);
	*node = made;
	return 0;
}

static int
edit(struct derivation *derivation, struct draft *draft, struct error **err)
{
	AUTO_DESCRIPTOR struct descriptor config = { 0 };
	AUTO_DESCRIPTORS struct descriptors layers = { 0 };

	if (change_layers(derivation, draft, err) < 0 || change_family(derivation, draft, err) < 0)
		return -1;
	change_config(derivation, draft);
	if (put_config(derivation, draft, &config, err) < 0)
		return -1;
	for (size_t i = 0; i < derivation->options->layer_count; i++) {
		const struct new_layer *made = &derivation->layers[i];
		struct descriptor layer = {
			.media_type = xstrdup(new_layer_media_type(made, draft->media_type)),
			.digest = made->blob.digest,
			.size_bytes = made->blob.size_bytes,
		};

		descriptors_take(&layers, &layer);
	}
	if (derivation->options->clear_annotations)
		json_object_del(draft->manifest, "annotations");
	manifest_edit(draft->manifest, draft->config_changed ? &config : NULL, &layers,
		      derivation->annotations);
	return 0;
}

static int
derive_manifest(struct derivation *derivation, struct image_node *node, struct error **err)
{
	const struct derive_options *options = derivation->options;
	const struct platform *platform = options->change ? options->change->platform : NULL;
	AUTO_DRAFT struct draft draft = { 0 };

	if (draft_begin(&draft, options->base ? &derivation->base : NULL, node, err) < 0 ||
	    edit(derivation, &draft, err) < 0)
		return -1;
	if (replace_document(node, &draft, draft.platform.os ? &draft.platform : platform, err) < 0)
		return -1;
	if (options->family == MEDIA_FAMILY_DOCKER) {
		json_decref(node->descriptor.annotations);
		node->descriptor.annotations = NULL;
	}
	return 0;
}

/* A base in a directory or a file has a name on this machine only. */
static void
annotate_base(struct derivation *derivation, const struct base_image *base)
{
	const struct location *place = base->target.candidates;
	const struct descriptor *root = &base->found.root.descriptor;
	json_t *annotations = derivation->annotations;
	const char *tag = place->reference.tag;
	AUTO_FREE char *name = NULL;
	AUTO_FREE char *repository = NULL;

	json_object_set_new(annotations, ANNOTATION_BASE_DIGEST,
			    json_string(digest_text(&root->digest).text));
	if (place->transport != TRANSPORT_REGISTRY)
		return;
	repository = location_repository(place);
	name = xasprintf("%s%s%s", repository, tag ? ":" : "", tag ? tag : "");
	json_object_set_new(annotations, ANNOTATION_BASE_NAME, json_string(name));
}

/* The index's own annotations, in the other family or on the other base. */
static void
edit_root(struct derivation *derivation)
{
	struct image_node *root = &derivation->root;
	enum media_family family = derivation->options->family;
	json_t *annotations = json_object_get(root->value, "annotations");

	if (root->kind != DOCUMENT_INDEX)
		return;
	if (derivation->options->of_base == DERIVE_REBASE && annotations)
		json_object_update_existing(annotations, derivation->annotations);
	if (family == MEDIA_FAMILY_KEPT)
		return;
	json_object_set_new(root->value, "mediaType",
			    json_string(media_type_in(root->descriptor.media_type, family)));
	free(root->descriptor.media_type);
	root->descriptor.media_type =
		xstrdup(json_string_value(json_object_get(root->value, "mediaType")));
	if (family == MEDIA_FAMILY_DOCKER)
		json_object_del(root->value, "annotations");
}

static int
derive_manifests(struct derivation *derivation, struct error **err)
{
	static const char *const verbs[] = {
		[DERIVE_KEEP] = "change",
		[DERIVE_REBASE] = "rebase",
		[DERIVE_FLATTEN] = "flatten",
		[DERIVE_RECOMPRESS] = "recompress",
	};
	const struct derive_options *options = derivation->options;
	struct image_nodes *images = &derivation->images;

	if (options->change && options->change->platform && images->count > 1) {
		error_set(err, ERROR_USAGE, "--platform needs an image of a single platform");
		return error_set_hint(err, "--platform takes one of several");
	}
	derivation->annotations = json_object();
	if (options->of_base == DERIVE_REBASE)
		annotate_base(derivation, &derivation->rebase.new_base);
	else if (options->annotate_base && options->base)
		annotate_base(derivation, &derivation->base);
	json_object_update(derivation->annotations, (json_t *)(uintptr_t)options->annotations);
	for (size_t i = 0; i < images->count; i++) {
		struct image_node *image = &images->items[i];
		const char *name = options->base ? options->base : "scratch";
		AUTO_FREE char *platform = image->descriptor.has_platform
						   ? platform_format(&image->descriptor.platform)
						   : NULL;

		if (derive_manifest(derivation, image, err) < 0)
			return error_wrap(err, "cannot %s '%s'%s%s", verbs[options->of_base], name,
					  platform ? " for " : "", platform ? platform : "");
	}
	edit_root(derivation);
	return 0;
}

/* Layers that the base does not have, ahead of it. */
static int
bring(const struct derivation *derivation, struct repository *destination, struct error **err)
{
	const struct base_image *base = &derivation->rebase.new_base;
	const struct descriptors *brought = &derivation->rebase.brought;
	struct observer *observer = session_observer(derivation->session);
	const struct fetch_options fetch = {
		.repository = base->found.repository,
		.store = derivation->destination.store,
		.local_store = derivation->destination.local_store,
		.observer = observer,
	};
	const struct send_options send = {
		.source = base->found.repository,
		.destination = destination,
		.mount_from = brought->count == 0 ? NULL
						  : push_find_mount(base->target.candidates,
								    derivation->options->output),
		.observer = observer,
	};

	if (brought->count == 0)
		return 0;
	return destination ? send_blobs(&send, brought, err) : fetch_blobs(&fetch, brought, err);
}

/* To a registry: the base's blobs are sent directly from its place to the destination, unless they
 * exist there. */
static int
push(const struct derivation *derivation, const struct image_node *root, struct error **err)
{
	const struct location *output = derivation->options->output;
	const struct location *base = derivation->base.target.candidates;
	AUTO_STRINGS struct strings tags = { 0 };
	AUTO_REPOSITORY struct repository *destination =
		repository_open(derivation->session, output, REPOSITORY_WRITE, err);
	struct pushing pushing = {
		.session = derivation->session,
		.source = derivation->base.content.repository,
		.made = derivation->destination.store,
		.destination = destination,
		.present = &derivation->rebase.brought,
		.root = root,
		.mount_from = base ? push_find_mount(base, output) : NULL,
	};
	struct pushed ignored;

	if (!destination || store_commit(derivation->destination.store, err) < 0 ||
	    bring(derivation, destination, err) < 0)
		return -1;
	strings_add(&tags, output->reference.tag);
	return push_tree(&pushing, &tags, &ignored, err);
}

static int
deliver(const struct derivation *derivation, const struct image_node *root, struct error **err)
{
	AUTO_FREE char *name = location_format(derivation->options->output);
	struct delivery delivery = {
		.root = root,
		.repository = derivation->base.content.repository,
		.name = name,
	};

	if (derivation->options->push)
		return push(derivation, root, err);
	return bring(derivation, NULL, err) < 0
		       ? -1
		       : destination_put(&derivation->destination, &delivery, err);
}

static int
derive(struct derivation *derivation, struct derive_result *result, struct error **err)
{
	const struct derive_options *options = derivation->options;
	bool is_named = options->output->transport == TRANSPORT_REGISTRY;
	AUTO_IMAGE_NODE struct image_node root = { 0 };

	if ((options->push &&
	     repository_expect_write(derivation->session, options->output, err) < 0) ||
	    destination_open(derivation->session, is_named ? NULL : options->output,
			     &derivation->destination, err) < 0 ||
	    begin(derivation, err) < 0)
		return -1;
	derivation->layers = xcalloc(options->layer_count + 1, sizeof(*derivation->layers));
	derivation->diff_ids = xcalloc(options->layer_count + 1, sizeof(*derivation->diff_ids));
	for (size_t i = 0; i < options->layer_count; i++) {
		if (new_layer_make(derivation->destination.store, &options->layers[i],
				   &options->how, &derivation->layers[i], err) < 0) {
			store_discard_parts(derivation->destination.store);
			return -1;
		}
		derivation->diff_ids[i] = derivation->layers[i].diff_id;
	}
	if (derive_manifests(derivation, err) < 0 ||
	    image_part_compose(&derivation->root, &derivation->images, &root, err) < 0) {
		store_discard_parts(derivation->destination.store);
		return -1;
	}
	if (derivation->dropped_xattrs > 0)
		observer_tell(session_observer(derivation->session), EVENT_NOTICE,
			      "extended attributes of the image that were skipped: %" PRIu64,
			      derivation->dropped_xattrs);
	result->digest = root.descriptor.digest;
	return deliver(derivation, &root, err);
}

int
derive_image(struct session *session, const struct derive_options *options,
	     struct derive_result *ret_result, struct error **err)
{
	CLEANUP(derivation_release)
	struct derivation derivation = { .session = session, .options = options };

	if (derive(&derivation, ret_result, err) < 0)
		return -1;
	ret_result->repository = location_repository(options->output);
	return 0;
}

void
derive_result_release(struct derive_result *result)
{
	free(result->repository);
	result->repository = NULL;
}
