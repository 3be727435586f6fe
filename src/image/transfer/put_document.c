/* SPDX-License-Identifier: Apache-2.0 */
#include "image/transfer/put_document.h"

#include "base/buf.h"
#include "base/error.h"
#include "base/xalloc.h"
#include "image/transfer/confirm_tag.h"
#include "oci/document.h"
#include "oci/location.h"
#include "oci/manifest.h"
#include "oci/reference.h"
#include "repository/repository.h"

static int
describe(const struct buf *bytes, enum digest_algorithm algorithm,
	 struct descriptor *ret_descriptor, struct error **err)
{
	AUTO_JSON json_t *document = document_parse(bytes->data, bytes->size, err);
	const char *named = json_string_value(json_object_get(document, "mediaType"));
	enum document_kind kind;

	if (!document || manifest_kind(document, named, &kind, err) < 0)
		return -1;
	if (kind == DOCUMENT_OTHER)
		return error_set(err, ERROR_CONTENT, "it is neither a manifest nor an index");
	if (!named)
		named = kind == DOCUMENT_INDEX ? MEDIA_OCI_INDEX : MEDIA_OCI_MANIFEST;
	*ret_descriptor = (struct descriptor){
		.media_type = xstrdup(named),
		.digest = digest_of(algorithm, bytes->data, bytes->size),
		.size_bytes = bytes->size,
	};
	return 0;
}

int
put_document(struct session *session, const struct location *location, const struct buf *bytes,
	     struct digest *ret_digest, struct error **err)
{
	const struct reference *reference = &location->reference;
	enum digest_algorithm algorithm = reference->digest.algorithm;
	AUTO_DESCRIPTOR struct descriptor descriptor = { 0 };
	AUTO_STRINGS struct strings tags = { 0 };
	struct put_result put_result;
	AUTO_REPOSITORY struct repository *repository =
		repository_open(session, location, REPOSITORY_WRITE, err);

	if (reference->tag)
		strings_add(&tags, reference->tag);
	if (!repository ||
	    describe(bytes, algorithm == DIGEST_NONE ? DIGEST_SHA256 : algorithm, &descriptor,
		     err) < 0 ||
	    reference_check_digest(reference, &descriptor.digest, err) < 0 ||
	    repository_put_manifest(repository, reference->tag, &descriptor, bytes->data,
				    &put_result, err) < 0 ||
	    (!reference->tag && repository_list_manifest(repository, &descriptor, err) < 0) ||
	    confirm_tags(session, location, &tags, false, &put_result, err) < 0)
		return -1;
	*ret_digest = put_result.digest;
	return 0;
}
