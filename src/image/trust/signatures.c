/* SPDX-License-Identifier: Apache-2.0 */
#include "image/trust/signatures.h"

#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "image/trust/expected_claim.h"
#include "image/trust/signing_key.h"

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

/* One signature; *ret_is_trusted: it is by one of the keys, whatever it says. */
static int
check_one(const struct signatures *signatures, const struct descriptor *layer,
	  const struct signing_keys *keys, const struct expected_claim *expected,
	  bool *ret_is_trusted, struct error **err)
{
	AUTO_BUF struct buf payload = BUF_INIT(SIGNATURE_PAYLOAD_LIMIT_BYTES);
	AUTO_SIMPLE_SIGNING struct simple_signing said = { 0 };
	const char *signature = descriptor_annotation(layer, ANNOTATION_SIGNATURE);

	if (!signature || !media_type_is(layer->media_type, MEDIA_SIMPLE_SIGNING))
		return error_set(err, ERROR_CONTENT, "the signature is malformed");
	if (layer->size_bytes > SIGNATURE_PAYLOAD_LIMIT_BYTES) {
		error_set(err, ERROR_CONTENT, "a signed claim has more than %zu bytes",
			  SIGNATURE_PAYLOAD_LIMIT_BYTES);
		return error_set_class(err, CLASS_LIMIT);
	}
	if (content_get_blob(&signatures->content, layer, &payload, err) < 0)
		return -1;
	if (!signing_keys_match(keys, payload.data, payload.size, signature))
		return error_set(err, ERROR_REFUSED, "no trusted key made this signature");
	*ret_is_trusted = true;
	if (simple_signing_parse(payload.data, payload.size, &said, err) < 0)
		return -1;
	return expected_claim_compare(expected, &said, err);
}

int
signatures_check(const struct signatures *signatures, const struct signing_keys *keys,
		 const struct expected_claim *expected, struct error **err)
{
	const struct descriptors *layers = &signatures->manifest.layers;
	AUTO_ERROR struct error *nearest = NULL;

	for (size_t i = 0; i < layers->count && i < SIGNATURES_LIMIT_COUNT; i++) {
		AUTO_ERROR struct error *failure = NULL;
		bool is_trusted = false;

		if (check_one(signatures, &layers->items[i], keys, expected, &is_trusted,
			      &failure) == 0)
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
