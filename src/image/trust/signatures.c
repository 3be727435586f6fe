/* SPDX-License-Identifier: Apache-2.0 */
#include "image/trust/signatures.h"

#include <string.h>

#include "base/base64.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "image/trust/bundles.h"
#include "image/trust/expected_claim.h"
#include "image/trust/signer_certificate.h"
#include "image/trust/signing_key.h"
#include "image/trust/sigstore_bundle.h"
#include "oci/document.h"

#define ANNOTATION_CERTIFICATE "dev.sigstore.cosign/certificate"
#define ANNOTATION_PROMISE "dev.sigstore.cosign/bundle"
#define ANNOTATION_TIMESTAMP "dev.sigstore.cosign/rfc3161timestamp"

char *
signatures_tag(const struct digest *digest)
{
	return xasprintf("%s-%s.sig", digest_algorithm_name(digest->algorithm),
			 digest_hex(digest).text);
}

int
signatures_get(const struct content *content, const char *tag, struct signatures *ret_signatures,
	       struct error **err)
{
	struct resolution *root = &ret_signatures->root;

	ret_signatures->content = *content;
	if (repository_resolve(content->repository, tag, NULL, root, err) < 0)
		return error_wrap(err, "cannot tell whether the image is signed");
	if (root->evidence.presence != PRESENCE_PRESENT)
		return 0;
	if (manifest_read(root->value, root->descriptor.media_type, &ret_signatures->manifest,
			  err) < 0)
		return error_wrap(err, "signatures '%s'", tag);
	return 0;
}

void
signatures_release(struct signatures *signatures)
{
	resolution_release(&signatures->root);
	manifest_release(&signatures->manifest);
}

int
signatures_read_payload(const struct signatures *signatures, const struct descriptor *layer,
			struct buf *payload, struct error **err)
{
	if (!descriptor_annotation(layer, ANNOTATION_SIGNATURE) ||
	    !media_type_is(layer->media_type, MEDIA_SIMPLE_SIGNING))
		return error_set(err, ERROR_CONTENT, "the signature is malformed");
	if (layer->size_bytes > SIGNATURE_PAYLOAD_LIMIT_BYTES) {
		error_set(err, ERROR_CONTENT, "a signed claim has more than %zu bytes",
			  SIGNATURE_PAYLOAD_LIMIT_BYTES);
		return error_set_class(err, CLASS_LIMIT);
	}
	return content_get_blob(&signatures->content, layer, payload, err);
}

/* What Rekor 1 promised, as an entry of a bundle; NULL: not JSON. */
static json_t *
promised_entry(const char *promise, struct error **err)
{
	AUTO_JSON json_t *document = document_parse(promise, strlen(promise), err);
	const json_t *said = json_object_get(document, "Payload");
	const char *hex = json_string_value(json_object_get(said, "logID"));
	uint8_t id[DIGEST_MAX_BYTES];
	AUTO_FREE char *encoded = NULL;

	if (!document)
		return NULL;
	if (hex && text_parse_hex(hex, digest_size(DIGEST_SHA256), id))
		encoded = base64_encode(id, digest_size(DIGEST_SHA256));
	return json_pack("{s:{s:s*}, s:{s:s, s:s}, s:O*, s:O*, s:{s:O*}, s:O*}", "logId", "keyId",
			 encoded, "kindVersion", "kind", "hashedrekord", "version", "0.0.1",
			 "logIndex", json_object_get(said, "logIndex"), "integratedTime",
			 json_object_get(said, "integratedTime"), "inclusionPromise",
			 "signedEntryTimestamp", json_object_get(document, "SignedEntryTimestamp"),
			 "canonicalizedBody", json_object_get(said, "body"));
}

int
signatures_read_bundle(const struct descriptor *layer, const struct buf *payload,
		       struct sigstore_bundle *ret_bundle, struct error **err)
{
	const char *pem = descriptor_annotation(layer, ANNOTATION_CERTIFICATE);
	const char *promise = descriptor_annotation(layer, ANNOTATION_PROMISE);
	const char *stamp = descriptor_annotation(layer, ANNOTATION_TIMESTAMP);
	struct digest digest = digest_of(DIGEST_SHA256, payload->data, payload->size);
	AUTO_FREE char *encoded = base64_encode(digest.bytes, digest_size(digest.algorithm));
	struct octets der = { NULL, 0 };
	AUTO_FREE char *certificate = NULL;
	AUTO_JSON json_t *entry = NULL;
	AUTO_JSON json_t *time = NULL;
	AUTO_JSON json_t *bundle = NULL;
	AUTO_FREE char *text = NULL;

	if (!pem || !signer_certificate_read_pem(pem, strlen(pem), &der))
		return error_set(err, ERROR_CONTENT, "'%s' is not a certificate",
				 ANNOTATION_CERTIFICATE);
	certificate = base64_encode(der.data, der.size);
	free(der.data);
	if ((promise && !(entry = promised_entry(promise, err))) ||
	    (stamp && !(time = document_parse(stamp, strlen(stamp), err))))
		return -1;
	bundle = json_pack("{s:s, s:{s:{s:s, s:s}, s:s}, s:{s:{s:s}, s:[O*], s:{s:[O*]}}}",
			   "mediaType", MEDIA_SIGSTORE_BUNDLE_OLDEST, "messageSignature",
			   "messageDigest", "algorithm", "SHA2_256", "digest", encoded, "signature",
			   descriptor_annotation(layer, ANNOTATION_SIGNATURE),
			   "verificationMaterial", "certificate", "rawBytes", certificate,
			   "tlogEntries", entry, "timestampVerificationData", "rfc3161Timestamps",
			   json_object_get(time, "SignedRFC3161Timestamp"));
	text = document_format(bundle);
	return sigstore_bundle_parse(text, strlen(text), ret_bundle, err);
}

/* By one of the keys or identities.  *ret_is_trusted: the error is worth reporting. */
static int
check_signer(const struct descriptor *layer, const struct buf *payload,
	     const struct bundle_policy *policy, bool *ret_is_trusted, struct error **err)
{
	AUTO_SIGSTORE_BUNDLE struct sigstore_bundle bundle = { 0 };

	if (policy->keys && signing_keys_match(policy->keys, payload->data, payload->size,
					       descriptor_annotation(layer, ANNOTATION_SIGNATURE)))
		return 0;
	if (policy->identity_count == 0 || !descriptor_annotation(layer, ANNOTATION_CERTIFICATE))
		return error_set(err, ERROR_REFUSED, "no trusted key made this signature");
	*ret_is_trusted = true;
	if (signatures_read_bundle(layer, payload, &bundle, err) < 0)
		return -1;
	return bundles_check_signer(&bundle, policy, err);
}

/* One signature; *ret_is_trusted: it is by one of them, whatever it says. */
static int
check_one(const struct signatures *signatures, const struct descriptor *layer,
	  const struct bundle_policy *policy, bool *ret_is_trusted, struct error **err)
{
	AUTO_BUF struct buf payload = BUF_INIT(SIGNATURE_PAYLOAD_LIMIT_BYTES);
	AUTO_SIMPLE_SIGNING struct simple_signing said = { 0 };

	if (signatures_read_payload(signatures, layer, &payload, err) < 0)
		return -1;
	if (check_signer(layer, &payload, policy, ret_is_trusted, err) < 0)
		return -1;
	*ret_is_trusted = true;
	if (simple_signing_parse(payload.data, payload.size, &said, err) < 0)
		return -1;
	return expected_claim_compare(policy->expected, &said, err);
}

int
signatures_check(const struct signatures *signatures, const struct bundle_policy *policy,
		 struct error **err)
{
	const struct descriptors *layers = &signatures->manifest.layers;
	AUTO_ERROR struct error *nearest = NULL;

	for (size_t i = 0; i < layers->count && i < SIGNATURES_LIMIT_COUNT; i++) {
		AUTO_ERROR struct error *failure = NULL;
		bool is_trusted = false;

		if (check_one(signatures, &layers->items[i], policy, &is_trusted, &failure) == 0)
			return 0;
		if (!error_is(failure, ERROR_REFUSED) && !error_is(failure, ERROR_CONTENT))
			return error_pass(err, TAKE_PTR(failure));
		if (is_trusted && !nearest)
			nearest = TAKE_PTR(failure);
	}
	if (nearest)
		error_set(err, ERROR_REFUSED, "%s", error_text(nearest));
	else
		error_set(err, ERROR_REFUSED, "no trusted key made any of its %zu signatures",
			  layers->count);
	return error_set_class(err, CLASS_SIGNATURE);
}
