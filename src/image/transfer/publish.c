/* SPDX-License-Identifier: Apache-2.0 */
#include "image/transfer/publish.h"

#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "image/document/image_node.h"
#include "image/document/image_tree.h"
#include "image/resolve/target.h"
#include "oci/annotation.h"
#include "oci/document.h"
#include "oci/index.h"
#include "project/ci.h"
#include "store/store.h"

static int
add_blob(struct store *store, const char *media_type, const void *bytes, size_t size,
	 struct descriptor *ret_descriptor, struct error **err)
{
	*ret_descriptor = (struct descriptor){
		.media_type = xstrdup(media_type),
		.digest = digest_of(DIGEST_SHA256, bytes, size),
		.size_bytes = size,
	};
	return store_add(store, &ret_descriptor->digest, bytes, size, err);
}

/* An artifact manifest with the record as its only layer. */
static char *
format_record_manifest(const struct descriptor *config, const struct descriptor *layer)
{
	AUTO_MANIFEST struct manifest manifest = { .artifact_type = xstrdup(MEDIA_INPUTS) };

	descriptor_copy(config, &manifest.config);
	descriptors_add(&manifest.layers, layer);
	return manifest_format(&manifest);
}

static int
make_record(struct store *store, const struct target *target, struct image_node *ret_node,
	    struct error **err)
{
	AUTO_DESCRIPTOR struct descriptor config = { 0 };
	AUTO_DESCRIPTOR struct descriptor layer = { 0 };
	struct platform unknown = { .os = (char[]){ "unknown" },
				    .architecture = (char[]){ "unknown" } };

	if (add_blob(store, MEDIA_OCI_EMPTY, "{}", 2, &config, err) < 0 ||
	    add_blob(store, MEDIA_INPUTS, target->record.data, target->record.size, &layer, err) <
		    0)
		return -1;
	if (image_node_make(format_record_manifest(&config, &layer), MEDIA_OCI_MANIFEST, ret_node,
			    err) < 0)
		return -1;
	ret_node->descriptor.artifact_type = xstrdup(MEDIA_INPUTS);
	ret_node->descriptor.has_platform = true;
	platform_copy(&unknown, &ret_node->descriptor.platform);
	return store_add(store, &ret_node->descriptor.digest, ret_node->bytes.data,
			 ret_node->bytes.size, err);
}

static int
make_index(struct store *store, const struct target *target, const struct publish_options *options,
	   struct image_node *node, struct error **err)
{
	AUTO_INDEX struct image_index index = {
		.media_type = xstrdup(MEDIA_OCI_INDEX),
		.annotations = json_copy((json_t *)(uintptr_t)options->annotations),
	};
	const struct descriptors *kept = options->kept;
	const struct image_node *record = &node->children[node->child_count - 1];
	AUTO_FREE char *source = ci_source_url(target->directory);
	AUTO_FREE char *revision = ci_revision(target->directory);

	for (size_t i = 0; kept && i < kept->count; i++)
		descriptors_add(&index.manifests, &kept->items[i]);
	for (size_t i = 0; i < node->child_count; i++)
		descriptors_add(&index.manifests, &node->children[i].descriptor);
	image_index_set_annotation(&index, ANNOTATION_FINGERPRINT,
				   digest_hex(&target->fingerprint.digest).text);
	image_index_set_annotation(&index, ANNOTATION_SCHEME,
				   fingerprint_scheme_name(target->fingerprint.scheme));
	image_index_set_annotation(&index, ANNOTATION_INPUTS,
				   digest_text(&record->manifest.layers.items[0].digest).text);
	if (source)
		image_index_set_annotation(&index, ANNOTATION_SOURCE, source);
	if (revision)
		image_index_set_annotation(&index, ANNOTATION_REVISION, revision);
	if (image_node_make(image_index_format(&index), MEDIA_OCI_INDEX, node, err) < 0)
		return -1;
	return store_add(store, &node->descriptor.digest, node->bytes.data, node->bytes.size, err);
}

int
publish_make(struct store *store, const struct target *target, struct image_nodes *manifests,
	     const struct publish_options *options, struct image_node *ret_index,
	     struct error **err)
{
	AUTO_IMAGE_NODES struct image_nodes record = { .items = XNEW(struct image_node),
						       .count = 1 };

	if (make_record(store, target, record.items, err) < 0)
		return error_wrap(err, "cannot publish the list of inputs");
	image_nodes_adopt(manifests, ret_index);
	image_nodes_adopt(&record, ret_index);
	return make_index(store, target, options, ret_index, err);
}
