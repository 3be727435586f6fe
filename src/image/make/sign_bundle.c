/* SPDX-License-Identifier: Apache-2.0 */
#include "image/make/sign_bundle.h"

#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "image/document/content.h"
#include "image/make/sign.h"
#include "image/resolve/find.h"
#include "image/resolve/target.h"
#include "image/transfer/blob.h"
#include "image/trust/bundles.h"
#include "image/trust/expected_claim.h"
#include "image/trust/signing_key.h"
#include "image/trust/sigstore_bundle.h"
#include "oci/manifest.h"
#include "oci/referrer.h"
#include "oci/statement.h"
#include "repository/session.h"

struct signing {
	struct store *store;
	struct repository *repository; /* where the image is */
	const struct found_image *found;
	const struct signing_keys *keys;
	struct statement_subject subject;
};

static void
signing_release(struct signing *signing)
{
	repository_free(signing->repository);
	free(signing->subject.name);
	free(signing->subject.fingerprint);
}

/* Whether the key has already signed the same claim; *ret_count is the number of bundles. */
static int
look(const struct signing *signing, size_t *ret_count, bool *ret_is_signed, struct error **err)
{
	struct content content = { .repository = signing->repository, .cache = signing->store };
	struct expected_claim expected = {
		.claim = { .reference = signing->subject.name,
			   .digest = signing->subject.digest,
			   .fingerprint = signing->subject.fingerprint },
		.must_name = true,
	};
	struct bundle_policy policy = {
		.predicate_type = PREDICATE_SIGNATURE,
		.keys = signing->keys,
		.expected = &expected,
	};
	AUTO_DESCRIPTORS struct descriptors entries = { 0 };
	AUTO_GOOD_BUNDLE struct good_bundle ignored = { 0 };
	AUTO_ERROR struct error *failure = NULL;

	if (bundles_list(&content, &signing->subject.digest, &entries, err) < 0)
		return -1;
	*ret_count = entries.count;
	*ret_is_signed = bundles_check(&content, &entries, &policy, &ignored, &failure) == 0;
	if (*ret_is_signed || error_is(failure, ERROR_REFUSED))
		return 0;
	return error_pass(err, TAKE_PTR(failure));
}

static int
make_manifest(const struct signing *signing, const struct descriptor *config,
	      struct good_bundle *made, struct error **err)
{
	AUTO_MANIFEST struct manifest manifest = {
		.artifact_type = xstrdup(MEDIA_SIGSTORE_BUNDLE),
		.has_subject = true,
		.annotations = json_pack("{s:s, s:s}", ANNOTATION_BUNDLE_CONTENT, "dsse-envelope",
					 ANNOTATION_BUNDLE_PREDICATE, PREDICATE_SIGNATURE),
	};
	AUTO_REFERRER struct referrer referrer = { 0 };
	AUTO_FREE char *text = NULL;
	struct descriptor descriptor = { .media_type = (char[]){ MEDIA_OCI_MANIFEST } };
	bool has_subject;

	descriptor_copy(config, &manifest.config);
	descriptor_copy(&signing->found->root.descriptor, &manifest.subject);
	descriptors_add(&manifest.layers, &made->layer);
	text = manifest_format(&manifest);
	descriptor.digest = digest_of(DIGEST_SHA256, text, strlen(text));
	descriptor.size_bytes = strlen(text);
	made->manifest = BUF_INIT(MANIFEST_LIMIT_BYTES);
	if (buf_append_text(&made->manifest, text, err) < 0 ||
	    referrer_parse(&descriptor, text, &referrer, &has_subject, err) < 0)
		return -1;
	descriptor_copy(&referrer.entry, &made->descriptor);
	return 0;
}

/* Also kept in the store, where a later verification finds it. */
static int
add(struct session *session, const struct signing *signing, struct error **err)
{
	AUTO_REPOSITORY struct repository *store = repository_of_store(session, signing->store);
	AUTO_FREE char *tag = referrer_tag(&signing->subject.digest);
	AUTO_FREE char *name = xasprintf("%s:%s", repository_name(signing->repository), tag);
	struct content kept = { .repository = store };
	AUTO_GOOD_BUNDLE struct good_bundle made = { .bytes = BUF_INIT(BUNDLE_LIMIT_BYTES) };
	AUTO_FREE char *bundle = NULL;
	const struct signing_key *key = signing->keys->items[0];
	AUTO_FREE char *statement = statement_format(PREDICATE_SIGNATURE, &signing->subject);
	AUTO_FREE char *hint = signing_key_hint(key);
	AUTO_FREE char *signature = NULL;
	AUTO_BUF struct buf signed_bytes = BUF_INIT(SIGNATURE_PAYLOAD_LIMIT_BYTES);
	AUTO_DESCRIPTOR struct descriptor config = { 0 };
	struct put_result ignored;

	if (dsse_encode(STATEMENT_PAYLOAD_TYPE, statement, strlen(statement), &signed_bytes, err) <
		    0 ||
	    signing_key_sign(key, signed_bytes.data, signed_bytes.size, &signature, err) < 0)
		return -1;
	bundle = sigstore_bundle_format(STATEMENT_PAYLOAD_TYPE, statement, signature, hint);
	if (buf_append_text(&made.bytes, bundle, err) < 0 ||
	    put_blob_bytes(signing->repository, made.bytes.data, made.bytes.size,
			   MEDIA_SIGSTORE_BUNDLE, &made.layer, err) < 0 ||
	    put_blob_bytes(signing->repository, "{}", 2, MEDIA_OCI_EMPTY, &config, err) < 0 ||
	    make_manifest(signing, &config, &made, err) < 0 ||
	    repository_put_manifest(signing->repository, NULL, &made.descriptor, made.manifest.data,
				    &ignored, err) < 0)
		return -1;
	return bundles_keep(signing->store, &kept, name, &made, err);
}

static int
prepare(struct session *session, const struct target *target, struct signing *signing,
	struct error **err)
{
	const struct location *place = &target->candidates[signing->found->place];
	AUTO_FREE char *repository = location_repository(place);

	signing->store = session_store(session, err);
	if (!signing->store ||
	    found_image_fingerprint(&signing->found->root, &signing->subject.fingerprint, err) < 0)
		return -1;
	signing->repository = repository_open(session, place, REPOSITORY_WRITE, err);
	if (!signing->repository)
		return -1;
	signing->subject.name = text_quote_string(repository);
	signing->subject.digest = signing->found->root.descriptor.digest;
	return 0;
}

static int
sign_once(struct session *session, const struct signing *signing, struct sign_result *ret_result,
	  struct error **err)
{
	if (look(signing, &ret_result->count, &ret_result->was_there, err) < 0)
		return -1;
	if (ret_result->was_there)
		return 0;
	ret_result->count++;
	return add(session, signing, err);
}

int
sign_image_bundle(struct session *session, const struct target *target,
		  const struct found_image *found, const struct signing_keys *keys,
		  struct sign_result *ret_result, struct error **err)
{
	AUTO_FREE char *name = target_name(target, found->place);
	CLEANUP(signing_release) struct signing signing = { .found = found, .keys = keys };

	if (prepare(session, target, &signing, err) < 0 ||
	    sign_once(session, &signing, ret_result, err) < 0)
		return error_wrap(err, "cannot sign '%s'", name);
	return 0;
}
