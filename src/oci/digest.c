/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/digest.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* OpenSSL 3 takes a millisecond to look its first algorithm up, a fifth of what `exists` executes.
 * The functions that need no look-up are those that it calls "deprecated". */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

#include "base/error.h"
#include "base/text.h"
#include "base/xalloc.h"

struct algorithm {
	const char *name;
	size_t name_size;
	size_t digest_size;
};

static const struct algorithm algorithms[] = {
	[DIGEST_NONE] = { "", 0, 0 },
	[DIGEST_SHA256] = { "sha256", 6, 32 },
	[DIGEST_SHA512] = { "sha512", 6, 64 },
};

static int
refuse(struct error **err, const char *text, const char *reason)
{
	return error_set(err, ERROR_CONTENT, "digest '%s' %s", QUOTED(text), reason);
}

static enum digest_algorithm
find_algorithm(const char *name, size_t name_size)
{
	for (size_t i = DIGEST_SHA256; i <= DIGEST_SHA512; i++)
		if (name_size == algorithms[i].name_size &&
		    memcmp(name, algorithms[i].name, name_size) == 0)
			return (enum digest_algorithm)i;
	return DIGEST_NONE;
}

/* image-spec, descriptor.md, "Digests": names of lower case letters and digits, joined by one of
 * "+._-", and an encoding of letters, digits and "=_-". */
static bool
is_well_formed(const char *text, size_t name_size)
{
	static const char alphanumeric[] = "abcdefghijklmnopqrstuvwxyz0123456789";
	const char *encoded = text + name_size + 1;
	const char *end = text + name_size;

	for (const char *part = text; part <= end; part++) {
		size_t size = strspn(part, alphanumeric);

		part += size;
		if (size == 0 || (part < end && !strchr("+._-", *part)))
			return false;
	}
	return *encoded && encoded[strspn(encoded, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRST"
						   "UVWXYZ0123456789=_-")] == '\0';
}

int
digest_parse(const char *text, struct digest *ret_digest, struct error **err)
{
	struct digest digest = { .algorithm = DIGEST_NONE };
	const char *colon = strchr(text, ':');
	size_t size;

	if (!colon)
		return refuse(err, text, "is not ALGORITHM:HEX");
	digest.algorithm = find_algorithm(text, (size_t)(colon - text));
	if (digest.algorithm == DIGEST_NONE) {
		size_t name_size = (size_t)(colon - text);

		if (!is_well_formed(text, name_size))
			return refuse(err, text, "is neither sha256 nor sha512");
		/* The content may be sound, but it cannot be checked. */
		error_set(err, ERROR_FAILURE,
			  "cannot check digest '%s': only sha256 and sha512 are supported",
			  QUOTED(text));
		return error_set_class(err, CLASS_UNSUPPORTED);
	}
	size = digest_size(digest.algorithm);
	if (strlen(colon + 1) != 2 * size)
		return refuse(err, text,
			      size == 32 ? "has the wrong length: expected 64 hexadecimal digits"
					 : "has the wrong length: expected 128 hexadecimal digits");
	if (!text_parse_hex(colon + 1, size, digest.bytes))
		return refuse(err, text, "is not in lower-case hexadecimal digits");
	*ret_digest = digest;
	return 0;
}

int
digest_compare(const struct digest *a, const struct digest *b)
{
	if (a->algorithm != b->algorithm)
		return a->algorithm < b->algorithm ? -1 : 1;
	return memcmp(a->bytes, b->bytes, digest_size(a->algorithm));
}

bool
digest_equal(const struct digest *a, const struct digest *b)
{
	return digest_compare(a, b) == 0;
}

size_t
digest_size(enum digest_algorithm algorithm)
{
	return algorithms[algorithm].digest_size;
}

const char *
digest_algorithm_name(enum digest_algorithm algorithm)
{
	return algorithms[algorithm].name;
}

struct digest_text
digest_text(const struct digest *digest)
{
	const struct algorithm *algorithm = &algorithms[digest->algorithm];
	struct digest_text ret = { "" };

	if (digest->algorithm == DIGEST_NONE)
		return ret;
	memcpy(ret.text, algorithm->name, algorithm->name_size);
	ret.text[algorithm->name_size] = ':';
	text_hex(digest->bytes, algorithm->digest_size, ret.text + algorithm->name_size + 1);
	return ret;
}

struct digest_text
digest_hex(const struct digest *digest)
{
	struct digest_text ret = { "" };

	text_hex(digest->bytes, digest_size(digest->algorithm), ret.text);
	return ret;
}

struct hasher {
	enum digest_algorithm algorithm;
	union {
		SHA256_CTX sha256;
		SHA512_CTX sha512;
	} state;
};

struct hasher *
hasher_new(enum digest_algorithm algorithm)
{
	struct hasher *hasher = XNEW(struct hasher);

	assert(algorithm != DIGEST_NONE);
	hasher->algorithm = algorithm;
	hasher_reset(hasher);
	return hasher;
}

void
hasher_add(struct hasher *hasher, const void *bytes, size_t size)
{
	if (hasher->algorithm == DIGEST_SHA256)
		(void)SHA256_Update(&hasher->state.sha256, bytes, size);
	else
		(void)SHA512_Update(&hasher->state.sha512, bytes, size);
}

struct digest
hasher_finish(struct hasher *hasher)
{
	struct digest digest = { .algorithm = hasher->algorithm };

	if (hasher->algorithm == DIGEST_SHA256)
		(void)SHA256_Final(digest.bytes, &hasher->state.sha256);
	else
		(void)SHA512_Final(digest.bytes, &hasher->state.sha512);
	return digest;
}

void
hasher_reset(struct hasher *hasher)
{
	if (hasher->algorithm == DIGEST_SHA256)
		(void)SHA256_Init(&hasher->state.sha256);
	else
		(void)SHA512_Init(&hasher->state.sha512);
}

void
hasher_free(struct hasher *hasher)
{
	free(hasher);
}

struct digest
digest_of(enum digest_algorithm algorithm, const void *bytes, size_t size)
{
	struct hasher hasher = { .algorithm = algorithm };

	hasher_reset(&hasher);
	hasher_add(&hasher, bytes, size);
	return hasher_finish(&hasher);
}
