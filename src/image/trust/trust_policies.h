/* SPDX-License-Identifier: Apache-2.0 */
/* trust_policies.h - what an image's signatures and attestations have to satisfy, all of it
 *
 *     project file --trust_policies_of_project--> policies <--trust_policies_add-- options
 *
 * It owns the keys, the trusted root and the identities that the policies refer to.
 */
#ifndef OCIFP_IMAGE_TRUST_TRUST_POLICIES_H
#define OCIFP_IMAGE_TRUST_TRUST_POLICIES_H

#include "image/trust/bundles.h"
#include "image/trust/keyless.h"
#include "image/trust/signing_key.h"
#include "image/trust/trusted_root.h"

struct error;
struct target;

struct trust_policies {
	struct signing_keys keys;
	struct trusted_root root;
	bool has_root;
	struct keyless_identity *identities; /* their strings are borrowed */
	size_t identity_count;
	struct bundle_policy *items;
	size_t count;
};

/* The keys that the project file names for the image and the identities that it requires, with
 * their trusted root; without policies. */
int trust_policies_read_signers(struct trust_policies *policies, const struct target *target,
				struct error **err);

/* The project file's requirements for the image; empty if it requires neither a signature nor an
 * attestation. */
int trust_policies_of_project(struct trust_policies *policies, const struct target *target,
			      struct error **err);

/* A bundle of this type by one of all keys and identities; after these have been added. */
void trust_policies_add(struct trust_policies *policies, const char *predicate_type);
void trust_policies_release(struct trust_policies *policies);
#define AUTO_TRUST_POLICIES CLEANUP(trust_policies_release)

#endif
