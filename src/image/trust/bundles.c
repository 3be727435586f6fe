/* SPDX-License-Identifier: Apache-2.0 */
#include "image/trust/bundles.h"

#include <string.h>
#include <time.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "image/document/content.h"
#include "image/trust/expected_claim.h"
#include "image/trust/keyless.h"
#include "image/trust/signing_key.h"
#include "image/trust/sigstore_bundle.h"
#include "oci/index.h"
#include "oci/manifest.h"
#include "oci/statement.h"
#include "repository/repository.h"
#include "store/store.h"

static const char bundle_prefix[] = "application/vnd.dev.sigstore.bundle";

/* For a manifest with an artifactType, go-containerregistry lists the media type of its config. */
bool
bundles_may_be(const struct descriptor *entry)
{
	const char *type = entry->artifact_type;

	return media_type_is(entry->media_type, MEDIA_OCI_MANIFEST) &&
	       (!type || !*type || media_type_is(type, MEDIA_OCI_EMPTY) ||
		text_starts(type, bundle_prefix));
}

int
bundles_list(const struct content *content, const struct digest *subject,
	     struct descriptors *ret_entries, struct error **err)
{
	AUTO_DESCRIPTORS struct descriptors found = { 0 };

	if (repository_list_referrers(content->repository, subject, NULL, &found, err) < 0)
		return error_wrap(err, "cannot tell whether the image is signed");
	for (size_t i = 0; i < found.count; i++)
		if (bundles_may_be(&found.items[i]))
			descriptors_take(ret_entries, &found.items[i]);
	return 0;
}

bool
bundles_is_by_key(const struct sigstore_bundle *bundle, const struct signing_keys *keys)
{
	AUTO_BUF struct buf signed_bytes = BUF_INIT(BUNDLE_LIMIT_BYTES);
	AUTO_ERROR struct error *ignored = NULL;

	return keys &&
	       dsse_encode(bundle->payload_type, bundle->payload.data, bundle->payload.size,
			   &signed_bytes, &ignored) == 0 &&
	       signing_keys_verify(keys, signed_bytes.data, signed_bytes.size,
				   bundle->signature.data, bundle->signature.size);
}

/* The identities may be of instances with a log and without. */
int
bundles_check_signer(const struct sigstore_bundle *bundle, const struct bundle_policy *policy,
		     struct error **err)
{
	AUTO_ERROR struct error *nearest = NULL;

	if (bundle->key_hint)
		return bundles_is_by_key(bundle, policy->keys)
			       ? 0
			       : error_set(err, ERROR_REFUSED,
					   "no trusted key made this signature");
	for (size_t i = 0; policy->root && i < policy->identity_count; i++) {
		error_free(nearest);
		nearest = NULL;
		if (keyless_verify(bundle, policy->root, &policy->identities[i],
				   (int64_t)time(NULL), &nearest) == 0)
			return 0;
	}
	if (nearest)
		return error_pass(err, TAKE_PTR(nearest));
	return error_set(err, ERROR_REFUSED, "it is signed by an identity, and none is trusted");
}

int
bundles_read_statement(const struct sigstore_bundle *bundle, struct statement *ret_statement,
		       struct error **err)
{
	if (!bundle->is_envelope)
		return error_set(err, ERROR_REFUSED, "a file is signed, no claim about the image");
	if (strcmp(bundle->payload_type, STATEMENT_PAYLOAD_TYPE) != 0)
		return error_set(err, ERROR_REFUSED, "the signed payload is '%s', not a statement",
				 QUOTED(bundle->payload_type));
	return statement_parse(bundle->payload.data, bundle->payload.size, ret_statement, err);
}

int
bundles_read(const struct content *content, const struct descriptor *entry,
	     struct good_bundle *ret_bytes, struct sigstore_bundle *ret_bundle, struct error **err)
{
	AUTO_RESOLUTION struct resolution found = { 0 };
	AUTO_MANIFEST struct manifest manifest = { 0 };
	bool is_found = false;

	if (content_get_manifest(content, entry, &found, &is_found, err) < 0)
		return -1;
	if (!is_found)
		return error_set(err, ERROR_CONTENT, "the manifest of a bundle is not there");
	if (manifest_read(found.value, found.descriptor.media_type, &manifest, err) < 0)
		return -1;
	if (!manifest.artifact_type || !text_starts(manifest.artifact_type, bundle_prefix) ||
	    manifest.layers.count != 1 ||
	    !text_starts(manifest.layers.items[0].media_type, bundle_prefix))
		return error_set(err, ERROR_CONTENT, "a referrer is not a bundle");
	descriptor_copy(&manifest.layers.items[0], &ret_bytes->layer);
	ret_bytes->manifest = found.bytes;
	found.bytes = (struct buf){ 0 };
	if (ret_bytes->layer.size_bytes > BUNDLE_LIMIT_BYTES) {
		error_set(err, ERROR_CONTENT, "a bundle has more than %zu bytes",
			  BUNDLE_LIMIT_BYTES);
		return error_set_class(err, CLASS_LIMIT);
	}
	ret_bytes->bytes = BUF_INIT(BUNDLE_LIMIT_BYTES);
	if (content_get_blob(content, &ret_bytes->layer, &ret_bytes->bytes, err) < 0)
		return -1;
	return sigstore_bundle_parse(ret_bytes->bytes.data, ret_bytes->bytes.size, ret_bundle, err);
}

/* *ret_is_trusted: its signer is trusted, whatever the claim is; or the error about an identity's
 * signature is worth reporting. */
static int
check_one(const struct content *content, const struct descriptor *entry,
	  const struct bundle_policy *policy, struct good_bundle *good, bool *ret_is_trusted,
	  struct error **err)
{
	AUTO_SIGSTORE_BUNDLE struct sigstore_bundle bundle = { 0 };
	AUTO_STATEMENT struct statement statement = { 0 };

	if (bundles_read(content, entry, good, &bundle, err) < 0)
		return -1;
	if (!bundle.is_envelope)
		return error_set(err, ERROR_REFUSED, "a file is signed, no claim about the image");
	if (bundles_check_signer(&bundle, policy, err) < 0) {
		*ret_is_trusted = !bundle.key_hint && policy->identity_count > 0;
		return -1;
	}
	*ret_is_trusted = true;
	if (bundles_read_statement(&bundle, &statement, err) < 0)
		return -1;
	if (strcmp(statement.predicate_type, policy->predicate_type) != 0)
		return error_set(err, ERROR_REFUSED, "a claim of another type is signed, '%s'",
				 QUOTED(statement.predicate_type));
	return expected_claim_compare_statement(policy->expected, &statement, err);
}

struct search {
	const struct content *content;
	const struct descriptors *entries;
	const struct bundle_policy *policy;
	struct good_bundle *good;
	struct error *nearest;
	size_t looked_at;
};

/* *ret_found: one of those that are listed with this type, NULL: with none, is good. */
static int
search_listed(struct search *search, const char *predicate_type, bool *ret_found,
	      struct error **err)
{
	for (size_t i = 0; i < search->entries->count; i++) {
		const struct descriptor *entry = &search->entries->items[i];
		const char *listed = descriptor_annotation(entry, ANNOTATION_BUNDLE_PREDICATE);
		AUTO_GOOD_BUNDLE struct good_bundle good = { 0 };
		AUTO_ERROR struct error *failure = NULL;
		bool is_trusted = false;

		if (!listed != !predicate_type || (listed && strcmp(listed, predicate_type) != 0) ||
		    search->looked_at >= SIGNATURES_LIMIT_COUNT)
			continue;
		search->looked_at++;
		if (check_one(search->content, entry, search->policy, &good, &is_trusted,
			      &failure) == 0) {
			descriptor_copy(entry, &good.descriptor);
			*search->good = good;
			good = (struct good_bundle){ 0 };
			*ret_found = true;
			return 0;
		}
		/* The error about one bundle; others may be good. */
		if (!error_is(failure, ERROR_REFUSED) && !error_is(failure, ERROR_CONTENT))
			return error_pass(err, TAKE_PTR(failure));
		if (is_trusted && !search->nearest)
			search->nearest = TAKE_PTR(failure);
	}
	return 0;
}

int
bundles_check(const struct content *content, const struct descriptors *entries,
	      const struct bundle_policy *policy, struct good_bundle *ret_good, struct error **err)
{
	struct search search = {
		.content = content,
		.entries = entries,
		.policy = policy,
		.good = ret_good,
	};
	bool is_found = false;
	int result = search_listed(&search, policy->predicate_type, &is_found, err);

	if (result == 0 && !is_found)
		result = search_listed(&search, NULL, &is_found, err);
	if (result == 0 && !is_found) {
		if (search.nearest)
			error_set(err, ERROR_REFUSED, "%s", error_text(search.nearest));
		else if (search.looked_at == 0)
			error_set(err, ERROR_REFUSED, "it has no bundle of type '%s'",
				  search.policy->predicate_type);
		else
			error_set(err, ERROR_REFUSED, "no trusted key made any of its %zu bundles",
				  search.looked_at);
		result = error_set_class(err, CLASS_SIGNATURE);
	}
	error_free(search.nearest);
	return result;
}

void
good_bundle_release(struct good_bundle *good)
{
	descriptor_release(&good->descriptor);
	descriptor_release(&good->layer);
	buf_release(&good->manifest);
	buf_release(&good->bytes);
}

static int
read_kept(const struct content *store, const char *name, struct image_index *ret_index,
	  struct error **err)
{
	AUTO_RESOLUTION struct resolution found = { 0 };

	if (repository_resolve(store->repository, name, NULL, &found, err) < 0)
		return -1;
	if (found.evidence.presence != PRESENCE_PRESENT)
		return 0;
	return image_index_read(found.value, found.descriptor.media_type, ret_index, err);
}

int
bundles_list_kept(const struct content *store, const char *name, struct descriptors *ret_entries,
		  struct error **err)
{
	AUTO_INDEX struct image_index index = { 0 };

	if (read_kept(store, name, &index, err) < 0)
		return -1;
	for (size_t i = 0; i < index.manifests.count; i++)
		descriptors_take(ret_entries, &index.manifests.items[i]);
	return 0;
}

/* Replaces unreadable entries, and the last one if there are too many. */
static void
list_good(const struct content *kept, const char *name, const struct descriptor *good,
	  struct image_index *ret_index)
{
	AUTO_ERROR struct error *ignored = NULL;
	AUTO_DESCRIPTORS struct descriptors old = { 0 };

	ret_index->media_type = xstrdup(MEDIA_OCI_INDEX);
	descriptors_add(&ret_index->manifests, good);
	if (bundles_list_kept(kept, name, &old, &ignored) < 0)
		return;
	for (size_t i = 0; i < old.count && i < SIGNATURES_LIMIT_COUNT - 1; i++)
		if (!digest_equal(&old.items[i].digest, &good->digest))
			descriptors_take(&ret_index->manifests, &old.items[i]);
}

int
bundles_keep(struct store *store, const struct content *kept, const char *name,
	     const struct good_bundle *good, struct error **err)
{
	AUTO_INDEX struct image_index index = { 0 };
	AUTO_FREE char *text = NULL;
	struct descriptor descriptor = { .media_type = (char[]){ MEDIA_OCI_INDEX } };

	list_good(kept, name, &good->descriptor, &index);
	text = image_index_format(&index);
	descriptor.digest = digest_of(DIGEST_SHA256, text, strlen(text));
	descriptor.size_bytes = strlen(text);
	if (store_add(store, &good->layer.digest, good->bytes.data, good->bytes.size, err) < 0 ||
	    store_add(store, &good->descriptor.digest, good->manifest.data, good->manifest.size,
		      err) < 0 ||
	    store_add(store, &descriptor.digest, text, strlen(text), err) < 0)
		return -1;
	return store_set_reference(store, name, &descriptor, err);
}
