/* SPDX-License-Identifier: Apache-2.0 */
#include "image/trust/verify.h"

#include "base/error.h"
#include "base/xalloc.h"
#include "image/resolve/find.h"
#include "image/resolve/target.h"
#include "image/trust/signatures.h"
#include "image/trust/signing_key.h"
#include "project/project.h"
#include "repository/session.h"
#include "store/store.h"

struct verification {
	struct session *session;
	const struct target *target;
	const struct found_image *found;
	const struct verify_options *options;
	struct store *store;
	char *tag;        /* of the signatures at the image's place */
	char *name;       /* of the signatures in the store */
	char *repository; /* "host/name" */
	char *annotated;  /* fingerprint that the image says; NULL: none */
};

static void
verification_release(struct verification *verification)
{
	free(verification->tag);
	free(verification->name);
	free(verification->repository);
	free(verification->annotated);
}

static int
check(const struct verification *verification, const struct signatures *signatures,
      struct error **err)
{
	const struct target *target = verification->target;
	const struct location *place = &target->candidates[verification->found->place];
	struct digest_text hex = digest_hex(&target->fingerprint.digest);
	struct expected_claim expected = {
		.claim.digest = verification->found->root.descriptor.digest,
		.annotated = verification->annotated,
	};

	if (place->transport == TRANSPORT_REGISTRY)
		expected.claim.reference = verification->repository;
	expected.claim.fingerprint = target->by_hash ? hex.text : verification->annotated;
	return signatures_check(signatures, verification->options->keys, &expected, err);
}

/* What the store has is good, or no matter. */
static bool
is_known(const struct verification *verification)
{
	AUTO_REPOSITORY struct repository *repository =
		repository_of_store(verification->session, verification->store);
	struct content content = { .repository = repository };
	AUTO_SIGNATURES struct signatures signatures = { 0 };
	AUTO_ERROR struct error *ignored = NULL;

	return signatures_get(&content, verification->name, &signatures, &ignored) == 0 &&
	       signatures.root.evidence.presence == PRESENCE_PRESENT &&
	       check(verification, &signatures, &ignored) == 0;
}

static int
refuse_unsigned(bool offline, struct error **err)
{
	error_set(err, ERROR_REFUSED,
		  offline ? "the store has no valid signature of it" : "it is not signed");
	error_set_class(err, CLASS_SIGNATURE);
	return error_set_hint(err, offline ? "without --offline its registry is asked"
					   : "'ocifp sign' signs it");
}

/* The payloads are in the store already. */
static int
keep(const struct verification *verification, const struct signatures *signatures,
     struct error **err)
{
	const struct resolution *root = &signatures->root;

	if (!store_is_writable(verification->store))
		return 0;
	if (store_add(verification->store, &root->descriptor.digest, root->bytes.data,
		      root->bytes.size, err) < 0)
		return -1;
	return store_set_reference(verification->store, verification->name, &root->descriptor, err);
}

static int
ask(const struct verification *verification, struct error **err)
{
	struct content content = {
		.repository = verification->found->repository,
		.cache = verification->store,
		.keep = store_is_writable(verification->store),
	};
	AUTO_SIGNATURES struct signatures signatures = { 0 };

	if (verification->options->offline)
		return refuse_unsigned(true, err);
	if (signatures_get(&content, verification->tag, &signatures, err) < 0)
		return -1;
	if (signatures.root.evidence.presence != PRESENCE_PRESENT)
		return refuse_unsigned(false, err);
	if (check(verification, &signatures, err) < 0)
		return -1;
	return keep(verification, &signatures, err);
}

int
verify_image(struct session *session, const struct target *target, const struct found_image *found,
	     const struct verify_options *options, struct error **err)
{
	const struct location *place = &target->candidates[found->place];
	AUTO_FREE char *image = target_name(target, found->place);
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
	if (is_known(&verification) || ask(&verification, err) == 0)
		return 0;
	return error_wrap(err, "cannot trust '%s'", image);
}

int
verify_add_keys(const struct target *target, struct signing_keys *keys, struct error **err)
{
	for (size_t i = 0; target->image && i < target->image->signed_by.count; i++) {
		AUTO_FREE char *path =
			xasprintf("%s/%s", target->directory, target->image->signed_by.items[i]);

		if (signing_keys_add_public(keys, path, err) < 0)
			return -1;
	}
	return 0;
}

bool
verify_is_required(const struct target *target)
{
	return target->image && strings_has(&target->image->require, "signature");
}

int
verify_required(struct session *session, const struct target *target,
		const struct found_image *found, bool offline, struct error **err)
{
	AUTO_SIGNING_KEYS struct signing_keys keys = { 0 };
	struct verify_options options = { .keys = &keys, .offline = offline };

	if (!verify_is_required(target) || found->is_built)
		return 0;
	if (verify_add_keys(target, &keys, err) < 0)
		return -1;
	return verify_image(session, target, found, &options, err);
}
