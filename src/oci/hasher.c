/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/digest.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

#include <openssl/evp.h>

#include "base/xalloc.h"

struct hasher {
	enum digest_algorithm algorithm;
	EVP_MD_CTX *context;
};

/* OpenSSL looks an algorithm up in the time of one more empty digest: too long for many small
 * files, so it is done once. */
static EVP_MD *sha256;
static EVP_MD *sha512;
static pthread_once_t fetched = PTHREAD_ONCE_INIT;

/* OpenSSL fails here for want of memory, or where a policy of the host forbids the algorithm. */
static void
insist(bool done)
{
	if (!done)
		abort();
}

static void
fetch_algorithms(void)
{
	sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	sha512 = EVP_MD_fetch(NULL, "SHA512", NULL);
	insist(sha256 && sha512);
}

void
hasher_prepare(void)
{
	insist(pthread_once(&fetched, fetch_algorithms) == 0);
}

static const EVP_MD *
find_implementation(enum digest_algorithm algorithm)
{
	hasher_prepare();
	assert(algorithm != DIGEST_NONE);
	return algorithm == DIGEST_SHA256 ? sha256 : sha512;
}

struct hasher *
hasher_new(enum digest_algorithm algorithm)
{
	struct hasher *hasher = XNEW(struct hasher);

	hasher->algorithm = algorithm;
	hasher->context = EVP_MD_CTX_new();
	insist(hasher->context != NULL);
	insist(EVP_DigestInit_ex(hasher->context, find_implementation(algorithm), NULL) == 1);
	return hasher;
}

void
hasher_add(struct hasher *hasher, const void *bytes, size_t size)
{
	insist(EVP_DigestUpdate(hasher->context, bytes, size) == 1);
}

struct digest
hasher_finish(struct hasher *hasher)
{
	struct digest digest = { .algorithm = hasher->algorithm };
	unsigned size = 0;

	insist(EVP_DigestFinal_ex(hasher->context, digest.bytes, &size) == 1);
	assert(size == digest_size(hasher->algorithm));
	return digest;
}

void
hasher_reset(struct hasher *hasher)
{
	insist(EVP_DigestInit_ex(hasher->context, NULL, NULL) == 1);
}

void
hasher_free(struct hasher *hasher)
{
	if (!hasher)
		return;
	EVP_MD_CTX_free(hasher->context);
	free(hasher);
}

struct digest
digest_of(enum digest_algorithm algorithm, const void *bytes, size_t size)
{
	AUTO_HASHER struct hasher *hasher = hasher_new(algorithm);

	hasher_add(hasher, bytes, size);
	return hasher_finish(hasher);
}
