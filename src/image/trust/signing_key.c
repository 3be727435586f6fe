/* SPDX-License-Identifier: Apache-2.0 */
#include "image/trust/signing_key.h"

#include <fcntl.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "base/base64.h"
#include "base/buf.h"
#include "base/environment.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/secret.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "oci/digest.h"

static const char variable_prefix[] = "env://";
static const char password_variable[] = "OCIFP_KEY_PASSWORD";

struct signing_key {
	EVP_PKEY *key;
};

static int
read_pem(const char *name, struct buf *pem, struct error **err)
{
	const char *value;

	if (!text_starts(name, variable_prefix))
		return file_read(AT_FDCWD, name, pem, err);
	value = environment_find(name + strlen(variable_prefix));
	if (!value)
		return error_set(err, ERROR_USAGE, "the variable is not set");
	return buf_append_text(pem, value, err);
}

/* OpenSSL would ask at the terminal without it. */
static int
give_password(char *buffer, int size, int is_written, void *context)
{
	const char *password = environment_find(password_variable);
	size_t length = password ? strnlen(password, (size_t)size + 1) : 0;

	(void)is_written;
	(void)context;
	if (!password || length > (size_t)size)
		return -1;
	memcpy(buffer, password, length);
	return (int)length;
}

static bool
has(const struct buf *pem, const char *text)
{
	return pem->size > 0 && memmem(pem->data, pem->size, text, strlen(text));
}

/* For what OpenSSL did not take. */
static int
refuse_pem(const struct buf *pem, bool is_private, struct error **err)
{
	if (has(pem, "BEGIN ENCRYPTED SIGSTORE PRIVATE KEY") ||
	    has(pem, "BEGIN ENCRYPTED COSIGN PRIVATE KEY")) {
		error_set(err, ERROR_USAGE, "it is encrypted in cosign's own format");
		return error_set_hint(err, "make a key with 'openssl genpkey -algorithm ed25519'; "
					   "'cosign import-key-pair' takes it over for cosign");
	}
	if (is_private && has(pem, "ENCRYPTED")) {
		error_set(err, ERROR_USAGE,
			  "it is encrypted, and the password is missing or wrong");
		return error_set_hint(err, "set the password in %s", password_variable);
	}
	if (!is_private && has(pem, "PRIVATE KEY")) {
		error_set(err, ERROR_USAGE, "it is a private key, not a public one");
		return error_set_hint(err, "'openssl pkey -pubout' writes its public half");
	}
	return error_set(err, ERROR_USAGE, "it is not a %s key in PEM",
			 is_private ? "private" : "public");
}

static EVP_PKEY *
parse_pem(const struct buf *pem, bool is_private)
{
	BIO *bio = BIO_new_mem_buf(pem->data ? pem->data : "", (int)pem->size);
	EVP_PKEY *key = NULL;

	if (bio)
		key = is_private ? PEM_read_bio_PrivateKey(bio, NULL, give_password, NULL)
				 : PEM_read_bio_PUBKEY(bio, NULL, give_password, NULL);
	BIO_free(bio);
	ERR_clear_error();
	return key;
}

static int
read_key(struct signing_key *key, const char *name, bool is_private, struct error **err)
{
	AUTO_SECRET_BUF struct buf pem = BUF_INIT(KEY_FILE_LIMIT_BYTES);
	char group[32] = "";

	if (read_pem(name, &pem, err) < 0)
		return -1;
	key->key = parse_pem(&pem, is_private);
	if (!key->key)
		return refuse_pem(&pem, is_private, err);
	if (EVP_PKEY_is_a(key->key, "ED25519"))
		return 0;
	if (EVP_PKEY_is_a(key->key, "EC") &&
	    EVP_PKEY_get_group_name(key->key, group, sizeof(group), NULL) == 1 &&
	    strcmp(group, "prime256v1") == 0)
		return 0;
	return error_set(err, ERROR_USAGE, "it is neither an ECDSA P-256 nor an Ed25519 key");
}

static void
free_key(struct signing_key *key)
{
	EVP_PKEY_free(key->key);
	free(key);
}

static int
add_key(struct signing_keys *keys, const char *name, bool is_private, struct error **err)
{
	struct signing_key *key = XNEW(struct signing_key);

	if (read_key(key, name, is_private, err) < 0) {
		free_key(key);
		return error_wrap(err, "key '%s'", QUOTED(name));
	}
	keys->items = xgrow(keys->items, keys->count, sizeof(struct signing_key *));
	keys->items[keys->count++] = key;
	return 0;
}

int
signing_keys_add_private(struct signing_keys *keys, const char *name, struct error **err)
{
	return add_key(keys, name, true, err);
}

int
signing_keys_add_public(struct signing_keys *keys, const char *name, struct error **err)
{
	return add_key(keys, name, false, err);
}

void
signing_keys_release(struct signing_keys *keys)
{
	for (size_t i = 0; i < keys->count; i++)
		free_key(keys->items[i]);
	free(keys->items);
	*keys = (struct signing_keys){ 0 };
}

/* A curve of n bits goes with a hash of n bits; Ed25519 hashes by itself. */
static const EVP_MD *
hash_of(const EVP_PKEY *key)
{
	if (EVP_PKEY_is_a(key, "ED25519"))
		return NULL;
	if (!EVP_PKEY_is_a(key, "EC") || EVP_PKEY_get_bits(key) <= 256)
		return EVP_sha256();
	return EVP_PKEY_get_bits(key) <= 384 ? EVP_sha384() : EVP_sha512();
}

bool
public_key_verify(EVP_PKEY *key, const void *bytes, size_t size, const uint8_t *signature,
		  size_t signature_size)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool is_good = context &&
		       EVP_DigestVerifyInit(context, NULL, hash_of(key), NULL, key) == 1 &&
		       EVP_DigestVerify(context, signature, signature_size, bytes, size) == 1;

	EVP_MD_CTX_free(context);
	ERR_clear_error();
	return is_good;
}

static void
release_context(EVP_MD_CTX **context)
{
	EVP_MD_CTX_free(*context);
	ERR_clear_error();
}

char *
signing_key_hint(const struct signing_key *key)
{
	AUTO_FREE uint8_t *der = NULL;
	int size = i2d_PUBKEY(key->key, NULL);
	struct digest digest;
	uint8_t *end;

	der = xcalloc(1, size > 0 ? (size_t)size : 1);
	end = der;
	if (size <= 0 || i2d_PUBKEY(key->key, &end) != size)
		return xstrdup("");
	digest = digest_of(DIGEST_SHA256, der, (size_t)size);
	return base64_encode(digest.bytes, digest_size(DIGEST_SHA256));
}

int
signing_key_sign(const struct signing_key *key, const void *bytes, size_t size,
		 char **ret_signature, struct error **err)
{
	CLEANUP(release_context) EVP_MD_CTX *context = EVP_MD_CTX_new();
	AUTO_FREE uint8_t *signature = NULL;
	size_t length = 0;

	if (!context || EVP_DigestSignInit(context, NULL, hash_of(key->key), NULL, key->key) != 1 ||
	    EVP_DigestSign(context, NULL, &length, bytes, size) != 1)
		return error_set(err, ERROR_FAILURE, "OpenSSL cannot sign with this key");
	signature = xcalloc(1, length);
	if (EVP_DigestSign(context, signature, &length, bytes, size) != 1)
		return error_set(err, ERROR_FAILURE, "OpenSSL cannot sign with this key");
	*ret_signature = base64_encode(signature, length);
	return 0;
}

bool
signing_keys_verify(const struct signing_keys *keys, const void *bytes, size_t size,
		    const uint8_t *signature, size_t signature_size)
{
	for (size_t i = 0; i < keys->count; i++)
		if (public_key_verify(keys->items[i]->key, bytes, size, signature, signature_size))
			return true;
	return false;
}

bool
signing_keys_match(const struct signing_keys *keys, const void *bytes, size_t size,
		   const char *signature)
{
	size_t signature_size;
	AUTO_FREE uint8_t *decoded = base64_decode(signature, &signature_size);

	return decoded && signing_keys_verify(keys, bytes, size, decoded, signature_size);
}
