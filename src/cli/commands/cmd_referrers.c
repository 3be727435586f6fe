/* SPDX-License-Identifier: Apache-2.0 */
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/options/target_options.h"
#include "cli/output/page.h"
#include "image/document/content.h"
#include "image/resolve/find.h"
#include "image/resolve/target.h"
#include "image/trust/bundle_signers.h"
#include "image/trust/trust_policies.h"
#include "oci/media_type.h"
#include "repository/session.h"

struct referrers_values {
	const char *artifact_type;
	bool signers;
	struct strings keys;
	const char *trusted_root;
};

static const struct option_spec referrers_options[] = {
	{ "artifact-type", 0, OPTION_STRING, offsetof(struct referrers_values, artifact_type),
	  "TYPE", "list only artifacts of this type" },
	{ "signers", 0, OPTION_FLAG, offsetof(struct referrers_values, signers), NULL,
	  "read the Sigstore bundles, and show who signed what" },
	{ "key", 'k', OPTION_STRINGS, offsetof(struct referrers_values, keys), "FILE",
	  "verify with this public key in PEM; repeatable" },
	{ "trusted-root", 0, OPTION_STRING, offsetof(struct referrers_values, trusted_root), "FILE",
	  "verify identities with the keys and certificates of this file" },
	{ 0 },
};

struct listed {
	struct repository *repository;
	struct digest subject;
	struct descriptors referrers;
};

static void
listed_release(struct listed *listed)
{
	repository_free(listed->repository);
	descriptors_release(&listed->referrers);
}

/* A digest needs no request; the manifest itself may be deleted. */
static int
find_subject(struct context *context, const struct target *target,
	     struct repository **ret_repository, struct digest *ret_digest, struct error **err)
{
	AUTO_FOUND_IMAGE struct found_image found = { 0 };
	const struct location *place = &target->candidates[0];

	*ret_digest = place->reference.digest;
	if (ret_digest->algorithm == DIGEST_NONE) {
		if (find_required_image(context_session(context), target, &found, err) < 0)
			return -1;
		place = &target->candidates[found.place];
		*ret_digest = found.root.descriptor.digest;
	}
	*ret_repository = repository_open(context_session(context), place, REPOSITORY_READ, err);
	return *ret_repository ? 0 : -1;
}

static int
read_judges(const struct referrers_values *values, const struct target *target,
	    struct trust_policies *policies, struct error **err)
{
	for (size_t i = 0; i < values->keys.count; i++)
		if (signing_keys_add_public(&policies->keys, values->keys.items[i], err) < 0)
			return -1;
	if (values->trusted_root) {
		if (trusted_root_read(values->trusted_root, &policies->root, err) < 0)
			return -1;
		policies->has_root = true;
	}
	return trust_policies_read_signers(policies, target, err);
}

/* Verified with the keys and the root of the options and of the project file. */
static int
read_signers(struct context *context, const struct referrers_values *values,
	     const struct target *target, const struct listed *listed,
	     struct bundle_signers *ret_signers, struct error **err)
{
	struct content content = {
		.repository = listed->repository,
		.cache = session_find_store(context_session(context)),
	};
	AUTO_TRUST_POLICIES struct trust_policies policies = { 0 };
	struct bundle_judges judges = { .keys = &policies.keys };

	if (!values->signers)
		return 0;
	if (read_judges(values, target, &policies, err) < 0)
		return -1;
	judges.root = policies.has_root ? &policies.root : NULL;
	return bundle_signers_read(&content, &listed->referrers, &listed->subject, &judges,
				   ret_signers, err);
}

static int
tell(struct context *context, const struct listed *listed, const struct bundle_signers *signers,
     struct error **err)
{
	AUTO_FREE char *subject =
		format_resolved(repository_name(listed->repository), &listed->subject);
	AUTO_PAGE struct page page = { 0 };
	AUTO_FREE char *text = NULL;
	json_t *result = json_pack("{s:s, s:o}", "subject", subject, "referrers",
				   descriptors_json(&listed->referrers));

	for (size_t i = 0; i < listed->referrers.count; i++) {
		const struct descriptor *entry = &listed->referrers.items[i];
		const struct bundle_signer *signer = bundle_signers_find(signers, &entry->digest);
		AUTO_FREE char *who = signer ? bundle_signer_format(signer) : NULL;

		page_add(&page, "%s %s%s%s\n", digest_text(&entry->digest).text,
			 QUOTED(entry->artifact_type ? entry->artifact_type : entry->media_type),
			 who ? " " : "", who ? who : "");
	}
	text = page_take(&page);
	if (signers->is_read)
		json_object_set_new(result, "signers", bundle_signers_json(signers));
	return context_result(context, text, result, err);
}

static int
run_referrers(struct context *context, const void *opaque, const struct strings *operands,
	      struct error **err)
{
	const struct referrers_values *values = opaque;
	const char *operand = operands->count > 0 ? operands->items[0] : NULL;
	AUTO_TARGET struct target target = { 0 };
	CLEANUP(listed_release) struct listed listed = { 0 };
	AUTO_BUNDLE_SIGNERS struct bundle_signers signers = { 0 };

	if (!values->signers && (values->keys.count > 0 || values->trusted_root))
		return error_set(err, ERROR_USAGE, "--key and --trusted-root require --signers");
	if (target_of_options(context, NULL, operand, &target, err) < 0 ||
	    find_subject(context, &target, &listed.repository, &listed.subject, err) < 0 ||
	    repository_list_referrers(listed.repository, &listed.subject, values->artifact_type,
				      &listed.referrers, err) < 0 ||
	    read_signers(context, values, &target, &listed, &signers, err) < 0)
		return -1;
	if (listed.referrers.count == 0 && !context->options.json)
		return 0;
	return tell(context, &listed, &signers, err);
}

const struct command cmd_referrers = {
	.name = "referrers",
	.summary = "list the artifacts that refer to an image",
	.usage = "[--artifact-type TYPE] [--signers] [IMAGE|REF]",
	.options = referrers_options,
	.values_size = sizeof(struct referrers_values),
	.groups = OPTIONS_NETWORK | OPTIONS_STORE | OPTIONS_PROJECT,
	.operands_max = 1,
	.run = run_referrers,
};
