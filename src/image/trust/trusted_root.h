/* SPDX-License-Identifier: Apache-2.0 */
/* trusted_root.h - the keys and certificates that a keyless signature is verified with
 *
 *     logs ................ that list signatures (Rekor)
 *     certificate logs .... that list certificates (RFC 6962)
 *     authorities ......... that certify who signs (Fulcio)
 *     time authorities .... that say when (RFC 3161)
 *
 * protobuf-specs, protos/sigstore_trustroot.proto, as `cosign trusted-root create` and `gh
 * attestation trusted-root` write it.  None is built in, and nothing is fetched: the user keeps the
 * file up to date.  An instance with a key of a kind that we cannot use is left out.  gh prints a
 * document a line, one for each instance of Sigstore; what one of them lists counts for no other.
 */
#ifndef OCIFP_IMAGE_TRUST_TRUSTED_ROOT_H
#define OCIFP_IMAGE_TRUST_TRUSTED_ROOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/x509.h>

#include "base/cleanup.h"
#include "image/trust/sigstore_bundle.h"

struct error;

/* Both ends belong to it; seconds since 1970. */
struct validity {
	int64_t start_s;
	int64_t end_s; /* INT64_MAX: open */
};

struct trusted_log {
	struct octets id;
	char *host; /* of its URL */
	EVP_PKEY *key;
	struct validity validity;
};

struct trusted_logs {
	struct trusted_log *items;
	size_t count;
};

struct trusted_authority {
	X509 **chain; /* from the one that issues, or signs, to the root */
	size_t length;
	struct validity validity;
};

struct trusted_authorities {
	struct trusted_authority *items;
	size_t count;
};

struct trusted_root {
	struct trusted_logs logs, certificate_logs;
	struct trusted_authorities authorities, time_authorities;
	int64_t newest_s; /* when the newest of them began to be valid, in the first of all lines */
	struct trusted_root *next; /* of the next line; NULL: none */
};

/* ERROR_USAGE: not a trusted root. */
int trusted_root_read(const char *path, struct trusted_root *ret_root, struct error **err);
int trusted_root_parse(const void *bytes, size_t size, struct trusted_root *ret_root,
		       struct error **err);
void trusted_root_release(struct trusted_root *root);
#define AUTO_TRUSTED_ROOT CLEANUP(trusted_root_release)

bool validity_has(const struct validity *validity, int64_t time_s);

/* NULL: none has this id. */
const struct trusted_log *trusted_logs_find(const struct trusted_logs *logs,
					    const struct octets *id);

#endif
