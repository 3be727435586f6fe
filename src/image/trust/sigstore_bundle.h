/* SPDX-License-Identifier: Apache-2.0 */
/* sigstore_bundle.h - a Sigstore bundle: what was signed, the signature, and what it is verified
 * with
 *
 *     content ... a DSSE envelope, whose payload is an in-toto statement; or the digest of a file
 *     signer .... a hint at a key that the verifier has; or a certificate
 *     log ....... entries of a transparency log
 *     times ..... RFC 3161 time stamps of the signature
 *
 * protobuf-specs, protos/sigstore_bundle.proto, versions 0.1 to 0.3.  Base64 is decoded and numbers
 * are in range; nothing is verified here.
 */
#ifndef OCIFP_IMAGE_TRUST_SIGSTORE_BUNDLE_H
#define OCIFP_IMAGE_TRUST_SIGSTORE_BUNDLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cleanup.h"

struct error;

#define MEDIA_SIGSTORE_BUNDLE "application/vnd.dev.sigstore.bundle.v0.3+json"
#define MEDIA_SIGSTORE_BUNDLE_OLDEST "application/vnd.dev.sigstore.bundle+json;version=0.1"

struct octets {
	uint8_t *data; /* NULL: none */
	size_t size;
};

struct octets_list {
	struct octets *items;
	size_t count;
};

/* RFC 6962, 2.1.1. */
struct inclusion_proof {
	uint64_t index; /* of the leaf in the tree */
	uint64_t tree_size;
	struct octets root_hash;
	struct octets_list hashes;
	char *checkpoint; /* NULL: none */
};

struct log_entry {
	char *kind, *version; /* of the body: "hashedrekord", "0.0.1" */
	struct octets log_id; /* hash of the log's key */
	uint64_t index;       /* in all shards of the log */
	int64_t integrated_s; /* since 1970; 0: not said */
	struct octets body;
	struct octets
		promise; /* the log's signature of the entry and its time; none in version 2 */
	bool has_proof;
	struct inclusion_proof proof;
};

struct sigstore_bundle {
	unsigned minor; /* of its version, 0.1 to 0.3 */
	bool is_envelope;
	char *payload_type; /* of an envelope, as the next */
	struct octets payload;
	struct octets message_digest; /* SHA-256; of a file that was signed */
	struct octets signature;
	char *key_hint;                  /* NULL: signed with a certificate */
	struct octets_list certificates; /* DER, the signer's first */
	struct log_entry *entries;
	size_t entry_count;
	struct octets_list timestamps; /* DER of a TimeStampResp */
};

/* ERROR_CONTENT: not a bundle of these versions. */
int sigstore_bundle_parse(const void *bytes, size_t size, struct sigstore_bundle *ret_bundle,
			  struct error **err);
void sigstore_bundle_release(struct sigstore_bundle *bundle);
#define AUTO_SIGSTORE_BUNDLE CLEANUP(sigstore_bundle_release)

/* Of version 0.3, by a key with that hint; the caller owns the text. */
char *sigstore_bundle_format(const char *payload_type, const char *payload, const char *signature,
			     const char *key_hint);

/* Refuses a signature: ERROR_REFUSED, class "signature". */
int signature_refuse(struct error **err, const char *why);

/* The bytes that the signature of an envelope covers: secure-systems-lab/dsse, protocol.md. */
int dsse_encode(const char *payload_type, const void *payload, size_t size, struct buf *buf,
		struct error **err);

#endif
