/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include <openssl/evp.h>

#include "base/error.h"
#include "base/xalloc.h"
#include "fuzz.h"
#include "image/trust/inclusion.h"
#include "image/trust/sigstore_bundle.h"
#include "image/trust/trusted_root.h"

enum { HEAD_BYTES = 17, HASH_BYTES = 32, HASHES_LIMIT = 64 };

static uint64_t
number_at(const uint8_t *data)
{
	uint64_t number = 0;

	for (int i = 0; i < 8; i++)
		number = number << 8 | data[i];
	return number;
}

/* Index, size, a count and so many hashes; the rest is the checkpoint.  A log whose key nobody has
 * signed none of them. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static EVP_PKEY *key;
	uint8_t id[HASH_BYTES] = { 1, 2, 3, 4 };
	uint8_t root[HASH_BYTES] = { 0 };
	char host[] = "log.example";
	uint8_t bytes[HASHES_LIMIT][HASH_BYTES];
	struct octets hashes[HASHES_LIMIT];
	struct inclusion_proof proof = { .root_hash = { root, sizeof(root) } };
	AUTO_ERROR struct error *err = NULL;
	AUTO_FREE char *checkpoint = NULL;
	struct trusted_log log;

	if (!key)
		key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	if (size < HEAD_BYTES)
		return 0;
	proof.index = number_at(data);
	proof.tree_size = number_at(data + 8);
	proof.hashes.items = hashes;
	proof.hashes.count = data[16] % HASHES_LIMIT;
	data += HEAD_BYTES;
	size -= HEAD_BYTES;
	if (size < proof.hashes.count * HASH_BYTES)
		return 0;
	for (size_t i = 0; i < proof.hashes.count; i++) {
		memcpy(bytes[i], data + i * HASH_BYTES, HASH_BYTES);
		hashes[i] = (struct octets){ bytes[i], HASH_BYTES };
	}
	checkpoint = xstrndup((const char *)data + proof.hashes.count * HASH_BYTES,
			      size - proof.hashes.count * HASH_BYTES);
	proof.checkpoint = checkpoint;
	log = (struct trusted_log){ .id = { id, sizeof(id) }, .host = host, .key = key };
	INSIST(inclusion_check(&proof, "body", 4, &log, &err) < 0);
	return 0;
}
