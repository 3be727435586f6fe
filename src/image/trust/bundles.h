/* SPDX-License-Identifier: Apache-2.0 */
/* bundles.h - what is signed and attested of an image, as Sigstore bundles
 *
 *     referrer of the image, artifactType application/vnd.dev.sigstore.bundle...
 *         --> one layer: a bundle (sigstore_bundle.h) --> an in-toto statement (oci/statement.h)
 *
 * cosign 3, `cosign sign` and `cosign attest`; GitHub's attestations.  The referrers are listed by
 * the registry's API, else under the tag "sha256-<hex>" (registry/referrers.h).  That list may not
 * have a referrer's artifact type, or "application/vnd.oci.empty.v1+json" for it, so the manifest
 * itself decides.  Its annotation dev.sigstore.bundle.predicateType, if the list has it, saves
 * requests: what says another type is not asked for.
 *
 * Requests: the list (one, with the tag two), then two for each bundle that is looked at.
 */
#ifndef OCIFP_IMAGE_TRUST_BUNDLES_H
#define OCIFP_IMAGE_TRUST_BUNDLES_H

#include <stdbool.h>

#include "base/buf.h"
#include "oci/descriptor.h"

struct content;
struct error;
struct expected_claim;
struct keyless_identity;
struct signing_keys;
struct sigstore_bundle;
struct statement;
struct store;
struct trusted_root;

#define PREDICATE_SIGNATURE "https://sigstore.dev/cosign/sign/v1"

#define ANNOTATION_BUNDLE_CONTENT "dev.sigstore.bundle.content"
#define ANNOTATION_BUNDLE_PREDICATE "dev.sigstore.bundle.predicateType"

/* The requirement for a signature, in either form (signatures.h), or an attestation. */
struct bundle_policy {
	const char *predicate_type;
	const struct signing_keys *keys; /* one of them made it; NULL: no key counts */
	const struct trusted_root *root; /* or one of these identities; NULL: none counts */
	const struct keyless_identity *identities;
	size_t identity_count;
	const struct expected_claim *expected;
};

/* A bundle that is good, as it is kept. */
struct good_bundle {
	struct descriptor descriptor; /* of the manifest, as a list of referrers has it */
	struct buf manifest;
	struct descriptor layer;
	struct buf bytes;
};

bool bundles_may_be(const struct descriptor *entry); /* as it is listed */

/* Those of the image's referrers that may be bundles. */
int bundles_list(const struct content *content, const struct digest *subject,
		 struct descriptors *ret_entries, struct error **err);

/* 0 when one of them satisfies the policy; else ERROR_REFUSED, class "signature", with what came
 * nearest. */
int bundles_check(const struct content *content, const struct descriptors *entries,
		  const struct bundle_policy *policy, struct good_bundle *ret_good,
		  struct error **err);
void good_bundle_release(struct good_bundle *good);
#define AUTO_GOOD_BUNDLE CLEANUP(good_bundle_release)

/* Made by one of the policy's keys, or by one of its identities; the error is about the last one.
 */
int bundles_check_signer(const struct sigstore_bundle *bundle, const struct bundle_policy *policy,
			 struct error **err);

/* Whether one of the keys signed this envelope. */
bool bundles_is_by_key(const struct sigstore_bundle *bundle, const struct signing_keys *keys);

/* The bundle that an entry refers to, whatever it says. */
int bundles_read(const struct content *content, const struct descriptor *entry,
		 struct good_bundle *ret_bytes, struct sigstore_bundle *ret_bundle,
		 struct error **err);

/* Its claim; ERROR_REFUSED: not an in-toto statement. */
int bundles_read_statement(const struct sigstore_bundle *bundle, struct statement *ret_statement,
			   struct error **err);

/* In the store, good ones are listed in an index of that name; absent: none are. */
int bundles_list_kept(const struct content *store, const char *name,
		      struct descriptors *ret_entries, struct error **err);
int bundles_keep(struct store *store, const struct content *kept, const char *name,
		 const struct good_bundle *good, struct error **err);

#endif
