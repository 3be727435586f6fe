/* SPDX-License-Identifier: Apache-2.0 */
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/xalloc.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/inspected.h"
#include "cli/outcome.h"
#include "image/trust/trust_policies.h"
#include "image/trust/verify.h"

struct verify_values {
	struct target_options target;
	struct strings keys;
	const char *issuer;
	const char *subject;
	const char *trusted_root;
	const char *attestation;
	bool no_log;
};

static const struct option_spec verify_options[] = {
	{ "key", 'k', OPTION_STRINGS, offsetof(struct verify_values, keys), "FILE",
	  "public key in PEM, instead of the project file's keys; repeatable" },
	{ "issuer", 0, OPTION_STRING, offsetof(struct verify_values, issuer), "URL",
	  "issuer of the identity that has to have signed" },
	{ "subject", 0, OPTION_STRING, offsetof(struct verify_values, subject), "NAME",
	  "that identity: a workflow's URL, or an address" },
	{ "trusted-root", 0, OPTION_STRING, offsetof(struct verify_values, trusted_root), "FILE",
	  "keys and certificates to verify an identity with" },
	{ "no-log", 0, OPTION_FLAG, offsetof(struct verify_values, no_log), NULL,
	  "the identity's instance has no transparency log" },
	{ "attestation", 0, OPTION_STRING, offsetof(struct verify_values, attestation), "TYPE",
	  "require an attestation of this predicate type instead of a signature" },
	TARGET_OPTIONS(struct verify_values, target),
	{ 0 },
};

/* The required signers, from options, else from the project file. */
static int
read_signers(const struct verify_values *values, const struct target *target,
	     struct trust_policies *policies, struct error **err)
{
	for (size_t i = 0; i < values->keys.count; i++)
		if (signing_keys_add_public(&policies->keys, values->keys.items[i], err) < 0)
			return -1;
	if (values->issuer) {
		if (trusted_root_read(values->trusted_root, &policies->root, err) < 0)
			return -1;
		policies->has_root = true;
		policies->identities = XNEW(struct keyless_identity);
		policies->identities[0] =
			(struct keyless_identity){ values->issuer, values->subject,
						   !values->no_log };
		policies->identity_count = 1;
	}
	if (policies->keys.count + policies->identity_count > 0)
		return 0;
	if (trust_policies_read_signers(policies, target, err) < 0)
		return -1;
	if (policies->keys.count + policies->identity_count > 0)
		return 0;
	error_set(err, ERROR_USAGE, "no key given");
	return error_set_hint(err, "--key FILE, --issuer and --subject, or 'signed_by' in the "
				   "project file");
}

/* Without options, everything that the project file requires. */
static int
read_policies(const struct verify_values *values, const struct target *target,
	      struct trust_policies *policies, struct error **err)
{
	bool is_said = values->keys.count > 0 || values->issuer || values->attestation;
	bool has_identity = values->issuer && values->subject && values->trusted_root;
	bool has_any = values->issuer || values->subject || values->trusted_root || values->no_log;

	if (has_any && !has_identity)
		return error_set(err, ERROR_USAGE,
				 "an identity requires --issuer, --subject and --trusted-root");
	if (!is_said && verify_is_required(target))
		return trust_policies_of_project(policies, target, err);
	if (read_signers(values, target, policies, err) < 0)
		return -1;
	trust_policies_add(policies,
			   values->attestation ? values->attestation : PREDICATE_SIGNATURE);
	return 0;
}

static int
run_verify(struct context *context, const void *opaque, const struct strings *operands,
	   struct error **err)
{
	const struct verify_values *values = opaque;
	AUTO_TRUST_POLICIES struct trust_policies policies = { 0 };
	AUTO_INSPECTED struct inspected inspected = { 0 };
	struct verify_options options = { .policies = &policies };
	AUTO_FREE char *repository = NULL;
	struct outcome outcome;

	if (inspected_find(context, &values->target, operands, &inspected, err) < 0 ||
	    read_policies(values, &inspected.target, &policies, err) < 0 ||
	    verify_image(context_session(context), &inspected.target, &inspected.found, &options,
			 err) < 0)
		return -1;
	repository = location_repository(&inspected.target.candidates[inspected.found.place]);
	outcome =
		outcome_of(&inspected.target, repository, &inspected.found.root.descriptor.digest);
	if (outcome_tell_github(context, &outcome, err) < 0)
		return -1;
	return context_result_image(context, repository, &inspected.found.root.descriptor.digest,
				    json_pack("{s:b}", "verified", true), err);
}

const struct command cmd_verify = {
	.name = "verify",
	.summary = "verify the signatures and attestations of an image",
	.usage = "[--key FILE] [--issuer URL --subject NAME --trusted-root FILE] [--by-hash] "
		 "[IMAGE|REF]",
	.options = verify_options,
	.values_size = sizeof(struct verify_values),
	.groups = OPTIONS_NETWORK | OPTIONS_STORE | OPTIONS_PROJECT,
	.operands_max = 1,
	.run = run_verify,
};
