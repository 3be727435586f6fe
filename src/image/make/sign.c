/* SPDX-License-Identifier: Apache-2.0 */
#include "image/make/sign.h"

#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/strings.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "image/document/image_node.h"
#include "image/document/image_tree.h"
#include "image/resolve/find.h"
#include "image/resolve/target.h"
#include "image/transfer/push_tree.h"
#include "image/trust/bundles.h"
#include "image/trust/expected_claim.h"
#include "image/trust/signatures.h"
#include "image/trust/signing_key.h"
#include "oci/document.h"
#include "repository/session.h"

struct signing {
	struct session *session;
	struct store *store;
	struct repository *repository; /* where the image is */
	const struct signing_keys *keys;
	struct simple_signing claim;
	char *tag;     /* of the signatures */
	char *payload; /* the signed manifest or index */
	char *signature;
};

static void
signing_release(struct signing *signing)
{
	repository_free(signing->repository);
	simple_signing_release(&signing->claim);
	free(signing->tag);
	free(signing->payload);
	free(signing->signature);
}

static int
add_blob(const struct signing *signing, const char *media_type, const char *text,
	 struct descriptor *ret_descriptor, struct error **err)
{
	*ret_descriptor = (struct descriptor){
		.media_type = xstrdup(media_type),
		.digest = digest_of(DIGEST_SHA256, text, strlen(text)),
		.size_bytes = strlen(text),
	};
	return store_add(signing->store, &ret_descriptor->digest, text, strlen(text), err);
}

/* As an image without a platform has it: cosign adds to it when it signs after us. */
static char *
format_config(const struct descriptors *layers)
{
	static const char beginning[] = "0001-01-01T00:00:00Z";
	json_t *diff_ids = json_array();
	AUTO_JSON json_t *config = NULL;

	for (size_t i = 0; i < layers->count; i++)
		json_array_append_new(diff_ids,
				      json_string(digest_text(&layers->items[i].digest).text));
	config = json_pack("{s:s, s:{}, s:s, s:s, s:{s:s, s:o}}", "architecture", "", "config",
			   "created", beginning, "os", "", "rootfs", "type", "layers", "diff_ids",
			   diff_ids);
	return document_format(config);
}

/* The old layers and ours, in the store; of the manifest's layers only ours has to be sent. */
static int
make_manifest(const struct signing *signing, const struct manifest *old,
	      struct image_node *ret_node, struct error **err)
{
	AUTO_MANIFEST struct manifest manifest = { .annotations =
							   json_deep_copy(old->annotations) };
	AUTO_DESCRIPTOR struct descriptor layer = { 0 };
	AUTO_FREE char *config_text = NULL;

	if (add_blob(signing, MEDIA_SIMPLE_SIGNING, signing->payload, &layer, err) < 0)
		return -1;
	layer.annotations = json_pack("{s:s}", ANNOTATION_SIGNATURE, signing->signature);
	for (size_t i = 0; i < old->layers.count; i++)
		descriptors_add(&manifest.layers, &old->layers.items[i]);
	descriptors_add(&manifest.layers, &layer);
	config_text = format_config(&manifest.layers);
	if (add_blob(signing, MEDIA_OCI_CONFIG, config_text, &manifest.config, err) < 0 ||
	    image_node_make(manifest_format(&manifest), MEDIA_OCI_MANIFEST, ret_node, err) < 0)
		return -1;
	descriptors_release(&ret_node->manifest.layers);
	ret_node->manifest.layers = (struct descriptors){ 0 };
	descriptors_add(&ret_node->manifest.layers, &layer);
	return 0;
}

static int
push(const struct signing *signing, const struct image_node *node, struct error **err)
{
	AUTO_REPOSITORY struct repository *source =
		repository_of_store(signing->session, signing->store);
	AUTO_STRINGS struct strings tags = { 0 };
	struct pushing pushing = {
		.session = signing->session,
		.source = source,
		.destination = signing->repository,
		.root = node,
	};
	struct pushed ignored;

	strings_add(&tags, signing->tag);
	return push_tree(&pushing, &tags, &ignored, err);
}

/* Whether the key has already signed the same claim, and the existing signatures. */
static int
look(const struct signing *signing, struct signatures *ret_signatures, bool *ret_is_signed,
     struct error **err)
{
	struct content content = { .repository = signing->repository, .cache = signing->store };
	struct expected_claim expected = { .claim = signing->claim };
	struct bundle_policy policy = { .keys = signing->keys, .expected = &expected };
	AUTO_ERROR struct error *failure = NULL;

	*ret_is_signed = false;
	if (signatures_get(&content, signing->tag, ret_signatures, err) < 0)
		return -1;
	if (ret_signatures->root.evidence.presence != PRESENCE_PRESENT)
		return 0;
	*ret_is_signed = signatures_check(ret_signatures, &policy, &failure) == 0;
	if (*ret_is_signed || error_is(failure, ERROR_REFUSED))
		return 0;
	return error_pass(err, TAKE_PTR(failure));
}

static int
sign_once(const struct signing *signing, struct sign_result *result, struct error **err)
{
	AUTO_SIGNATURES struct signatures signatures = { 0 };
	AUTO_IMAGE_NODE struct image_node node = { 0 };
	AUTO_FREE char *name = NULL;

	if (look(signing, &signatures, &result->was_there, err) < 0)
		return -1;
	result->count = signatures.manifest.layers.count;
	if (result->was_there)
		return 0;
	result->count++;
	name = xasprintf("%s:%s", repository_name(signing->repository), signing->tag);
	if (signatures.manifest.layers.count >= SIGNATURES_LIMIT_COUNT)
		return error_set(err, ERROR_FAILURE, "it has %zu signatures already",
				 signatures.manifest.layers.count);
	if (make_manifest(signing, &signatures.manifest, &node, err) < 0 ||
	    store_add(signing->store, &node.descriptor.digest, node.bytes.data, node.bytes.size,
		      err) < 0 ||
	    store_set_reference(signing->store, name, &node.descriptor, err) < 0)
		return -1;
	return push(signing, &node, err);
}

static int
prepare(struct signing *signing, const struct target *target, const struct found_image *found,
	struct error **err)
{
	const struct location *place = &target->candidates[found->place];
	AUTO_FREE char *repository = location_repository(place);

	signing->store = session_store(signing->session, err);
	if (!signing->store ||
	    found_image_fingerprint(&found->root, &signing->claim.fingerprint, err) < 0)
		return -1;
	signing->repository = repository_open(signing->session, place, REPOSITORY_WRITE, err);
	if (!signing->repository)
		return -1;
	signing->claim.reference = text_quote_string(repository);
	signing->claim.digest = found->root.descriptor.digest;
	signing->tag = signatures_tag(&signing->claim.digest);
	signing->payload = simple_signing_format(&signing->claim);
	return signing_key_sign(signing->keys->items[0], signing->payload, strlen(signing->payload),
				&signing->signature, err);
}

int
sign_image(struct session *session, const struct target *target, const struct found_image *found,
	   const struct signing_keys *keys, struct sign_result *ret_result, struct error **err)
{
	AUTO_FREE char *name = target_name(target, found->place);
	CLEANUP(signing_release) struct signing signing = { .session = session, .keys = keys };

	if (prepare(&signing, target, found, err) < 0 || sign_once(&signing, ret_result, err) < 0)
		return error_wrap(err, "cannot sign '%s'", name);
	return 0;
}
