/* SPDX-License-Identifier: Apache-2.0 */
/* bundle_signers.h - who signed or attested what of an image, in either form
 *
 * To look at, not to decide by: without keys and root, a bundle's own word.
 */
#ifndef OCIFP_IMAGE_TRUST_BUNDLE_SIGNERS_H
#define OCIFP_IMAGE_TRUST_BUNDLE_SIGNERS_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "image/trust/signer_certificate.h"
#include "oci/digest.h"

struct content;
struct descriptors;
struct error;
struct signing_keys;
struct trusted_root;

struct bundle_signer {
	struct digest digest;            /* of the bundle's manifest, or of the payload */
	char *predicate_type;            /* NULL: not of this image, or not to be read */
	char *key_hint;                  /* NULL: an identity, or unknown; "": it has none */
	struct signer_identity identity; /* of the certificate */
	bool is_verified;                /* by one of the keys, or by the root */
};

struct bundle_signers {
	bool is_read; /* signers were asked for, although there may be none */
	struct bundle_signer *items;
	size_t count;
};

/* Whom to verify with; either may be NULL. */
struct bundle_judges {
	const struct signing_keys *keys;
	const struct trusted_root *root;
};

/* One for each of the referrers that may be a bundle, up to SIGNATURES_LIMIT_COUNT. */
int bundle_signers_read(const struct content *content, const struct descriptors *referrers,
			const struct digest *subject, const struct bundle_judges *judges,
			struct bundle_signers *ret_signers, struct error **err);
/* Adds those of the signatures in the older form, up to SIGNATURES_LIMIT_COUNT. */
int bundle_signers_read_classic(const struct content *content, const struct digest *subject,
				const struct bundle_judges *judges,
				struct bundle_signers *ret_signers, struct error **err);
/* NULL: none of that manifest. */
const struct bundle_signer *bundle_signers_find(const struct bundle_signers *signers,
						const struct digest *digest);
void bundle_signers_release(struct bundle_signers *signers);
#define AUTO_BUNDLE_SIGNERS CLEANUP(bundle_signers_release)

/* "TYPE by SUBJECT of ISSUER, verified", for a terminal; the caller owns it. */
char *bundle_signer_format(const struct bundle_signer *signer);
json_t *bundle_signers_json(const struct bundle_signers *signers); /* the caller's reference */

#endif
