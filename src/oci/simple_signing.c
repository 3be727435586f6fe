/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/simple_signing.h"

#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "oci/document.h"

static const char known_type[] = "cosign container image signature";
static const char fingerprint_key[] = "dev.ocifp.fingerprint";

struct top {
	const json_t *critical;
	const json_t *optional;
};

struct critical {
	const json_t *identity;
	const json_t *image;
	const char *type;
};

struct text {
	const char *value;
};

static const struct field top_fields[] = {
	FIELD("critical", FIELD_OBJECT, true, top, critical),
	FIELD("optional", FIELD_OBJECT, false, top, optional),
};

static const struct field critical_fields[] = {
	FIELD("identity", FIELD_OBJECT, true, critical, identity),
	FIELD("image", FIELD_OBJECT, true, critical, image),
	FIELD("type", FIELD_STRING, true, critical, type),
};

static const struct field reference_field =
	FIELD("docker-reference", FIELD_STRING, true, text, value);
static const struct field digest_field =
	FIELD("docker-manifest-digest", FIELD_STRING, true, text, value);
static const struct field fingerprint_field =
	FIELD(fingerprint_key, FIELD_STRING, false, text, value);

char *
simple_signing_format(const struct simple_signing *payload)
{
	AUTO_JSON json_t *document =
		json_pack("{s:{s:{s:s}, s:{s:s}, s:s}}", "critical", "identity", "docker-reference",
			  payload->reference, "image", "docker-manifest-digest",
			  digest_text(&payload->digest).text, "type", known_type);

	if (payload->fingerprint)
		json_object_set_new(document, "optional",
				    json_pack("{s:s}", fingerprint_key, payload->fingerprint));
	else
		json_object_set_new(document, "optional", json_null());
	return document_format(document);
}

static int
read_critical(const json_t *object, struct simple_signing *payload, struct error **err)
{
	struct critical critical = { 0 };
	struct text reference = { NULL };
	struct text digest = { NULL };

	if (DOCUMENT_READ(object, critical_fields, &critical, err) < 0 ||
	    document_read_fields(critical.identity, &reference_field, 1, &reference, err) < 0 ||
	    document_read_fields(critical.image, &digest_field, 1, &digest, err) < 0)
		return -1;
	if (strcmp(critical.type, known_type) != 0)
		return error_set(err, ERROR_CONTENT, "unknown kind of signature '%s'",
				 QUOTED(critical.type));
	if (digest_parse(digest.value, &payload->digest, err) < 0)
		return -1;
	payload->reference = xstrdup(reference.value);
	return 0;
}

int
simple_signing_parse(const void *bytes, size_t size, struct simple_signing *ret_payload,
		     struct error **err)
{
	AUTO_JSON json_t *document = document_parse(bytes, size, err);
	AUTO_SIMPLE_SIGNING struct simple_signing payload = { 0 };
	struct top top = { 0 };
	struct text fingerprint = { NULL };

	if (!document || DOCUMENT_READ(document, top_fields, &top, err) < 0)
		return -1;
	if (top.optional &&
	    document_read_fields(top.optional, &fingerprint_field, 1, &fingerprint, err) < 0)
		return -1;
	if (read_critical(top.critical, &payload, err) < 0)
		return -1;
	payload.fingerprint = xstrdup_null(fingerprint.value);
	*ret_payload = payload;
	payload = (struct simple_signing){ 0 };
	return 0;
}

void
simple_signing_release(struct simple_signing *payload)
{
	free(payload->reference);
	free(payload->fingerprint);
}
