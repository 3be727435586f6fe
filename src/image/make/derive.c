/* SPDX-License-Identifier: Apache-2.0 */
#include "image/make/derive.h"

#include <jansson.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "image/document/content.h"
#include "image/document/image_node.h"
#include "image/document/image_tree.h"
#include "image/resolve/find.h"
#include "image/resolve/target.h"
#include "image/transfer/destination.h"
#include "image/transfer/push.h"
#include "image/transfer/push_tree.h"
#include "oci/annotation.h"
#include "oci/config.h"
#include "oci/config_edit.h"
#include "oci/document.h"
#include "oci/index.h"
#include "oci/location.h"
#include "repository/session.h"
#include "store/store.h"

struct derive_options;
struct destination;
struct error;
struct session;

struct derive_base {
	struct target target;
	struct found_image found; /* its repository: the store, if there is no base */
	struct content content;   /* where its blobs are */
	struct image_node root;
	struct image_nodes manifests; /* those of images; without a base one for each platform,
				       * which has a descriptor alone */
};

static int
read_base(struct derive_base *base, struct session *session, const struct derive_options *options,
	  struct error **err)
{
	struct selection selection = { .platforms = options->platforms };
	size_t count = 0;

	if (target_of_location(options->base, &base->target, err) < 0 ||
	    find_required_image(session, &base->target, &base->found, err) < 0)
		return -1;
	base->content.repository = base->found.repository;
	if (image_tree_get(&base->content, &selection, &base->found.root, &base->root, err) < 0)
		return -1;
	image_nodes_take(&base->root, &base->manifests);
	for (size_t i = 0; i < base->manifests.count; i++) {
		struct image_node node = base->manifests.items[i];

		memset(&base->manifests.items[i], 0, sizeof(node));
		if (image_index_entry_is_image(&node.descriptor) &&
		    media_type_is_config(node.manifest.config.media_type))
			base->manifests.items[count++] = node;
		else
			image_node_release(&node);
	}
	base->manifests.count = count;
	return count > 0 ? 0 : error_set(err, ERROR_CONTENT, "it is not an image");
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

/* Release it either way. */
static int
derive_base_open(struct derive_base *base, struct session *session,
		 const struct derive_options *options, const struct destination *destination,
		 struct error **err)
{
	AUTO_PLATFORM struct platform host = { 0 };

	base->content.cache = destination->store;
	base->content.local_store = destination->local_store;
	if (options->base)
		return read_base(base, session, options, err) < 0
			       ? error_wrap(err, "base '%s'", options->base)
			       : 0;
	platform_host(&host);
	if (!options->platforms)
		add_empty(&base->manifests, &host);
	for (size_t i = 0; options->platforms && i < options->platforms->count; i++)
		add_empty(&base->manifests, &options->platforms->items[i]);
	base->found.repository = repository_of_store(session, destination->store);
	base->content.repository = base->found.repository;
	return 0;
}

/* The configuration of one of its manifests, or a new one; the caller's. */
static json_t *
derive_base_get_config(const struct derive_base *base, const struct image_node *node,
		       struct error **err)
{
	AUTO_BUF struct buf bytes = BUF_INIT(CONFIG_LIMIT_BYTES);
	AUTO_CONFIG struct image_config config = { 0 };

	if (!node->bytes.data)
		return config_new(&node->descriptor.platform);
	if (content_get_blob(&base->content, &node->manifest.config, &bytes, err) < 0 ||
	    image_config_parse(bytes.data, bytes.size, &config, err) < 0 ||
	    image_config_check_layers(&config, node->manifest.layers.count, err) < 0) {
		error_wrap(err, "config");
		return NULL;
	}
	return document_parse(bytes.data, bytes.size, err);
}

/* Under way. */
struct derivation {
	struct session *session;
	const struct derive_options *options;
	struct destination destination;
	struct derive_base base;
	struct new_layer *layers;
	struct digest *diff_ids;
	json_t *annotations; /* of each manifest */
};

static void
derivation_release(struct derivation *derivation)
{
	destination_release(&derivation->destination);
	target_release(&derivation->base.target);
	found_image_release(&derivation->base.found);
	image_node_release(&derivation->base.root);
	image_nodes_release(&derivation->base.manifests);
	free(derivation->layers);
	free(derivation->diff_ids);
	json_decref(derivation->annotations);
}

static int
edit_config(const struct derivation *derivation, const struct image_node *node,
	    struct descriptor *ret_config, struct error **err)
{
	AUTO_JSON json_t *document = derive_base_get_config(&derivation->base, node, err);
	const char *media_type = node->manifest.config.media_type;
	AUTO_FREE char *text = NULL;

	if (!document)
		return -1;
	config_edit(document, derivation->options->change, derivation->diff_ids,
		    derivation->options->layer_count);
	text = document_format(document);
	ret_config->media_type = xstrdup(media_type ? media_type : MEDIA_OCI_CONFIG);
	ret_config->size_bytes = strlen(text);
	ret_config->digest = digest_of(DIGEST_SHA256, text, strlen(text));
	return store_add(derivation->destination.store, &ret_config->digest, text, strlen(text),
			 err);
}

/* With the annotations that the index has of it, and its platform unless that is another one now.
 */
static int
replace_document(struct image_node *node, json_t *document, const struct platform *platform,
		 struct error **err)
{
	AUTO_FREE char *media_type = xstrdup(node->descriptor.media_type);
	AUTO_DESCRIPTOR struct descriptor old = node->descriptor;
	struct image_node made = { 0 };

	node->descriptor = (struct descriptor){ 0 };
	if (image_node_make(document_format(document), media_type, &made, err) < 0) {
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
derive_manifest(struct derivation *derivation, struct image_node *node, struct error **err)
{
	AUTO_JSON json_t *document =
		derivation->options->base ? document_parse(node->bytes.data, node->bytes.size, err)
					  : manifest_new();
	AUTO_DESCRIPTOR struct descriptor config = { 0 };
	AUTO_DESCRIPTORS struct descriptors layers = { 0 };

	if (!document || edit_config(derivation, node, &config, err) < 0)
		return -1;
	for (size_t i = 0; i < derivation->options->layer_count; i++) {
		const struct new_layer *made = &derivation->layers[i];
		struct descriptor layer = {
			.media_type =
				xstrdup(new_layer_media_type(made, node->descriptor.media_type)),
			.digest = made->blob.digest,
			.size_bytes = made->blob.size_bytes,
		};

		descriptors_take(&layers, &layer);
	}
	if (derivation->options->clear_annotations)
		json_object_del(document, "annotations");
	manifest_edit(document, &config, &layers, derivation->annotations);
	return replace_document(node, document, derivation->options->change->platform, err);
}

/* A base in a directory or a file has a name here alone. */
static void
annotate_base(struct derivation *derivation)
{
	const struct location *place = derivation->base.target.candidates;
	const struct descriptor *root = &derivation->base.found.root.descriptor;
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

static int
derive_manifests(struct derivation *derivation, struct error **err)
{
	struct image_nodes *manifests = &derivation->base.manifests;

	if (derivation->options->change->platform && manifests->count > 1) {
		error_set(err, ERROR_USAGE, "--platform needs an image of a single platform");
		return error_set_hint(err, "--platform takes one of several");
	}
	derivation->annotations = json_object();
	if (derivation->options->annotate_base && derivation->options->base)
		annotate_base(derivation);
	json_object_update(derivation->annotations,
			   (json_t *)(uintptr_t)derivation->options->annotations);
	for (size_t i = 0; i < manifests->count; i++)
		if (derive_manifest(derivation, &manifests->items[i], err) < 0)
			return -1;
	return 0;
}

/* To the registry: what the base has goes from there to there, if it goes at all. */
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
		.root = root,
		.mount_from = base ? push_find_mount(base, output) : NULL,
	};
	struct pushed ignored;

	if (!destination || store_commit(derivation->destination.store, err) < 0)
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

	return derivation->options->push
		       ? push(derivation, root, err)
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
	    derive_base_open(&derivation->base, derivation->session, options,
			     &derivation->destination, err) < 0)
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
	    image_part_compose(&derivation->base.root, &derivation->base.manifests, &root, err) < 0)
		return -1;
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
