/* SPDX-License-Identifier: Apache-2.0 */
#include "image/trust/inclusion.h"

#include <string.h>

#include "base/base64.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "image/trust/signing_key.h"
#include "image/trust/sigstore_bundle.h"
#include "image/trust/trusted_root.h"
#include "oci/digest.h"

#define HASH_BYTES 32
#define KEY_HINT_BYTES 4

struct checkpoint {
	char *origin;
	uint64_t tree_size;
	struct digest root;
	size_t text_size; /* bytes at the beginning of the note that are signed */
};

static struct digest
hash_leaf(const void *body, size_t size)
{
	AUTO_HASHER struct hasher *hasher = hasher_new(DIGEST_SHA256);

	hasher_add(hasher, "\0", 1);
	hasher_add(hasher, body, size);
	return hasher_finish(hasher);
}

static struct digest
hash_node(const uint8_t *left, const uint8_t *right)
{
	AUTO_HASHER struct hasher *hasher = hasher_new(DIGEST_SHA256);

	hasher_add(hasher, "\1", 1);
	hasher_add(hasher, left, HASH_BYTES);
	hasher_add(hasher, right, HASH_BYTES);
	return hasher_finish(hasher);
}

/* The root of the tree that has the leaf of `body` where the proof says; false for a proof that
 * fits no such tree.  RFC 9162, 2.1.3.2, names the variables. */
static bool
find_root(const struct inclusion_proof *proof, const void *body, size_t size,
	  struct digest *ret_root)
{
	struct digest r = hash_leaf(body, size);
	uint64_t fn = proof->index;
	uint64_t sn = proof->tree_size - 1;

	if (proof->index >= proof->tree_size)
		return false;
	for (size_t i = 0; i < proof->hashes.count; i++) {
		const struct octets *p = &proof->hashes.items[i];

		if (p->size != HASH_BYTES || sn == 0)
			return false;
		if ((fn & 1) != 0 || fn == sn) {
			r = hash_node(p->data, r.bytes);
			while ((fn & 1) == 0 && fn != 0) {
				fn >>= 1;
				sn >>= 1;
			}
		} else {
			r = hash_node(r.bytes, p->data);
		}
		fn >>= 1;
		sn >>= 1;
	}
	*ret_root = r;
	return sn == 0;
}

/* Up to the end of the line; moves `*at` behind it.  NULL: no complete line. */
static char *
take_line(const char **at)
{
	const char *end = strchr(*at, '\n');
	char *line;

	if (!end)
		return NULL;
	line = xstrndup(*at, (size_t)(end - *at));
	*at = end + 1;
	return line;
}

static bool
read_root(const char *line, struct digest *root)
{
	size_t size;
	AUTO_FREE uint8_t *bytes = base64_decode(line, &size);

	if (!bytes || size != HASH_BYTES)
		return false;
	root->algorithm = DIGEST_SHA256;
	memcpy(root->bytes, bytes, HASH_BYTES);
	return true;
}

static int
parse_checkpoint(const char *note, struct checkpoint *ret_checkpoint, struct error **err)
{
	const char *at = note;
	const char *end = strstr(note, "\n\n");
	AUTO_FREE char *origin = NULL;
	AUTO_FREE char *size = NULL;
	AUTO_FREE char *root = NULL;
	struct checkpoint checkpoint = { 0 };

	if (strlen(note) > CHECKPOINT_LIMIT_BYTES || !end)
		return signature_refuse(err, "the checkpoint of the log is not a signed note");
	origin = take_line(&at);
	size = take_line(&at);
	root = take_line(&at);
	if (!origin || !*origin || !size ||
	    !text_parse_uint(size, INT64_MAX, &checkpoint.tree_size) || !root ||
	    !read_root(root, &checkpoint.root) || at > end + 1)
		return signature_refuse(err,
					"the checkpoint of the log has no origin, size or root");
	checkpoint.origin = TAKE_PTR(origin);
	checkpoint.text_size = (size_t)(end + 1 - note);
	*ret_checkpoint = checkpoint;
	return 0;
}

static void
release_checkpoint(struct checkpoint *checkpoint)
{
	free(checkpoint->origin);
	*checkpoint = (struct checkpoint){ 0 };
}

/* A line of the note: "-- NAME BASE64", the dash being U+2014, and the bytes a hint at the key and
 * then the signature, which the caller owns; {0}: it is of another key. */
static struct octets
signature_for(const char *line, const struct trusted_log *log)
{
	static const char dash[] = "\xe2\x80\x94 ";
	const char *space = strrchr(line, ' ');
	size_t size = 0;
	AUTO_FREE uint8_t *decoded = NULL;
	struct octets signature = { NULL, 0 };

	if (!text_starts(line, dash) || space < line + strlen(dash))
		return signature;
	decoded = base64_decode(space + 1, &size);
	if (!decoded || size <= KEY_HINT_BYTES || log->id.size < KEY_HINT_BYTES ||
	    memcmp(decoded, log->id.data, KEY_HINT_BYTES) != 0)
		return signature;
	signature.size = size - KEY_HINT_BYTES;
	signature.data = xcalloc(1, signature.size);
	memcpy(signature.data, decoded + KEY_HINT_BYTES, signature.size);
	return signature;
}

/* Witnesses sign too, in any order; a hint may be of several keys. */
static bool
is_signed(const char *note, const struct checkpoint *checkpoint, const struct trusted_log *log)
{
	const char *at = note + checkpoint->text_size + 1;
	unsigned tried = 0;

	while (tried < CHECKPOINT_SIGNATURES_LIMIT_COUNT) {
		AUTO_FREE char *line = take_line(&at);
		struct octets signature;
		bool is_good;

		if (!line)
			return false;
		signature = signature_for(line, log);
		tried += signature.data != NULL;
		is_good = signature.data && public_key_verify(log->key, note, checkpoint->text_size,
							      signature.data, signature.size);
		free(signature.data);
		if (is_good)
			return true;
	}
	return false;
}

int
inclusion_check(const struct inclusion_proof *proof, const void *body, size_t size,
		const struct trusted_log *log, struct error **err)
{
	CLEANUP(release_checkpoint) struct checkpoint checkpoint = { 0 };
	struct digest root;

	if (!proof->checkpoint)
		return signature_refuse(err, "the proof of the log has no checkpoint");
	if (parse_checkpoint(proof->checkpoint, &checkpoint, err) < 0)
		return -1;
	if (!find_root(proof, body, size, &root) || !digest_equal(&root, &checkpoint.root) ||
	    checkpoint.tree_size != proof->tree_size || proof->root_hash.size != HASH_BYTES ||
	    memcmp(root.bytes, proof->root_hash.data, HASH_BYTES) != 0)
		return signature_refuse(err,
					"the proof of the log does not lead to its checkpoint");
	/* "rekor.example"; of Rekor 1 "rekor.example - 123456", where the name is anything that
	 * stood in its settings. */
	if ((strcmp(checkpoint.origin, log->host) != 0 && !strstr(checkpoint.origin, " - ")) ||
	    !is_signed(proof->checkpoint, &checkpoint, log))
		return signature_refuse(err, "the log has not signed this checkpoint");
	return 0;
}
