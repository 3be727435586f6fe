#include "image/derive.h"

#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "image/content.h"
#include "image/destination.h"
#include "image/find.h"
#include "image/part.h"
#include "image/push.h"
#include "image/push_tree.h"
#include "image/target.h"
#include "image/tree.h"
#include "oci/document.h"
#include "oci/index.h"
#include "oci/location.h"
#include "repository/session.h"

/* Under way. */
struct derivation {
	struct session *session;
	const struct derive_options *options;
	struct destination destination;
	struct target base;
	struct found_image found; /* repository NULL: there is no base */
	struct image_node root;   /* the base's documents */
	struct image_nodes manifests;
	struct new_layer *layers;
	struct digest *diff_ids;
};

static void
derivation_release(struct derivation *derivation)
{
	destination_release(&derivation->destination);
	target_release(&derivation->base);
	found_image_release(&derivation->found);
	image_node_release(&derivation->root);
	image_nodes_release(&derivation->manifests);
	free(derivation->layers);
	free(derivation->diff_ids);
}

static struct content
content_of(const struct derivation *derivation)
{
	return (struct content){
		.repository = derivation->found.repository,
		.cache = derivation->destination.store,
		.also = derivation->destination.also,
	};
}

static bool
is_image(const struct image_node *node)
{
	return image_index_entry_is_image(&node->descriptor) &&
	       media_type_is_config(node->manifest.config.media_type);
}

static int
keep_images(struct image_nodes *nodes, struct error **err)
{
	size_t count = 0;

	for (size_t i = 0; i < nodes->count; i++) {
		struct image_node node = nodes->items[i];

		memset(&nodes->items[i], 0, sizeof(node));
		if (is_image(&node))
			nodes->items[count++] = node;
		else
			image_node_release(&node);
	}
	nodes->count = count;
	return count > 0 ? 0 : error_set(err, ERROR_CONTENT, "it is no image");
}

static int
read_base(struct derivation *derivation, struct error **err)
{
	const struct derive_options *options = derivation->options;
	struct selection selection = { .platforms = options->platforms };
	struct content content;

	if (target_of_location(options->base, &derivation->base, err) < 0 ||
	    find_required_image(derivation->session, &derivation->base, &derivation->found, err) <
		    0)
		return -1;
	content = content_of(derivation);
	if (image_tree_get(&content, &selection, &derivation->found.root, &derivation->root, err) <
	    0)
		return -1;
	image_nodes_take(&derivation->root, &derivation->manifests);
	return keep_images(&derivation->manifests, err);
}

static void
add_empty(struct image_nodes *nodes, const struct platform *platform)
{
	struct image_node node = { .kind = DOCUMENT_MANIFEST, .descriptor.has_platform = true };

	platform_copy(platform, &node.descriptor.platform);
	node.descriptor.media_type = xstrdup(MEDIA_OCI_MANIFEST);
	nodes->items = xrealloc(nodes->items, (nodes->count + 1) * sizeof(*nodes->items));
	nodes->items[nodes->count++] = node;
}

static void
make_base(struct derivation *derivation)
{
	const struct platforms *platforms = derivation->options->platforms;
	AUTO_PLATFORM struct platform host = { 0 };

	platform_host(&host);
	if (!platforms)
		add_empty(&derivation->manifests, &host);
	for (size_t i = 0; platforms && i < platforms->count; i++)
		add_empty(&derivation->manifests, &platforms->items[i]);
	derivation->found.repository =
		repository_of_store(derivation->session, derivation->destination.store);
}

static int
make_layers(struct derivation *derivation, struct error **err)
{
	const struct derive_options *options = derivation->options;

	derivation->layers = xcalloc(options->layer_count + 1, sizeof(*derivation->layers));
	derivation->diff_ids = xcalloc(options->layer_count + 1, sizeof(*derivation->diff_ids));
	for (size_t i = 0; i < options->layer_count; i++) {
		const struct layer_path *layer = &options->layers[i];

		if (new_layer_make(derivation->destination.store, layer->path, layer->prefix,
				   &options->how, &derivation->layers[i], err) < 0)
			return -1;
		derivation->diff_ids[i] = derivation->layers[i].diff_id;
	}
	return 0;
}

/* The base's configuration, or a new one; the caller's. */
static json_t *
get_config(const struct derivation *derivation, const struct image_node *node, struct error **err)
{
	AUTO_BUF struct buf bytes = BUF_INIT(CONFIG_LIMIT_BYTES);
	struct content content = content_of(derivation);
	AUTO_CONFIG struct image_config config = { 0 };

	if (!derivation->options->base)
		return config_new(&node->descriptor.platform);
	if (content_get_blob(&content, &node->manifest.config, &bytes, err) < 0 ||
	    image_config_parse(bytes.data, bytes.size, &config, err) < 0 ||
	    image_config_check_layers(&config, node->manifest.layers.count, err) < 0) {
		error_wrap(err, "config");
		return NULL;
	}
	return document_parse(bytes.data, bytes.size, err);
}

static int
edit_config(const struct derivation *derivation, const struct image_node *node,
	    struct descriptor *ret_config, struct error **err)
{
	AUTO_JSON json_t *document = get_config(derivation, node, err);
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

/* With the platform and the annotations that the index has of it. */
static int
replace_document(struct image_node *node, json_t *document, struct error **err)
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
	platform_copy(&old.platform, &made.descriptor.platform);
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
	manifest_edit(document, &config, &layers, derivation->options->annotations);
	return replace_document(node, document, err);
}

static int
derive_manifests(struct derivation *derivation, struct error **err)
{
	struct image_nodes *manifests = &derivation->manifests;

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
	const struct location *base = derivation->base.places;
	AUTO_STRINGS struct strings tags = { 0 };
	AUTO_REPOSITORY struct repository *destination =
		repository_open(derivation->session, output, REPOSITORY_WRITE, err);
	struct pushing pushing = {
		.session = derivation->session,
		.source = derivation->found.repository,
		.made = derivation->destination.store,
		.destination = destination,
		.root = root,
		.mount_from = base ? push_find_mount(base, output) : NULL,
	};
	bool was_there;

	if (!destination || store_commit(derivation->destination.store, err) < 0)
		return -1;
	strings_add(&tags, output->reference.tag);
	return push_tree(&pushing, &tags, &was_there, err);
}

static int
deliver(const struct derivation *derivation, const struct image_node *root, struct error **err)
{
	AUTO_FREE char *name = location_format(derivation->options->output);
	struct delivery delivery = {
		.root = root,
		.repository = derivation->found.repository,
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
			     &derivation->destination, err) < 0)
		return -1;
	if (!options->base)
		make_base(derivation);
	else if (read_base(derivation, err) < 0)
		return error_wrap(err, "base '%s'", options->base);
	if (make_layers(derivation, err) < 0 || derive_manifests(derivation, err) < 0 ||
	    image_part_compose(&derivation->root, &derivation->manifests, &root, err) < 0)
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
