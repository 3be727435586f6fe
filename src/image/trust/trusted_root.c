/* SPDX-License-Identifier: Apache-2.0 */
#include "image/trust/trusted_root.h"

#include <ctype.h>
#include <fcntl.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>

#include "base/base64.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "oci/document.h"

static const char known_type[] = "application/vnd.dev.sigstore.trustedroot";

struct top {
	const char *media_type;
	const json_t *logs, *certificate_logs;
	const json_t *authorities, *time_authorities;
};

static const struct field top_fields[] = {
	FIELD("mediaType", FIELD_STRING, true, top, media_type),
	FIELD("tlogs", FIELD_ARRAY, false, top, logs),
	FIELD("ctlogs", FIELD_ARRAY, false, top, certificate_logs),
	FIELD("certificateAuthorities", FIELD_ARRAY, false, top, authorities),
	FIELD("timestampAuthorities", FIELD_ARRAY, false, top, time_authorities),
};

struct log {
	const char *url;
	const char *hash;
	const json_t *key;
	const json_t *id;
};

static const struct field log_fields[] = {
	FIELD("baseUrl", FIELD_STRING, false, log, url),
	FIELD("hashAlgorithm", FIELD_STRING, true, log, hash),
	FIELD("publicKey", FIELD_OBJECT, true, log, key),
	FIELD("logId", FIELD_OBJECT, true, log, id),
};

struct key {
	const char *bytes;
	const char *details;
	const json_t *validity;
};

static const struct field key_fields[] = {
	FIELD("rawBytes", FIELD_STRING, true, key, bytes),
	FIELD("keyDetails", FIELD_STRING, true, key, details),
	FIELD("validFor", FIELD_OBJECT, true, key, validity),
};

struct range {
	const char *start;
	const char *end;
};

static const struct field range_fields[] = {
	FIELD("start", FIELD_STRING, false, range, start),
	FIELD("end", FIELD_STRING, false, range, end),
};

struct authority {
	const json_t *chain;
	const json_t *validity;
};

static const struct field authority_fields[] = {
	FIELD("certChain", FIELD_OBJECT, true, authority, chain),
	FIELD("validFor", FIELD_OBJECT, false, authority, validity),
};

static int
read_time(const char *text, const char *what, int64_t *ret_s, struct error **err)
{
	if (text_parse_time(text, ret_s))
		return 0;
	return error_set(err, ERROR_USAGE, "'%s' is not a time: '%s'", what, QUOTED(text));
}

static int
read_validity(const json_t *object, bool needs_start, struct validity *validity,
	      struct trusted_root *root, struct error **err)
{
	struct range range = { NULL, NULL };

	*validity = (struct validity){ INT64_MIN, INT64_MAX };
	if (object && DOCUMENT_READ(object, range_fields, &range, err) < 0)
		return -1;
	if (needs_start && !range.start)
		return error_set(err, ERROR_USAGE, "'validFor' has no 'start'");
	if ((range.start && read_time(range.start, "start", &validity->start_s, err) < 0) ||
	    (range.end && read_time(range.end, "end", &validity->end_s, err) < 0))
		return -1;
	if (range.start && validity->start_s > root->newest_s)
		root->newest_s = validity->start_s;
	return 0;
}

/* NULL: a key of another kind than `details` says, or of one that we do not know. */
static EVP_PKEY *
parse_key(const struct octets *bytes, const char *details)
{
	const uint8_t *at = bytes->data;
	EVP_PKEY *key = text_starts(details, "PKCS1_")
				? d2i_PublicKey(EVP_PKEY_RSA, NULL, &at, (long)bytes->size)
				: d2i_PUBKEY(NULL, &at, (long)bytes->size);

	ERR_clear_error();
	if (key && (at != bytes->data + bytes->size ||
		    !(EVP_PKEY_is_a(key, "EC") || EVP_PKEY_is_a(key, "RSA") ||
		      EVP_PKEY_is_a(key, "ED25519")))) {
		EVP_PKEY_free(key);
		return NULL;
	}
	return key;
}

static int
decode(const char *text, const char *what, struct octets *ret_octets, struct error **err)
{
	ret_octets->data = base64_decode(text, &ret_octets->size);
	if (ret_octets->data && ret_octets->size > 0)
		return 0;
	return error_set(err, ERROR_USAGE, "'%s' is not base64", what);
}

/* Between "//" and what ends it. */
static char *
host_of(const char *url)
{
	const char *slashes = url ? strstr(url, "//") : NULL;
	const char *host = slashes ? slashes + 2 : "";

	return xstrndup(host, strcspn(host, "/:?#"));
}

static int
read_log(const json_t *object, struct trusted_log *log, struct trusted_root *root,
	 struct error **err)
{
	struct log said = { 0 };
	struct key key = { 0 };
	struct octets bytes = { NULL, 0 };
	const char *id;

	if (DOCUMENT_READ(object, log_fields, &said, err) < 0 ||
	    DOCUMENT_READ(said.key, key_fields, &key, err) < 0 ||
	    read_validity(key.validity, true, &log->validity, root, err) < 0)
		return -1;
	id = json_string_value(json_object_get(said.id, "keyId"));
	if (!id)
		return error_set(err, ERROR_USAGE, "'logId' has no 'keyId'");
	if (decode(id, "keyId", &log->id, err) < 0 ||
	    decode(key.bytes, "rawBytes", &bytes, err) < 0) {
		free(bytes.data);
		return -1;
	}
	log->host = host_of(said.url);
	if (strcmp(said.hash, "SHA2_256") == 0)
		log->key = parse_key(&bytes, key.details);
	free(bytes.data);
	return 0;
}

static void
log_release(struct trusted_log *log)
{
	free(log->id.data);
	free(log->host);
	EVP_PKEY_free(log->key);
	*log = (struct trusted_log){ 0 };
}

static int
read_logs(const json_t *array, const char *name, struct trusted_logs *logs,
	  struct trusted_root *root, struct error **err)
{
	size_t count = json_array_size(array);

	logs->items = xcalloc(count + 1, sizeof(*logs->items));
	for (size_t i = 0; i < count; i++) {
		struct trusted_log *log = &logs->items[logs->count];

		if (read_log(json_array_get(array, i), log, root, err) < 0) {
			log_release(log);
			return error_wrap(err, "%s[%zu]", name, i);
		}
		if (log->key)
			logs->count++;
		else
			log_release(log);
	}
	return 0;
}

static int
read_certificate(const json_t *object, X509 **ret_certificate, struct error **err)
{
	const char *text = json_string_value(json_object_get(object, "rawBytes"));
	struct octets bytes = { NULL, 0 };
	const uint8_t *at;

	if (!text)
		return error_set(err, ERROR_USAGE, "a certificate has no 'rawBytes'");
	if (decode(text, "rawBytes", &bytes, err) < 0) {
		free(bytes.data);
		return -1;
	}
	at = bytes.data;
	*ret_certificate = d2i_X509(NULL, &at, (long)bytes.size);
	free(bytes.data);
	ERR_clear_error();
	return *ret_certificate ? 0 : error_set(err, ERROR_USAGE, "a certificate is malformed");
}

static int
read_authority(const json_t *object, struct trusted_authority *authority, struct trusted_root *root,
	       struct error **err)
{
	struct authority said = { 0 };
	const json_t *certificates;
	size_t count;

	if (DOCUMENT_READ(object, authority_fields, &said, err) < 0 ||
	    read_validity(said.validity, false, &authority->validity, root, err) < 0)
		return -1;
	certificates = json_object_get(said.chain, "certificates");
	count = json_array_size(certificates);
	if (count == 0 || count > BUNDLE_CERTIFICATES_LIMIT_COUNT)
		return error_set(err, ERROR_USAGE, "'certChain' has %zu certificates, not 1 to %d",
				 count, BUNDLE_CERTIFICATES_LIMIT_COUNT);
	authority->chain = xcalloc(count, sizeof(*authority->chain));
	for (; authority->length < count; authority->length++)
		if (read_certificate(json_array_get(certificates, authority->length),
				     &authority->chain[authority->length], err) < 0)
			return -1;
	return 0;
}

static int
read_authorities(const json_t *array, const char *name, struct trusted_authorities *authorities,
		 struct trusted_root *root, struct error **err)
{
	size_t count = json_array_size(array);

	authorities->items = xcalloc(count + 1, sizeof(*authorities->items));
	for (size_t i = 0; i < count; i++) {
		authorities->count++; /* releases the parts that were read, too */
		if (read_authority(json_array_get(array, i), &authorities->items[i], root, err) < 0)
			return error_wrap(err, "%s[%zu]", name, i);
	}
	return 0;
}

static int
read_root(const json_t *document, struct trusted_root *root, struct error **err)
{
	struct top top = { 0 };

	if (DOCUMENT_READ(document, top_fields, &top, err) < 0)
		return -1;
	if (!text_starts(top.media_type, known_type))
		return error_set(err, ERROR_USAGE, "its mediaType is '%s', not %s+json",
				 QUOTED(top.media_type), known_type);
	if (read_logs(top.logs, "tlogs", &root->logs, root, err) < 0 ||
	    read_logs(top.certificate_logs, "ctlogs", &root->certificate_logs, root, err) < 0 ||
	    read_authorities(top.authorities, "certificateAuthorities", &root->authorities, root,
			     err) < 0)
		return -1;
	return read_authorities(top.time_authorities, "timestampAuthorities",
				&root->time_authorities, root, err);
}

/* Nothing but the end of a document stands before a line that begins with "{": a comma would, and
 * no string has a line end in it. */
static size_t
document_size(const char *text, size_t size)
{
	const char *end = text + size;

	/* An empty file has no bytes to point at. */
	for (const char *at = text; size > 0 && (at = memchr(at, '}', (size_t)(end - at)));) {
		const char *next = ++at;
		bool ends_line = false;

		for (; next < end && isspace((unsigned char)*next); next++)
			ends_line |= *next == '\n';
		if (ends_line && next < end && *next == '{')
			return (size_t)(at - text);
	}
	return size;
}

static int
read_lines(const char *text, size_t size, struct trusted_root *first, struct error **err)
{
	struct trusted_root *root = first;

	for (;;) {
		size_t part = document_size(text, size);
		AUTO_JSON json_t *document = document_parse(text, part, err);

		root->newest_s = INT64_MIN;
		if (!document || read_root(document, root, err) < 0)
			return -1;
		if (first->newest_s < root->newest_s)
			first->newest_s = root->newest_s;
		text += part;
		size -= part;
		if (size == 0)
			return 0;
		root = root->next = XNEW(struct trusted_root);
	}
}

int
trusted_root_parse(const void *bytes, size_t size, struct trusted_root *ret_root,
		   struct error **err)
{
	AUTO_TRUSTED_ROOT struct trusted_root root = { 0 };

	if (read_lines(bytes, size, &root, err) < 0) {
		error_set_kind(err, ERROR_USAGE);
		return error_wrap(err, "invalid trusted root");
	}
	*ret_root = root;
	root = (struct trusted_root){ 0 };
	return 0;
}

int
trusted_root_read(const char *path, struct trusted_root *ret_root, struct error **err)
{
	AUTO_BUF struct buf bytes = BUF_INIT(TRUSTED_ROOT_LIMIT_BYTES);

	if (file_read(AT_FDCWD, path, &bytes, err) < 0)
		return -1;
	if (trusted_root_parse(bytes.data, bytes.size, ret_root, err) < 0)
		return error_wrap(err, "'%s'", QUOTED(path));
	return 0;
}

static void
logs_release(struct trusted_logs *logs)
{
	for (size_t i = 0; i < logs->count; i++)
		log_release(&logs->items[i]);
	free(logs->items);
}

static void
authorities_release(struct trusted_authorities *authorities)
{
	for (size_t i = 0; i < authorities->count; i++) {
		for (size_t j = 0; j < authorities->items[i].length; j++)
			X509_free(authorities->items[i].chain[j]);
		free(authorities->items[i].chain);
	}
	free(authorities->items);
}

void
trusted_root_release(struct trusted_root *root)
{
	for (struct trusted_root *line = root; line;) {
		struct trusted_root *next = line->next;

		logs_release(&line->logs);
		logs_release(&line->certificate_logs);
		authorities_release(&line->authorities);
		authorities_release(&line->time_authorities);
		if (line != root)
			free(line);
		line = next;
	}
	*root = (struct trusted_root){ 0 };
}

bool
validity_has(const struct validity *validity, int64_t time_s)
{
	return validity->start_s <= time_s && time_s <= validity->end_s;
}

const struct trusted_log *
trusted_logs_find(const struct trusted_logs *logs, const struct octets *id)
{
	for (size_t i = 0; i < logs->count; i++)
		if (logs->items[i].id.size == id->size &&
		    memcmp(logs->items[i].id.data, id->data, id->size) == 0)
			return &logs->items[i];
	return NULL;
}
