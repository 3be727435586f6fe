/* SPDX-License-Identifier: Apache-2.0 */
#include "image/trust/verify.h"

#include <string.h>
#include <time.h>

#include "base/error.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "image/resolve/find.h"
#include "image/resolve/target.h"
#include "image/trust/bundles.h"
#include "image/trust/expected_claim.h"
#include "image/trust/signatures.h"
#include "image/trust/signing_key.h"
#include "image/trust/trust_policies.h"
#include "oci/referrer.h"
#include "project/project.h"
#include "repository/session.h"
#include "store/store.h"

struct verification {
	struct session *session;
	const struct target *target;
	const struct found_image *found;
	const struct verify_options *options;
	const struct bundle_policy *policy; /* that is being checked */
	struct store *store;
	char *tag;                  /* of the classic signatures at the image's place */
	char *name;                 /* of these in the store */
	char *bundle_name;          /* of the bundles in the store */
	char *repository;           /* "host/name" */
	char *annotated;            /* fingerprint that the image says; NULL: none */
	bool is_listed;             /* the next is known */
	struct descriptors entries; /* the bundles at the image's place */
};

static void
verification_release(struct verification *verification)
{
	free(verification->tag);
	free(verification->name);
	free(verification->bundle_name);
	free(verification->repository);
	free(verification->annotated);
	descriptors_release(&verification->entries);
}

/* `hex` has the text of the fingerprint that is expected. */
static struct expected_claim
expect(const struct verification *verification, struct digest_text *hex)
{
	const struct target *target = verification->target;
	const struct location *place = &target->candidates[verification->found->place];
	struct expected_claim expected = {
		.claim.digest = verification->found->root.descriptor.digest,
		.annotated = verification->annotated,
	};

	*hex = digest_hex(&target->fingerprint.digest);
	if (place->transport == TRANSPORT_REGISTRY)
		expected.claim.reference = verification->repository;
	expected.claim.fingerprint = target->by_hash ? hex->text : verification->annotated;
	return expected;
}

static int
check_signatures(const struct verification *verification, const struct signatures *signatures,
		 struct error **err)
{
	struct digest_text hex;
	struct expected_claim expected = expect(verification, &hex);
	struct bundle_policy policy = *verification->policy;

	policy.expected = &expected;
	return signatures_check(signatures, &policy, err);
}

static int
check_bundles(const struct verification *verification, const struct content *content,
	      const struct descriptors *entries, struct good_bundle *ret_good, struct error **err)
{
	struct digest_text hex;
	struct expected_claim expected = expect(verification, &hex);
	struct bundle_policy policy = *verification->policy;

	policy.expected = &expected;
	return bundles_check(content, entries, &policy, ret_good, err);
}

/* The classic form holds signatures alone, no attestations. */
static bool
may_be_classic(const struct bundle_policy *policy)
{
	return strcmp(policy->predicate_type, PREDICATE_SIGNATURE) == 0;
}

static bool
is_by_key(const struct bundle_policy *policy)
{
	return policy->keys && policy->keys->count > 0;
}

static bool
knows_signature(const struct verification *verification, const struct content *store)
{
	AUTO_SIGNATURES struct signatures signatures = { 0 };
	AUTO_ERROR struct error *ignored = NULL;

	return signatures_get(store, verification->name, &signatures, &ignored) == 0 &&
	       signatures.root.evidence.presence == PRESENCE_PRESENT &&
	       check_signatures(verification, &signatures, &ignored) == 0;
}

static bool
knows_bundle(const struct verification *verification, const struct content *store)
{
	AUTO_DESCRIPTORS struct descriptors entries = { 0 };
	AUTO_GOOD_BUNDLE struct good_bundle good = { 0 };
	AUTO_ERROR struct error *ignored = NULL;

	return bundles_list_kept(store, verification->bundle_name, &entries, &ignored) == 0 &&
	       check_bundles(verification, store, &entries, &good, &ignored) == 0;
}

/* The store's signature is good, or its error does not matter. */
static bool
is_known(const struct verification *verification)
{
	AUTO_REPOSITORY struct repository *repository =
		repository_of_store(verification->session, verification->store);
	struct content store = { .repository = repository };

	return (may_be_classic(verification->policy) && knows_signature(verification, &store)) ||
	       knows_bundle(verification, &store);
}

static int
refuse_unsigned(const struct verification *verification, struct error **err)
{
	const char *type = verification->policy->predicate_type;
	bool offline = verification->options->offline;

	if (strcmp(type, PREDICATE_SIGNATURE) == 0)
		error_set(err, ERROR_REFUSED,
			  offline ? "the store has no valid signature of it" : "it is not signed");
	else
		error_set(err, ERROR_REFUSED, "%s no attestation '%s' of it",
			  offline ? "the store has" : "its repository has", QUOTED(type));
	error_set_class(err, CLASS_SIGNATURE);
	if (offline)
		return error_set_hint(err, "without --offline its registry is asked");
	return may_be_classic(verification->policy) && is_by_key(verification->policy)
		       ? error_set_hint(err, "'ocifp sign' signs it")
		       : -1;
}

static int
keep_bundle(const struct verification *verification, const struct good_bundle *good,
	    struct error **err)
{
	AUTO_REPOSITORY struct repository *repository =
		repository_of_store(verification->session, verification->store);
	struct content kept = { .repository = repository };

	if (!store_is_writable(verification->store))
		return 0;
	return bundles_keep(verification->store, &kept, verification->bundle_name, good, err);
}

static int
ask_signatures(struct verification *verification, bool *ret_found, struct error **err)
{
	struct content content = {
		.repository = verification->found->repository,
		.cache = verification->store,
		.keep = store_is_writable(verification->store),
	};
	AUTO_SIGNATURES struct signatures signatures = { 0 };
	const struct resolution *root = &signatures.root;

	if (signatures_get(&content, verification->tag, &signatures, err) < 0) {
		*ret_found = signatures.root.evidence.presence == PRESENCE_PRESENT;
		return -1;
	}
	*ret_found = signatures.root.evidence.presence == PRESENCE_PRESENT;
	if (!*ret_found)
		return refuse_unsigned(verification, err);
	if (check_signatures(verification, &signatures, err) < 0)
		return -1;
	/* The payloads are in the store already. */
	if (!store_is_writable(verification->store))
		return 0;
	if (store_add(verification->store, &root->descriptor.digest, root->bytes.data,
		      root->bytes.size, err) < 0)
		return -1;
	return store_set_reference(verification->store, verification->name, &root->descriptor, err);
}

/* Once for all policies. */
static int
list_bundles(struct verification *verification, const struct content *content, struct error **err)
{
	if (verification->is_listed)
		return 0;
	if (bundles_list(content, &verification->found->root.descriptor.digest,
			 &verification->entries, err) < 0)
		return -1;
	verification->is_listed = true;
	return 0;
}

static int
ask_bundles(struct verification *verification, bool *ret_found, struct error **err)
{
	struct content content = {
		.repository = verification->found->repository,
		.cache = verification->store,
	};
	AUTO_GOOD_BUNDLE struct good_bundle good = { 0 };

	if (list_bundles(verification, &content, err) < 0)
		return -1;
	*ret_found = verification->entries.count > 0;
	if (!*ret_found)
		return refuse_unsigned(verification, err);
	if (check_bundles(verification, &content, &verification->entries, &good, err) < 0)
		return -1;
	return keep_bundle(verification, &good, err);
}

static bool
is_verdict(const struct error *failure)
{
	return error_is(failure, ERROR_REFUSED) || error_is(failure, ERROR_CONTENT);
}

static int
ask(struct verification *verification, struct error **err)
{
	bool by_key = is_by_key(verification->policy);
	int (*const asks[])(struct verification *, bool *,
			    struct error **) = { by_key ? ask_signatures : ask_bundles,
						 by_key ? ask_bundles : ask_signatures };
	AUTO_ERROR struct error *first = NULL;
	AUTO_ERROR struct error *second = NULL;
	bool has_first = false;
	bool has_second = false;

	if (verification->options->offline)
		return refuse_unsigned(verification, err);
	if (!may_be_classic(verification->policy))
		return ask_bundles(verification, &has_first, err);
	/* Tries the usual form of such signers first.  Of two errors, the one about an existing
	 * signature says more. */
	if (asks[0](verification, &has_first, &first) == 0)
		return 0;
	if (!is_verdict(first))
		return error_pass(err, TAKE_PTR(first));
	if (asks[1](verification, &has_second, &second) == 0)
		return 0;
	if (has_first && is_verdict(second))
		return error_pass(err, TAKE_PTR(first));
	return error_pass(err, TAKE_PTR(second));
}

static int
verify_policies(struct verification *verification, struct error **err)
{
	const struct trust_policies *policies = verification->options->policies;

	for (size_t i = 0; i < policies->count; i++) {
		char day[sizeof("2026-01-02")] = "";
		time_t newest_s;
		struct tm time;

		verification->policy = &policies->items[i];
		if (is_known(verification) || ask(verification, err) == 0)
			continue;
		if (!verification->policy->root)
			return -1;
		/* A root that is out of date lacks the keys of new signatures. */
		newest_s = (time_t)verification->policy->root->newest_s;
		if (verification->policy->root->newest_s < 0 || !gmtime_r(&newest_s, &time) ||
		    strftime(day, sizeof(day), "%Y-%m-%d", &time) == 0)
			return -1;
		return error_set_hint(
			err,
			"the newest part of the trusted root is of %s; 'cosign trusted-root "
			"create' and 'gh attestation trusted-root' print the present one",
			day);
	}
	return 0;
}

int
verify_image(struct session *session, const struct target *target, const struct found_image *found,
	     const struct verify_options *options, struct error **err)
{
	const struct location *place = &target->candidates[found->place];
	AUTO_FREE char *image = target_name(target, found->place);
	AUTO_FREE char *bundle_tag = referrer_tag(&found->root.descriptor.digest);
	CLEANUP(verification_release)
	struct verification verification = {
		.session = session,
		.target = target,
		.found = found,
		.options = options,
		.store = session_store(session, err),
		.tag = signatures_tag(&found->root.descriptor.digest),
		.repository = location_repository(place),
	};

	if (!verification.store ||
	    found_image_fingerprint(&found->root, &verification.annotated, err) < 0)
		return -1;
	verification.name = xasprintf("%s:%s", verification.repository, verification.tag);
	verification.bundle_name = xasprintf("%s:%s", verification.repository, bundle_tag);
	if (verify_policies(&verification, err) == 0)
		return 0;
	return error_wrap(err, "cannot trust '%s'", image);
}

bool
verify_is_required(const struct target *target)
{
	return target->image &&
	       (target->image->require.signature || target->image->require.count > 0);
}

int
verify_required(struct session *session, const struct target *target,
		const struct found_image *found, bool offline, struct error **err)
{
	AUTO_TRUST_POLICIES struct trust_policies policies = { 0 };
	struct verify_options options = { .policies = &policies, .offline = offline };

	if (!verify_is_required(target) || found->is_built)
		return 0;
	if (trust_policies_of_project(&policies, target, err) < 0)
		return -1;
	return verify_image(session, target, found, &options, err);
}
