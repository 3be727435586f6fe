/* SPDX-License-Identifier: Apache-2.0 */
/* verify.h - an image is only used when it is signed
 *
 *     signatures that the store keeps --none is good--> those at the image's own place:
 *         cosign's tag (signatures.h) --none is good--> bundles (bundles.h)
 *         by identities alone the bundles first
 *
 * A signature holds wherever it comes from, so what was good once is kept in the store and asks
 * nobody again.  Requests by key: 2 for a signature under the tag; 4 for a bundle, 5 at a
 * registry without the referrers API; 2 for each further bundle that is required.
 */
#ifndef OCIFP_IMAGE_TRUST_VERIFY_H
#define OCIFP_IMAGE_TRUST_VERIFY_H

#include <stdbool.h>

struct error;
struct found_image;
struct session;
struct target;
struct trust_policies;

struct verify_options {
	const struct trust_policies *policies; /* all of them have to be satisfied */
	bool offline;                          /* only the store */
};

/* The signature, its digest, its repository (of a registry) and, by hash, its fingerprint.
 * ERROR_REFUSED, class "signature": no signature, or none that is good. */
int verify_image(struct session *session, const struct target *target,
		 const struct found_image *found, const struct verify_options *options,
		 struct error **err);

/* If the project file has a signature or an attestation under `require`; otherwise nothing is
 * requested. A local build needs no signature. */
bool verify_is_required(const struct target *target);
int verify_required(struct session *session, const struct target *target,
		    const struct found_image *found, bool offline, struct error **err);

#endif
