/* SPDX-License-Identifier: Apache-2.0 */
#include "image/trust/log_body.h"

#include <string.h>

#include "base/base64.h"
#include "base/error.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "image/trust/signer_certificate.h"
#include "oci/document.h"

struct top {
	const char *kind;
	const char *version;
	const json_t *spec;
};

static const struct field top_fields[] = {
	FIELD("kind", FIELD_STRING, true, top, kind),
	FIELD("apiVersion", FIELD_STRING, true, top, version),
	FIELD("spec", FIELD_OBJECT, true, top, spec),
};

static int
refuse(struct error **err, const char *what)
{
	return error_set(err, ERROR_CONTENT, "a log entry has no %s that we can read", what);
}

/* The string at the end of a path of names, or of indexes such as "0"; NULL: none. */
static const char *
find_string(const json_t *object, const char *const *path)
{
	for (; *path; path++)
		object = json_is_array(object) ? json_array_get(object, (size_t)(**path - '0'))
					       : json_object_get(object, *path);
	return json_string_value(object);
}

#define FIND(object, ...) find_string(object, (const char *const[]){ __VA_ARGS__, NULL })

static int
decode(const char *text, const char *what, struct octets *ret_octets, struct error **err)
{
	ret_octets->data = text ? base64_decode(text, &ret_octets->size) : NULL;
	return ret_octets->data ? 0 : refuse(err, what);
}

static int
read_hex_digest(const char *algorithm, const char *hex, struct digest *digest, struct error **err)
{
	AUTO_FREE char *text = NULL;

	if (!algorithm || strcmp(algorithm, "sha256") != 0 || !hex)
		return refuse(err, "digest");
	text = xasprintf("sha256:%s", hex);
	return digest_parse(text, digest, err);
}

/* Base64 of a certificate in PEM. */
static int
read_pem(const char *encoded, struct log_body *body, struct error **err)
{
	struct octets pem = { NULL, 0 };
	bool is_read;

	if (decode(encoded, "certificate", &pem, err) < 0)
		return -1;
	is_read = signer_certificate_read_pem(pem.data, pem.size, &body->certificate);
	free(pem.data);
	return is_read ? 0 : refuse(err, "certificate");
}

static int
read_hashedrekord(const json_t *spec, struct log_body *body, struct error **err)
{
	if (read_hex_digest(FIND(spec, "data", "hash", "algorithm"),
			    FIND(spec, "data", "hash", "value"), &body->digest, err) < 0 ||
	    decode(FIND(spec, "signature", "content"), "signature", &body->signature, err) < 0)
		return -1;
	return read_pem(FIND(spec, "signature", "publicKey", "content"), body, err);
}

static int
read_dsse(const json_t *spec, struct log_body *body, struct error **err)
{
	body->is_envelope = true;
	if (json_array_size(json_object_get(spec, "signatures")) != 1)
		return refuse(err, "single signature");
	if (read_hex_digest(FIND(spec, "payloadHash", "algorithm"),
			    FIND(spec, "payloadHash", "value"), &body->digest, err) < 0 ||
	    decode(FIND(spec, "signatures", "0", "signature"), "signature", &body->signature, err) <
		    0)
		return -1;
	return read_pem(FIND(spec, "signatures", "0", "verifier"), body, err);
}

/* Its signature is base64 of base64. */
static int
read_intoto(const json_t *spec, struct log_body *body, struct error **err)
{
	const json_t *content = json_object_get(spec, "content");
	const json_t *envelope = json_object_get(content, "envelope");
	struct octets encoded = { NULL, 0 };
	int ret;

	body->is_envelope = true;
	if (json_array_size(json_object_get(envelope, "signatures")) != 1)
		return refuse(err, "single signature");
	if (read_hex_digest(FIND(content, "payloadHash", "algorithm"),
			    FIND(content, "payloadHash", "value"), &body->digest, err) < 0 ||
	    decode(FIND(envelope, "signatures", "0", "sig"), "signature", &encoded, err) < 0)
		return -1;
	ret = memchr(encoded.data, '\0', encoded.size)
		      ? refuse(err, "signature")
		      : decode((const char *)encoded.data, "signature", &body->signature, err);
	free(encoded.data);
	return ret < 0 ? -1 : read_pem(FIND(envelope, "signatures", "0", "publicKey"), body, err);
}

/* Of version 2: a digest in base64, and a signature with its certificate. */
static int
read_second(const json_t *hash, const json_t *signature, struct log_body *body, struct error **err)
{
	const char *algorithm = FIND(hash, "algorithm");
	struct octets digest = { NULL, 0 };
	bool is_sha256;

	body->is_second = true;
	if (decode(FIND(hash, "digest"), "digest", &digest, err) < 0)
		return -1;
	is_sha256 = algorithm && strcmp(algorithm, "SHA2_256") == 0 &&
		    digest.size == digest_size(DIGEST_SHA256);
	if (is_sha256) {
		body->digest.algorithm = DIGEST_SHA256;
		memcpy(body->digest.bytes, digest.data, digest.size);
	}
	free(digest.data);
	if (!is_sha256)
		return refuse(err, "digest");
	if (decode(FIND(signature, "content"), "signature", &body->signature, err) < 0)
		return -1;
	return decode(FIND(signature, "verifier", "x509Certificate", "rawBytes"), "certificate",
		      &body->certificate, err);
}

static int
read_second_hashedrekord(const json_t *spec, struct log_body *body, struct error **err)
{
	const json_t *record = json_object_get(spec, "hashedRekordV002");

	return read_second(json_object_get(record, "data"), json_object_get(record, "signature"),
			   body, err);
}

static int
read_second_dsse(const json_t *spec, struct log_body *body, struct error **err)
{
	const json_t *record = json_object_get(spec, "dsseV002");
	const json_t *signatures = json_object_get(record, "signatures");

	body->is_envelope = true;
	if (json_array_size(signatures) != 1)
		return refuse(err, "single signature");
	return read_second(json_object_get(record, "payloadHash"), json_array_get(signatures, 0),
			   body, err);
}

static const struct kind {
	const char *name, *version;
	int (*read)(const json_t *spec, struct log_body *body, struct error **err);
} kinds[] = {
	{ "hashedrekord", "0.0.1", read_hashedrekord },
	{ "dsse", "0.0.1", read_dsse },
	{ "intoto", "0.0.2", read_intoto },
	{ "hashedrekord", "0.0.2", read_second_hashedrekord },
	{ "dsse", "0.0.2", read_second_dsse },
};

static const struct kind *
find_kind(const char *name, const char *version)
{
	for (size_t i = 0; i < COUNT_OF(kinds); i++)
		if (strcmp(kinds[i].name, name) == 0 && strcmp(kinds[i].version, version) == 0)
			return &kinds[i];
	return NULL;
}

int
log_body_parse(const struct log_entry *entry, struct log_body *ret_body, struct error **err)
{
	AUTO_JSON json_t *document = document_parse(entry->body.data, entry->body.size, err);
	AUTO_LOG_BODY struct log_body body = { 0 };
	const struct kind *kind = find_kind(entry->kind, entry->version);
	struct top top = { 0 };

	if (!document || DOCUMENT_READ(document, top_fields, &top, err) < 0)
		return -1;
	if (!kind)
		return error_set(err, ERROR_CONTENT, "unknown kind of log entry '%s'",
				 QUOTED(entry->kind));
	if (strcmp(top.kind, entry->kind) != 0 || strcmp(top.version, entry->version) != 0)
		return error_set(err, ERROR_CONTENT, "a log entry is of another kind, '%s'",
				 QUOTED(top.kind));
	if (kind->read(top.spec, &body, err) < 0)
		return -1;
	*ret_body = body;
	body = (struct log_body){ 0 };
	return 0;
}

void
log_body_release(struct log_body *body)
{
	free(body->signature.data);
	free(body->certificate.data);
	*body = (struct log_body){ 0 };
}
