/* SPDX-License-Identifier: Apache-2.0 */
#include "image/trust/bundle_signers.h"

#include <time.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "image/trust/bundles.h"
#include "image/trust/expected_claim.h"
#include "image/trust/keyless.h"
#include "image/trust/signatures.h"
#include "image/trust/signing_key.h"
#include "image/trust/sigstore_bundle.h"
#include "oci/statement.h"

/* From an unverified certificate. */
static void
read_identity(const struct sigstore_bundle *bundle, struct signer_identity *identity)
{
	AUTO_ERROR struct error *ignored = NULL;
	X509 *certificate = signer_certificate_parse(&bundle->certificates, &ignored);

	if (certificate)
		(void)signer_certificate_identity(certificate, identity, &ignored);
	X509_free(certificate);
}

static void
read_signer(const struct sigstore_bundle *bundle, const struct bundle_judges *judges,
	    struct bundle_signer *signer)
{
	AUTO_ERROR struct error *ignored = NULL;

	if (bundle->key_hint) {
		signer->key_hint = xstrdup(bundle->key_hint);
		signer->is_verified = bundles_is_by_key(bundle, judges->keys);
		return;
	}
	signer->is_verified =
		judges->root && keyless_check(bundle, judges->root, true, (int64_t)time(NULL),
					      &signer->identity, &ignored) == 0;
	if (!signer->is_verified)
		read_identity(bundle, &signer->identity);
}

static int
read_one(const struct content *content, const struct descriptor *entry,
	 const struct digest *subject, const struct bundle_judges *judges,
	 struct bundle_signer *signer, struct error **err)
{
	struct expected_claim expected = { .claim.digest = *subject };
	AUTO_SIGSTORE_BUNDLE struct sigstore_bundle bundle = { 0 };
	AUTO_GOOD_BUNDLE struct good_bundle bytes = { 0 };
	AUTO_STATEMENT struct statement statement = { 0 };

	if (bundles_read(content, entry, &bytes, &bundle, err) < 0 ||
	    bundles_read_statement(&bundle, &statement, err) < 0 ||
	    expected_claim_compare_statement(&expected, &statement, err) < 0)
		return -1;
	signer->predicate_type = xstrdup(statement.predicate_type);
	read_signer(&bundle, judges, signer);
	return 0;
}

static void
add(struct bundle_signers *signers, const struct bundle_signer *signer)
{
	signers->items = xgrow(signers->items, signers->count, sizeof(*signer));
	signers->items[signers->count++] = *signer;
}

int
bundle_signers_read(const struct content *content, const struct descriptors *referrers,
		    const struct digest *subject, const struct bundle_judges *judges,
		    struct bundle_signers *ret_signers, struct error **err)
{
	ret_signers->is_read = true;
	for (size_t i = 0; i < referrers->count; i++) {
		const struct descriptor *entry = &referrers->items[i];
		struct bundle_signer signer = { .digest = entry->digest };
		AUTO_ERROR struct error *failure = NULL;

		if (!bundles_may_be(entry) || ret_signers->count >= SIGNATURES_LIMIT_COUNT)
			continue;
		if (read_one(content, entry, subject, judges, &signer, &failure) < 0 &&
		    !error_is(failure, ERROR_CONTENT) && !error_is(failure, ERROR_REFUSED))
			return error_pass(err, TAKE_PTR(failure));
		add(ret_signers, &signer);
	}
	return 0;
}

static int
read_classic(const struct signatures *signatures, const struct descriptor *layer,
	     const struct digest *subject, const struct bundle_judges *judges,
	     struct bundle_signer *signer, struct error **err)
{
	struct expected_claim expected = { .claim.digest = *subject };
	AUTO_BUF struct buf payload = BUF_INIT(SIGNATURE_PAYLOAD_LIMIT_BYTES);
	AUTO_SIMPLE_SIGNING struct simple_signing said = { 0 };
	AUTO_SIGSTORE_BUNDLE struct sigstore_bundle bundle = { 0 };
	AUTO_ERROR struct error *by_key = NULL;

	if (signatures_read_payload(signatures, layer, &payload, err) < 0 ||
	    simple_signing_parse(payload.data, payload.size, &said, err) < 0 ||
	    expected_claim_compare(&expected, &said, err) < 0)
		return -1;
	signer->predicate_type = xstrdup(PREDICATE_SIGNATURE);
	if (signatures_read_bundle(layer, &payload, &bundle, &by_key) == 0) {
		read_signer(&bundle, judges, signer);
		return 0;
	}
	signer->key_hint = xstrdup("");
	signer->is_verified =
		judges->keys &&
		signing_keys_match(judges->keys, payload.data, payload.size,
				   descriptor_annotation(layer, ANNOTATION_SIGNATURE));
	return 0;
}

int
bundle_signers_read_classic(const struct content *content, const struct digest *subject,
			    const struct bundle_judges *judges, struct bundle_signers *ret_signers,
			    struct error **err)
{
	AUTO_FREE char *tag = signatures_tag(subject);
	AUTO_SIGNATURES struct signatures signatures = { 0 };
	const struct descriptors *layers = &signatures.manifest.layers;

	ret_signers->is_read = true;
	if (signatures_get(content, tag, &signatures, err) < 0)
		return -1;
	for (size_t i = 0; i < layers->count && i < SIGNATURES_LIMIT_COUNT; i++) {
		struct bundle_signer signer = { .digest = layers->items[i].digest };
		AUTO_ERROR struct error *failure = NULL;

		if (read_classic(&signatures, &layers->items[i], subject, judges, &signer,
				 &failure) < 0 &&
		    !error_is(failure, ERROR_CONTENT) && !error_is(failure, ERROR_REFUSED))
			return error_pass(err, TAKE_PTR(failure));
		add(ret_signers, &signer);
	}
	return 0;
}

const struct bundle_signer *
bundle_signers_find(const struct bundle_signers *signers, const struct digest *digest)
{
	for (size_t i = 0; i < signers->count; i++)
		if (digest_equal(&signers->items[i].digest, digest))
			return &signers->items[i];
	return NULL;
}

void
bundle_signers_release(struct bundle_signers *signers)
{
	for (size_t i = 0; i < signers->count; i++) {
		free(signers->items[i].predicate_type);
		free(signers->items[i].key_hint);
		signer_identity_release(&signers->items[i].identity);
	}
	free(signers->items);
	*signers = (struct bundle_signers){ 0 };
}

char *
bundle_signer_format(const struct bundle_signer *signer)
{
	const char *end = signer->is_verified ? ", verified" : "";

	if (!signer->predicate_type)
		return xstrdup("not a bundle of this image");
	if (signer->key_hint && !*signer->key_hint)
		return xasprintf("%s by a key%s", QUOTED(signer->predicate_type), end);
	if (signer->key_hint)
		return xasprintf("%s by key '%s'%s", QUOTED(signer->predicate_type),
				 QUOTED(signer->key_hint), end);
	if (!signer->identity.subject)
		return xasprintf("%s by an unknown identity", QUOTED(signer->predicate_type));
	return xasprintf("%s by %s of %s%s", QUOTED(signer->predicate_type),
			 QUOTED(signer->identity.subject), QUOTED(signer->identity.issuer), end);
}

json_t *
bundle_signers_json(const struct bundle_signers *signers)
{
	json_t *array = json_array();

	for (size_t i = 0; i < signers->count; i++)
		json_array_append_new(array,
				      json_pack("{s:s, s:s?, s:s?, s:s?, s:s?, s:b}", "digest",
						digest_text(&signers->items[i].digest).text,
						"predicate_type", signers->items[i].predicate_type,
						"key_hint", signers->items[i].key_hint, "issuer",
						signers->items[i].identity.issuer, "subject",
						signers->items[i].identity.subject, "verified",
						signers->items[i].is_verified));
	return array;
}
