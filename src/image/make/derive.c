#include "image/make/derive.h"

#include <string.h>

#include "base/error.h"
#include "base/xalloc.h"
#include "image/document/annotation.h"
#include "image/make/derive_base.h"
#include "image/transfer/destination.h"
#include "image/transfer/push.h"
#include "image/transfer/push_tree.h"
#include "oci/document.h"
#include "oci/location.h"
#include "repository/session.h"
#include "store/state.h"

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
	derive_base_release(&derivation->base);
	free(derivation->layers);
	free(derivation->diff_ids);
	json_decref(derivation->annotations);
}

static int
make_layers(struct derivation *derivation, struct error **err)
{
	const struct derive_options *options = derivation->options;

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
	return 0;
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

static void
describe_layers(const struct derivation *derivation, const char *manifest_type,
		struct descriptors *layers)
{
	for (size_t i = 0; i < derivation->options->layer_count; i++) {
		const struct new_layer *made = &derivation->layers[i];
		struct descriptor layer = {
			.media_type = xstrdup(new_layer_media_type(made, manifest_type)),
			.digest = made->blob.digest,
			.size_bytes = made->blob.size_bytes,
		};

		descriptors_take(layers, &layer);
	}
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
	describe_layers(derivation, node->descriptor.media_type, &layers);
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

static void
collect_annotations(struct derivation *derivation)
{
	derivation->annotations = json_object();
	if (derivation->options->annotate_base && derivation->options->base)
		annotate_base(derivation);
	json_object_update(derivation->annotations,
			   (json_t *)(uintptr_t)derivation->options->annotations);
}

static int
derive_manifests(struct derivation *derivation, struct error **err)
{
	struct image_nodes *manifests = &derivation->base.manifests;

	if (derivation->options->change->platform && manifests->count > 1) {
		error_set(err, ERROR_USAGE,
			  "only an image of one platform can become one for another");
		return error_set_hint(err, "--platform takes one of several");
	}
	collect_annotations(derivation);
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

	if (destination_open(derivation->session, is_named ? NULL : options->output,
			     &derivation->destination, err) < 0 ||
	    derive_base_open(&derivation->base, derivation->session, options,
			     &derivation->destination, err) < 0 ||
	    make_layers(derivation, err) < 0 || derive_manifests(derivation, err) < 0 ||
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
