/* SPDX-License-Identifier: Apache-2.0 */
#include "image/trust/signer_certificate.h"

#include <limits.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/ct.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "base/xalloc.h"
#include "image/trust/signing_key.h"
#include "image/trust/sigstore_bundle.h"
#include "image/trust/trusted_root.h"
#include "oci/digest.h"

static const char issuer_oid[] = "1.3.6.1.4.1.57264.1.8";
static const char old_issuer_oid[] = "1.3.6.1.4.1.57264.1.1"; /* its value is not DER */
static const char username_oid[] = "1.3.6.1.4.1.57264.1.7";

#define SECURITY_LEVEL 1 /* SSL_CTX_set_security_level(3): no hash or key below 80 bits */
#define MS_PER_S 1000

DEFINE_CLEANUP(X509_STORE, X509_STORE_free)
DEFINE_CLEANUP(X509_STORE_CTX, X509_STORE_CTX_free)
DEFINE_CLEANUP(GENERAL_NAMES, GENERAL_NAMES_free)

bool
signer_certificate_read_pem(const void *pem, size_t size, struct octets *ret_der)
{
	char *name = NULL;
	char *header = NULL;
	uint8_t *der = NULL;
	long der_size = 0;
	BIO *bio = size <= INT_MAX ? BIO_new_mem_buf(pem, (int)size) : NULL;
	bool is_certificate = bio && PEM_read_bio(bio, &name, &header, &der, &der_size) == 1 &&
			      strcmp(name, PEM_STRING_X509) == 0 && der_size > 0;

	if (is_certificate) {
		*ret_der = (struct octets){ xcalloc(1, (size_t)der_size), (size_t)der_size };
		memcpy(ret_der->data, der, (size_t)der_size);
	}
	BIO_free(bio);
	OPENSSL_free(name);
	OPENSSL_free(header);
	OPENSSL_free(der);
	ERR_clear_error();
	return is_certificate;
}

/* DER and nothing behind it. */
static X509 *
parse_one(const struct octets *der)
{
	const uint8_t *at = der->data;
	X509 *certificate = der->size <= LONG_MAX ? d2i_X509(NULL, &at, (long)der->size) : NULL;

	if (certificate && at != der->data + der->size) {
		X509_free(certificate);
		certificate = NULL;
	}
	ERR_clear_error();
	return certificate;
}

X509 *
signer_certificate_parse(const struct octets_list *certificates, struct error **err)
{
	X509 *signer = NULL;

	for (size_t i = 0; i < certificates->count; i++) {
		X509 *certificate = parse_one(&certificates->items[i]);
		bool is_root = certificate && X509_self_signed(certificate, 0) != 0;

		if (!certificate || is_root) {
			X509_free(certificate);
			X509_free(signer);
			error_set(err, ERROR_CONTENT,
				  is_root ? "the bundle has a root certificate"
					  : "a certificate is malformed");
			return NULL;
		}
		if (i == 0)
			signer = certificate;
		else
			X509_free(certificate);
	}
	return signer;
}

static STACK_OF(X509) * make_intermediates(const struct trusted_authority *authority)
{
	STACK_OF(X509) *certificates = sk_X509_new_null();

	for (size_t i = 0; certificates && i + 1 < authority->length; i++)
		(void)sk_X509_push(certificates, authority->chain[i]);
	return certificates;
}

/* Of every certificate that names purposes one is to sign code. */
static bool
may_sign_code(X509 *certificate)
{
	return (X509_get_extension_flags(certificate) & EXFLAG_XKUSAGE) == 0 ||
	       (X509_get_extended_key_usage(certificate) & (XKU_CODE_SIGN | XKU_ANYEKU)) != 0;
}

/* One that signs code, and no certificates. */
static bool
is_signer(X509 *certificate)
{
	uint32_t flags = X509_get_extension_flags(certificate);

	return (flags & EXFLAG_CA) == 0 && (flags & EXFLAG_XKUSAGE) != 0 &&
	       (X509_get_key_usage(certificate) & KU_DIGITAL_SIGNATURE) != 0;
}

static X509 *
issuer_in(X509_STORE_CTX *context, X509 *certificate)
{
	STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(context);
	bool is_good = sk_X509_num(chain) >= 2 && is_signer(certificate);

	for (int i = 0; i < sk_X509_num(chain); i++)
		is_good = is_good && may_sign_code(sk_X509_value(chain, i));
	return is_good ? sk_X509_value(chain, 1) : NULL;
}

/* NULL: this authority has not certified it, or not for that time. */
static X509 *
find_issuer(X509 *certificate, const struct trusted_authority *authority, int64_t time_s)
{
	CLEANUP(X509_STORE_free_at) X509_STORE *store = X509_STORE_new();
	CLEANUP(X509_STORE_CTX_free_at) X509_STORE_CTX *context = X509_STORE_CTX_new();
	STACK_OF(X509) *intermediates = make_intermediates(authority);
	X509_VERIFY_PARAM *parameters;
	X509 *issuer = NULL;

	if (store && context && intermediates &&
	    X509_STORE_add_cert(store, authority->chain[authority->length - 1]) == 1 &&
	    X509_STORE_CTX_init(context, store, certificate, intermediates) == 1) {
		parameters = X509_STORE_CTX_get0_param(context);
		X509_VERIFY_PARAM_set_time(parameters, (time_t)time_s);
		X509_VERIFY_PARAM_set_auth_level(parameters, SECURITY_LEVEL);
		X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_PARTIAL_CHAIN);
		if (X509_verify_cert(context) == 1)
			issuer = issuer_in(context, certificate);
	}
	sk_X509_free(intermediates);
	ERR_clear_error();
	return issuer;
}

int
signer_certificate_check(X509 *certificate, const struct trusted_root *root, int64_t time_s,
			 X509 **ret_issuer, struct error **err)
{
	for (size_t i = 0; i < root->authorities.count; i++) {
		const struct trusted_authority *authority = &root->authorities.items[i];

		if (!validity_has(&authority->validity, time_s))
			continue;
		*ret_issuer = find_issuer(certificate, authority, time_s);
		if (*ret_issuer)
			return 0;
	}
	return signature_refuse(
		err, "no authority of the trusted root certified the signer for the time of "
		     "the signature");
}

/* The bytes that the log signed: the certificate without its list of log signatures. */
static int
append_certificate(struct buf *buf, X509 *certificate, struct error **err)
{
	X509 *copy = X509_dup(certificate);
	int at = copy ? X509_get_ext_by_NID(copy, NID_ct_precert_scts, -1) : -1;
	uint8_t *der = NULL;
	int size = -1;
	int ret = -1;

	if (at >= 0) {
		X509_EXTENSION_free(X509_delete_ext(copy, at));
		size = i2d_re_X509_tbs(copy, &der);
	}
	if (size > 0 && size < 1 << 24) {
		uint8_t length[] = { (uint8_t)(size >> 16), (uint8_t)(size >> 8), (uint8_t)size };

		ret = buf_append(buf, length, sizeof(length), err) < 0
			      ? -1
			      : buf_append(buf, der, (size_t)size, err);
	} else {
		signature_refuse(err, "the certificate cannot be written again");
	}
	OPENSSL_free(der);
	X509_free(copy);
	return ret;
}

/* RFC 6962, 3.2: version, kind of signature, time, kind of entry; the entry; extensions. */
static int
append_promise(struct buf *buf, const SCT *sct, X509 *certificate, X509 *issuer, struct error **err)
{
	uint64_t time_ms = SCT_get_timestamp(sct);
	uint8_t head[12] = { 0, 0 };
	uint8_t *extensions = NULL;
	size_t extensions_size = SCT_get0_extensions(sct, &extensions);
	uint8_t length[] = { (uint8_t)(extensions_size >> 8), (uint8_t)extensions_size };
	uint8_t *der = NULL;
	int size;
	struct digest digest;

	for (int i = 0; i < 8; i++)
		head[2 + i] = (uint8_t)(time_ms >> (56 - 8 * i));
	head[11] = 1;
	if (buf_append(buf, head, sizeof(head), err) < 0)
		return -1;
	size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(issuer), &der);
	if (size <= 0)
		return signature_refuse(err, "the issuer of the certificate has no key");
	digest = digest_of(DIGEST_SHA256, der, (size_t)size);
	OPENSSL_free(der);
	if (buf_append(buf, digest.bytes, digest_size(DIGEST_SHA256), err) < 0 ||
	    append_certificate(buf, certificate, err) < 0 ||
	    buf_append(buf, length, sizeof(length), err) < 0)
		return -1;
	return buf_append(buf, extensions, extensions_size, err);
}

/* By a log of the root, at a time when it was valid. */
static bool
is_promise(const SCT *sct, X509 *certificate, X509 *issuer, const struct trusted_root *root,
	   int64_t now_s)
{
	AUTO_BUF struct buf signed_bytes = BUF_INIT(BUNDLE_LIMIT_BYTES);
	AUTO_ERROR struct error *ignored = NULL;
	struct octets id;
	struct octets signature;
	const struct trusted_log *log;
	uint64_t time_s = SCT_get_timestamp(sct) / MS_PER_S;

	id.size = SCT_get0_log_id(sct, &id.data);
	signature.size = SCT_get0_signature(sct, &signature.data);
	log = trusted_logs_find(&root->certificate_logs, &id);
	return SCT_get_version(sct) == SCT_VERSION_V1 && log && time_s <= (uint64_t)now_s &&
	       validity_has(&log->validity, (int64_t)time_s) &&
	       append_promise(&signed_bytes, sct, certificate, issuer, &ignored) == 0 &&
	       public_key_verify(log->key, signed_bytes.data, signed_bytes.size, signature.data,
				 signature.size);
}

int
signer_certificate_check_listed(X509 *certificate, X509 *issuer, const struct trusted_root *root,
				int64_t now_s, struct error **err)
{
	STACK_OF(SCT) *list = X509_get_ext_d2i(certificate, NID_ct_precert_scts, NULL, NULL);
	bool is_listed = false;

	for (int i = 0; i < sk_SCT_num(list) && !is_listed; i++)
		is_listed = is_promise(sk_SCT_value(list, i), certificate, issuer, root, now_s);
	SCT_LIST_free(list);
	return is_listed ? 0
			 : signature_refuse(
				   err, "no certificate log of the trusted root lists the signer's "
					"certificate");
}

/* UTF-8 without a NUL in it; the caller owns it. */
static char *
copy_string(const ASN1_STRING *string)
{
	const char *text = string ? (const char *)ASN1_STRING_get0_data(string) : NULL;
	int length = string ? ASN1_STRING_length(string) : 0;
	AUTO_FREE char *copy = NULL;

	if (!text || length <= 0 || memchr(text, '\0', (size_t)length))
		return NULL;
	copy = xstrndup(text, (size_t)length);
	return utf8_is_valid(copy) ? TAKE_PTR(copy) : NULL;
}

static char *
copy_username(const OTHERNAME *other)
{
	char oid[sizeof(username_oid) + 1];

	if (OBJ_obj2txt(oid, sizeof(oid), other->type_id, 1) <= 0 ||
	    strcmp(oid, username_oid) != 0 || other->value->type != V_ASN1_UTF8STRING)
		return NULL;
	return copy_string(other->value->value.utf8string);
}

static char *
copy_name(const GENERAL_NAME *name)
{
	switch (name->type) {
	case GEN_URI:
		return copy_string(name->d.uniformResourceIdentifier);
	case GEN_EMAIL:
		return copy_string(name->d.rfc822Name);
	case GEN_OTHERNAME:
		return copy_username(name->d.otherName);
	default:
		return NULL;
	}
}

static char *
find_subject(X509 *certificate)
{
	CLEANUP(GENERAL_NAMES_free_at)
	GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);

	return sk_GENERAL_NAME_num(names) == 1 ? copy_name(sk_GENERAL_NAME_value(names, 0)) : NULL;
}

/* NULL: not there, or twice. */
static const ASN1_OCTET_STRING *
find_extension(X509 *certificate, const char *oid)
{
	ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
	int at = object ? X509_get_ext_by_OBJ(certificate, object, -1) : -1;
	bool is_twice = at >= 0 && X509_get_ext_by_OBJ(certificate, object, at) >= 0;

	ASN1_OBJECT_free(object);
	return at >= 0 && !is_twice ? X509_EXTENSION_get_data(X509_get_ext(certificate, at)) : NULL;
}

static char *
find_issuer_of_identity(X509 *certificate)
{
	const ASN1_OCTET_STRING *value = find_extension(certificate, issuer_oid);
	const uint8_t *at = value ? ASN1_STRING_get0_data(value) : NULL;
	const uint8_t *end = value ? at + ASN1_STRING_length(value) : NULL;
	ASN1_UTF8STRING *text;
	char *issuer;

	if (!value)
		return copy_string(find_extension(certificate, old_issuer_oid));
	text = d2i_ASN1_UTF8STRING(NULL, &at, end - at);
	issuer = text && at == end ? copy_string(text) : NULL;
	ASN1_UTF8STRING_free(text);
	return issuer;
}

int
signer_certificate_identity(X509 *certificate, struct signer_identity *ret_identity,
			    struct error **err)
{
	AUTO_SIGNER_IDENTITY struct signer_identity identity = {
		.issuer = find_issuer_of_identity(certificate),
		.subject = find_subject(certificate),
	};

	if (!identity.issuer || !identity.subject)
		return signature_refuse(
			err, "the certificate does not name one identity and its issuer");
	*ret_identity = identity;
	identity = (struct signer_identity){ 0 };
	return 0;
}

void
signer_identity_release(struct signer_identity *identity)
{
	free(identity->issuer);
	free(identity->subject);
	*identity = (struct signer_identity){ 0 };
}
