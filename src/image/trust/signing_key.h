/* SPDX-License-Identifier: Apache-2.0 */
/* signing_key.h - keys that sign images, and those that such signatures are checked with
 *
 * ECDSA P-256 over SHA-256 and Ed25519, in the PEM that openssl writes: PKCS#8 or the older form
 * for private keys, SubjectPublicKeyInfo for public ones.  A key is named by the path of its file
 * or, as cosign does, as "env://VARIABLE".
 */
#ifndef OCIFP_IMAGE_TRUST_SIGNING_KEY_H
#define OCIFP_IMAGE_TRUST_SIGNING_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/types.h>

#include "base/strings.h"

struct error;
struct signing_key;

struct signing_keys {
	struct signing_key **items;
	size_t count;
};

/* ERROR_USAGE: not a key that we can use; one that is encrypted is opened with the
 * password in OCIFP_KEY_PASSWORD. */
int signing_keys_add_private(struct signing_keys *keys, const char *name, struct error **err);
int signing_keys_add_public(struct signing_keys *keys, const char *name, struct error **err);
void signing_keys_release(struct signing_keys *keys);
#define AUTO_SIGNING_KEYS CLEANUP(signing_keys_release)

/* By a key of any kind, with the hash that goes with it. */
bool public_key_verify(EVP_PKEY *key, const void *bytes, size_t size, const uint8_t *signature,
		       size_t signature_size);

/* What bundles name the key by: the SHA-256 digest of its public half, in base64; the caller owns
 * it.
 */
char *signing_key_hint(const struct signing_key *key);

/* The caller owns the signature, in base64. */
int signing_key_sign(const struct signing_key *key, const void *bytes, size_t size,
		     char **ret_signature, struct error **err);

/* Whether one of the keys has made it; also false for anything but a signature. */
bool signing_keys_verify(const struct signing_keys *keys, const void *bytes, size_t size,
			 const uint8_t *signature, size_t signature_size);

/* The same for a signature in base64. */
bool signing_keys_match(const struct signing_keys *keys, const void *bytes, size_t size,
			const char *signature);

#endif
