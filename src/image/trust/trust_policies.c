/* SPDX-License-Identifier: Apache-2.0 */
#include "image/trust/trust_policies.h"

#include "base/error.h"
#include "base/xalloc.h"
#include "image/resolve/target.h"
#include "project/project.h"

static int
read_root(struct trust_policies *policies, const struct target *target, struct error **err)
{
	AUTO_FREE char *path = NULL;

	if (!target->image->trusted_root || policies->has_root)
		return 0;
	path = xasprintf("%s/%s", target->directory, target->image->trusted_root);
	if (trusted_root_read(path, &policies->root, err) < 0)
		return -1;
	policies->has_root = true;
	return 0;
}

int
trust_policies_read_signers(struct trust_policies *policies, const struct target *target,
			    struct error **err)
{
	const struct strings *paths;

	if (!target->image)
		return 0;
	paths = &target->image->signed_by;
	for (size_t i = 0; i < paths->count; i++) {
		AUTO_FREE char *path = xasprintf("%s/%s", target->directory, paths->items[i]);

		if (signing_keys_add_public(&policies->keys, path, err) < 0)
			return -1;
	}
	/* In the order of the requirements that name one. */
	policies->identities =
		xcalloc(target->image->require.count + 1, sizeof(*policies->identities));
	for (size_t i = 0; i < target->image->require.count; i++) {
		const struct requirement *item = &target->image->require.items[i];

		if (item->issuer)
			policies->identities[policies->identity_count++] =
				(struct keyless_identity){ item->issuer, item->subject,
							   item->is_logged };
	}
	return policies->identity_count > 0 ? read_root(policies, target, err) : 0;
}

static void
add(struct trust_policies *policies, const struct bundle_policy *policy)
{
	policies->items = xgrow(policies->items, policies->count, sizeof(*policies->items));
	policies->items[policies->count++] = *policy;
}

void
trust_policies_add(struct trust_policies *policies, const char *predicate_type)
{
	struct bundle_policy policy = {
		.predicate_type = predicate_type,
		.keys = &policies->keys,
		.root = policies->has_root ? &policies->root : NULL,
		.identities = policies->identities,
		.identity_count = policies->identity_count,
	};

	add(policies, &policy);
}

int
trust_policies_of_project(struct trust_policies *policies, const struct target *target,
			  struct error **err)
{
	const struct requirements *required;
	const struct keyless_identity *identity;

	if (!target->image)
		return 0;
	required = &target->image->require;
	if (!required->signature && required->count == 0)
		return 0;
	if (trust_policies_read_signers(policies, target, err) < 0)
		return -1;
	if (required->signature) {
		struct bundle_policy by_key = { .predicate_type = PREDICATE_SIGNATURE,
						.keys = &policies->keys };

		add(policies, &by_key);
	}
	identity = policies->identities;
	for (size_t i = 0; i < required->count; i++) {
		const struct requirement *item = &required->items[i];
		struct bundle_policy by_identity = {
			.predicate_type =
				item->attestation ? item->attestation : PREDICATE_SIGNATURE,
			.root = &policies->root,
			.identities = identity,
			.identity_count = 1,
		};

		if (item->issuer) {
			add(policies, &by_identity);
			identity++;
		} else {
			trust_policies_add(policies, item->attestation);
		}
	}
	return 0;
}

void
trust_policies_release(struct trust_policies *policies)
{
	signing_keys_release(&policies->keys);
	trusted_root_release(&policies->root);
	free(policies->identities);
	free(policies->items);
	*policies = (struct trust_policies){ 0 };
}
