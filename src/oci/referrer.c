/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/referrer.h"

#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "oci/document.h"

static const char *
find_artifact_type(const json_t *document)
{
	const char *type = json_string_value(json_object_get(document, "artifactType"));
	const json_t *config = json_object_get(document, "config");

	if (type && *type)
		return type;
	return json_string_value(json_object_get(config, "mediaType"));
}

int
referrer_parse(const struct descriptor *descriptor, const void *bytes,
	       struct referrer *ret_referrer, bool *ret_found, struct error **err)
{
	AUTO_JSON json_t *document = document_parse(bytes, (size_t)descriptor->size_bytes, err);
	const json_t *named = json_object_get(document, "subject");
	AUTO_DESCRIPTOR struct descriptor subject = { 0 };

	if (!document)
		return -1;
	*ret_found = named && !json_is_null(named);
	if (!*ret_found)
		return 0;
	if (descriptor_parse(named, &subject, err) < 0)
		return error_wrap(err, "subject");
	ret_referrer->subject = subject.digest;
	ret_referrer->entry = (struct descriptor){
		.media_type = xstrdup(descriptor->media_type),
		.digest = descriptor->digest,
		.size_bytes = descriptor->size_bytes,
		.artifact_type = xstrdup_null(find_artifact_type(document)),
		.annotations = json_deep_copy(json_object_get(document, "annotations")),
	};
	return 0;
}

void
referrer_release(struct referrer *referrer)
{
	descriptor_release(&referrer->entry);
	*referrer = (struct referrer){ 0 };
}

char *
referrer_tag(const struct digest *subject)
{
	return xasprintf("%s-%.*s", digest_algorithm_name(subject->algorithm),
			 REFERRER_TAG_HEX_CHARS, digest_hex(subject).text);
}

bool
referrer_fits(const struct descriptor *entry, const char *artifact_type)
{
	return !artifact_type ||
	       (entry->artifact_type && strcmp(entry->artifact_type, artifact_type) == 0);
}
