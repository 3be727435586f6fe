/* SPDX-License-Identifier: Apache-2.0 */
#include "image/trust/sigstore_bundle.h"

#include <string.h>

#include <openssl/err.h>

#include "base/base64.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "oci/document.h"

#define SHA256_BYTES 32

static const struct {
	const char *media_type;
	unsigned minor;
} versions[] = {
	{ MEDIA_SIGSTORE_BUNDLE_OLDEST, 1 },
	{ "application/vnd.dev.sigstore.bundle+json;version=0.2", 2 },
	{ "application/vnd.dev.sigstore.bundle+json;version=0.3", 3 },
	{ MEDIA_SIGSTORE_BUNDLE, 3 },
};

struct top {
	const char *media_type;
	const json_t *material;
	const json_t *envelope;
	const json_t *message;
};

static const struct field top_fields[] = {
	FIELD("mediaType", FIELD_STRING, true, top, media_type),
	FIELD("verificationMaterial", FIELD_OBJECT, true, top, material),
	FIELD("dsseEnvelope", FIELD_OBJECT, false, top, envelope),
	FIELD("messageSignature", FIELD_OBJECT, false, top, message),
};

struct envelope {
	const char *payload_type;
	const char *payload;
	const json_t *signatures;
};

static const struct field envelope_fields[] = {
	FIELD("payloadType", FIELD_STRING, true, envelope, payload_type),
	FIELD("payload", FIELD_STRING, true, envelope, payload),
	FIELD("signatures", FIELD_ARRAY, true, envelope, signatures),
};

struct message {
	const json_t *digest;
	const char *signature;
};

static const struct field message_fields[] = {
	FIELD("messageDigest", FIELD_OBJECT, true, message, digest),
	FIELD("signature", FIELD_STRING, true, message, signature),
};

struct message_digest {
	const char *algorithm;
	const char *digest;
};

static const struct field message_digest_fields[] = {
	FIELD("algorithm", FIELD_STRING, true, message_digest, algorithm),
	FIELD("digest", FIELD_STRING, true, message_digest, digest),
};

struct material {
	const json_t *chain;
	const json_t *certificate;
	const json_t *key;
	const json_t *entries;
	const json_t *times;
};

static const struct field material_fields[] = {
	FIELD("x509CertificateChain", FIELD_OBJECT, false, material, chain),
	FIELD("certificate", FIELD_OBJECT, false, material, certificate),
	FIELD("publicKey", FIELD_OBJECT, false, material, key),
	FIELD("tlogEntries", FIELD_ARRAY, false, material, entries),
	FIELD("timestampVerificationData", FIELD_OBJECT, false, material, times),
};

struct entry {
	const json_t *log_id;
	const json_t *kind;
	const json_t *promise;
	const json_t *proof;
	const char *body;
};

static const struct field entry_fields[] = {
	FIELD("logId", FIELD_OBJECT, true, entry, log_id),
	FIELD("kindVersion", FIELD_OBJECT, true, entry, kind),
	FIELD("inclusionPromise", FIELD_OBJECT, false, entry, promise),
	FIELD("inclusionProof", FIELD_OBJECT, false, entry, proof),
	FIELD("canonicalizedBody", FIELD_STRING, true, entry, body),
};

struct kind_version {
	const char *kind;
	const char *version;
};

static const struct field kind_fields[] = {
	FIELD("kind", FIELD_STRING, true, kind_version, kind),
	FIELD("version", FIELD_STRING, true, kind_version, version),
};

struct proof {
	const char *root_hash;
	const json_t *hashes;
	const json_t *checkpoint;
};

static const struct field proof_fields[] = {
	FIELD("rootHash", FIELD_STRING, true, proof, root_hash),
	FIELD("hashes", FIELD_ARRAY, false, proof, hashes),
	FIELD("checkpoint", FIELD_OBJECT, false, proof, checkpoint),
};

static void
octets_list_release(struct octets_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i].data);
	free(list->items);
	*list = (struct octets_list){ 0 };
}

static int
decode(const char *text, const char *what, struct octets *ret_octets, struct error **err)
{
	size_t size;
	uint8_t *data = base64_decode(text, &size);

	if (!data || size == 0) {
		free(data);
		return error_set(err, ERROR_CONTENT, "'%s' is not base64", what);
	}
	free(ret_octets->data);
	*ret_octets = (struct octets){ data, size };
	return 0;
}

/* The one string that an object must have. */
static int
decode_field(const json_t *object, const char *name, struct octets *ret_octets, struct error **err)
{
	const char *text = NULL;
	const struct field field = { name, FIELD_STRING, true, 0 };

	if (document_read_fields(object, &field, 1, &text, err) < 0)
		return -1;
	return decode(text, name, ret_octets, err);
}

/* Items are strings, or objects with the string `name`. */
static int
decode_list(const json_t *array, const char *name, size_t limit, struct octets_list *list,
	    struct error **err)
{
	size_t count = json_array_size(array);

	if (count > limit) {
		error_set(err, ERROR_CONTENT, "%zu of '%s', more than %zu", count, name, limit);
		return error_set_class(err, CLASS_LIMIT);
	}
	list->items = xcalloc(count + 1, sizeof(*list->items));
	for (; list->count < count; list->count++) {
		const json_t *item = json_array_get(array, list->count);
		const char *text = json_string_value(item);

		if (!text)
			text = json_string_value(json_object_get(item, name));
		if (!text)
			return error_set(err, ERROR_CONTENT, "'%s' is not a string", name);
		if (decode(text, name, &list->items[list->count], err) < 0)
			return -1;
	}
	return 0;
}

/* Protocol Buffers write a number of 64 bits as a string, and leave out a zero. */
static int
read_number(const json_t *object, const char *name, uint64_t *ret_number, struct error **err)
{
	const json_t *value = json_object_get(object, name);

	*ret_number = 0;
	if (!value || json_is_null(value))
		return 0;
	if (json_is_integer(value) && json_integer_value(value) >= 0) {
		*ret_number = (uint64_t)json_integer_value(value);
		return 0;
	}
	if (json_is_string(value) &&
	    text_parse_uint(json_string_value(value), INT64_MAX, ret_number))
		return 0;
	return error_set(err, ERROR_CONTENT, "'%s' is not a number", name);
}

static int
read_envelope(const json_t *object, struct sigstore_bundle *bundle, struct error **err)
{
	struct envelope envelope = { 0 };

	if (DOCUMENT_READ(object, envelope_fields, &envelope, err) < 0)
		return -1;
	if (json_array_size(envelope.signatures) != 1)
		return error_set(err, ERROR_CONTENT, "an envelope has %zu signatures, not 1",
				 json_array_size(envelope.signatures));
	bundle->is_envelope = true;
	bundle->payload_type = xstrdup(envelope.payload_type);
	if (decode(envelope.payload, "payload", &bundle->payload, err) < 0)
		return -1;
	return decode_field(json_array_get(envelope.signatures, 0), "sig", &bundle->signature, err);
}

static int
read_message(const json_t *object, struct sigstore_bundle *bundle, struct error **err)
{
	struct message message = { 0 };
	struct message_digest digest = { 0 };

	if (DOCUMENT_READ(object, message_fields, &message, err) < 0 ||
	    DOCUMENT_READ(message.digest, message_digest_fields, &digest, err) < 0 ||
	    decode(message.signature, "signature", &bundle->signature, err) < 0 ||
	    decode(digest.digest, "digest", &bundle->message_digest, err) < 0)
		return -1;
	if (strcmp(digest.algorithm, "SHA2_256") != 0 ||
	    bundle->message_digest.size != SHA256_BYTES)
		return error_set(err, ERROR_CONTENT, "the message has no SHA-256 digest");
	return 0;
}

static int
read_content(const struct top *top, struct sigstore_bundle *bundle, struct error **err)
{
	if (!top->envelope == !top->message)
		return error_set(err, ERROR_CONTENT,
				 "it has neither an envelope nor a message, or both");
	return top->envelope ? read_envelope(top->envelope, bundle, err)
			     : read_message(top->message, bundle, err);
}

static int
read_certificates(const struct material *material, struct sigstore_bundle *bundle,
		  struct error **err)
{
	const json_t *chain = json_object_get(material->chain, "certificates");

	if (material->certificate) {
		bundle->certificates.items = xcalloc(1, sizeof(*bundle->certificates.items));
		bundle->certificates.count = 1;
		return decode_field(material->certificate, "rawBytes", bundle->certificates.items,
				    err);
	}
	if (json_array_size(chain) == 0)
		return error_set(err, ERROR_CONTENT, "the chain of certificates is empty");
	return decode_list(chain, "rawBytes", BUNDLE_CERTIFICATES_LIMIT_COUNT,
			   &bundle->certificates, err);
}

static int
read_signer(const struct material *material, struct sigstore_bundle *bundle, struct error **err)
{
	const char *hint;

	if (!!material->chain + !!material->certificate + !!material->key != 1)
		return error_set(err, ERROR_CONTENT,
				 "it has neither a certificate nor a key, or several");
	if (!material->key)
		return read_certificates(material, bundle, err);
	hint = json_string_value(json_object_get(material->key, "hint"));
	bundle->key_hint = xstrdup(hint ? hint : "");
	return 0;
}

static int
read_proof(const json_t *object, struct inclusion_proof *proof, struct error **err)
{
	struct proof said = { 0 };
	const char *checkpoint;

	if (DOCUMENT_READ(object, proof_fields, &said, err) < 0 ||
	    read_number(object, "logIndex", &proof->index, err) < 0 ||
	    read_number(object, "treeSize", &proof->tree_size, err) < 0 ||
	    decode(said.root_hash, "rootHash", &proof->root_hash, err) < 0 ||
	    decode_list(said.hashes, "hashes", PROOF_HASHES_LIMIT_COUNT, &proof->hashes, err) < 0)
		return -1;
	checkpoint = json_string_value(json_object_get(said.checkpoint, "envelope"));
	proof->checkpoint = xstrdup_null(checkpoint);
	return 0;
}

static int
read_entry(const json_t *object, struct log_entry *entry, struct error **err)
{
	struct entry said = { 0 };
	struct kind_version kind = { 0 };
	uint64_t integrated_s;

	if (!json_is_object(object))
		return error_set(err, ERROR_CONTENT, "it is not an object");
	if (DOCUMENT_READ(object, entry_fields, &said, err) < 0 ||
	    DOCUMENT_READ(said.kind, kind_fields, &kind, err) < 0)
		return -1;
	entry->kind = xstrdup(kind.kind);
	entry->version = xstrdup(kind.version);
	if (decode_field(said.log_id, "keyId", &entry->log_id, err) < 0 ||
	    decode(said.body, "canonicalizedBody", &entry->body, err) < 0 ||
	    read_number(object, "logIndex", &entry->index, err) < 0 ||
	    read_number(object, "integratedTime", &integrated_s, err) < 0)
		return -1;
	entry->integrated_s = (int64_t)integrated_s;
	entry->has_proof = said.proof != NULL;
	if (said.promise &&
	    decode_field(said.promise, "signedEntryTimestamp", &entry->promise, err) < 0)
		return -1;
	return said.proof ? read_proof(said.proof, &entry->proof, err) : 0;
}

static int
read_material(const json_t *object, struct sigstore_bundle *bundle, struct error **err)
{
	struct material material = { 0 };
	size_t count;

	if (DOCUMENT_READ(object, material_fields, &material, err) < 0 ||
	    read_signer(&material, bundle, err) < 0)
		return -1;
	count = json_array_size(material.entries);
	if (count > BUNDLE_ENTRIES_LIMIT_COUNT) {
		error_set(err, ERROR_CONTENT, "%zu log entries, more than %d", count,
			  BUNDLE_ENTRIES_LIMIT_COUNT);
		return error_set_class(err, CLASS_LIMIT);
	}
	bundle->entries = xcalloc(count + 1, sizeof(*bundle->entries));
	for (; bundle->entry_count < count; bundle->entry_count++)
		if (read_entry(json_array_get(material.entries, bundle->entry_count),
			       &bundle->entries[bundle->entry_count], err) < 0) {
			error_wrap(err, "log entry %zu", bundle->entry_count);
			bundle->entry_count++; /* releases the parts that were read, too */
			return -1;
		}
	return decode_list(json_object_get(material.times, "rfc3161Timestamps"), "signedTimestamp",
			   BUNDLE_TIMESTAMPS_LIMIT_COUNT, &bundle->timestamps, err);
}

static int
read_version(const char *media_type, unsigned *ret_minor, struct error **err)
{
	for (size_t i = 0; i < COUNT_OF(versions); i++)
		if (strcmp(versions[i].media_type, media_type) == 0) {
			*ret_minor = versions[i].minor;
			return 0;
		}
	return error_set(err, ERROR_CONTENT, "unknown version of a bundle '%s'",
			 QUOTED(media_type));
}

static int
read_bundle(const json_t *document, struct sigstore_bundle *bundle, struct error **err)
{
	struct top top = { 0 };

	if (DOCUMENT_READ(document, top_fields, &top, err) < 0 ||
	    read_version(top.media_type, &bundle->minor, err) < 0 ||
	    read_content(&top, bundle, err) < 0)
		return -1;
	return read_material(top.material, bundle, err);
}

int
sigstore_bundle_parse(const void *bytes, size_t size, struct sigstore_bundle *ret_bundle,
		      struct error **err)
{
	AUTO_JSON json_t *document = document_parse(bytes, size, err);
	AUTO_SIGSTORE_BUNDLE struct sigstore_bundle bundle = { 0 };

	if (!document)
		return -1;
	if (read_bundle(document, &bundle, err) < 0)
		return error_wrap(err, "invalid Sigstore bundle");
	*ret_bundle = bundle;
	bundle = (struct sigstore_bundle){ 0 };
	return 0;
}

void
sigstore_bundle_release(struct sigstore_bundle *bundle)
{
	for (size_t i = 0; i < bundle->entry_count; i++) {
		free(bundle->entries[i].kind);
		free(bundle->entries[i].version);
		free(bundle->entries[i].log_id.data);
		free(bundle->entries[i].body.data);
		free(bundle->entries[i].promise.data);
		free(bundle->entries[i].proof.root_hash.data);
		free(bundle->entries[i].proof.checkpoint);
		octets_list_release(&bundle->entries[i].proof.hashes);
	}
	free(bundle->entries);
	free(bundle->payload_type);
	free(bundle->payload.data);
	free(bundle->message_digest.data);
	free(bundle->signature.data);
	free(bundle->key_hint);
	octets_list_release(&bundle->certificates);
	octets_list_release(&bundle->timestamps);
	*bundle = (struct sigstore_bundle){ 0 };
}

char *
sigstore_bundle_format(const char *payload_type, const char *payload, const char *signature,
		       const char *key_hint)
{
	AUTO_FREE char *encoded = base64_encode(payload, strlen(payload));
	AUTO_JSON json_t *document = json_pack(
		"{s:s, s:{s:{s:s}}, s:{s:s, s:s, s:[{s:s}]}}", "mediaType", MEDIA_SIGSTORE_BUNDLE,
		"verificationMaterial", "publicKey", "hint", key_hint, "dsseEnvelope", "payload",
		encoded, "payloadType", payload_type, "signatures", "sig", signature);

	return document_format(document);
}

int
signature_refuse(struct error **err, const char *why)
{
	ERR_clear_error();
	error_set(err, ERROR_REFUSED, "%s", why);
	return error_set_class(err, CLASS_SIGNATURE);
}

int
dsse_encode(const char *payload_type, const void *payload, size_t size, struct buf *buf,
	    struct error **err)
{
	AUTO_FREE char *head =
		xasprintf("DSSEv1 %zu %s %zu ", strlen(payload_type), payload_type, size);

	return buf_append_text(buf, head, err) < 0 ? -1 : buf_append(buf, payload, size, err);
}
