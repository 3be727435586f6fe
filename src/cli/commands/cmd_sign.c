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
#include "image/make/sign.h"
#include "image/make/sign_bundle.h"
#include "image/trust/signing_key.h"

struct sign_values {
	struct target_options target;
	const char *key;
	bool bundle;
};

static const struct option_spec sign_options[] = {
	{ "key", 'k', OPTION_STRING, offsetof(struct sign_values, key), "FILE",
	  "private key in PEM; env://NAME reads a variable" },
	{ "bundle", 0, OPTION_FLAG, offsetof(struct sign_values, bundle), NULL,
	  "write a Sigstore bundle, as cosign does since version 3" },
	TARGET_OPTIONS(struct sign_values, target),
	{ 0 },
};

typedef int sign_form(struct session *session, const struct target *target,
		      const struct found_image *found, const struct signing_keys *keys,
		      struct sign_result *ret_result, struct error **err);

static int
run_sign(struct context *context, const void *opaque, const struct strings *operands,
	 struct error **err)
{
	const struct sign_values *values = opaque;
	AUTO_SIGNING_KEYS struct signing_keys keys = { 0 };
	AUTO_INSPECTED struct inspected inspected = { 0 };
	struct sign_result result = { 0 };
	sign_form *sign = values->bundle ? sign_image_bundle : sign_image;
	AUTO_FREE char *repository = NULL;
	struct outcome outcome;

	if (!values->key) {
		error_set(err, ERROR_USAGE, "no key given");
		return error_set_hint(err, "--key FILE; 'openssl genpkey -algorithm ed25519' "
					   "makes one");
	}
	if (signing_keys_add_private(&keys, values->key, err) < 0 ||
	    target_of_options(context, &values->target,
			      operands->count > 0 ? operands->items[0] : NULL, &inspected.target,
			      err) < 0 ||
	    find_image_to_write(context_session(context), &inspected.target, &inspected.found,
				err) < 0 ||
	    sign(context_session(context), &inspected.target, &inspected.found, &keys, &result,
		 err) < 0)
		return -1;
	if (result.was_there)
		context_notice(context, "this key has signed it already");
	repository = location_repository(&inspected.target.candidates[inspected.found.place]);
	outcome =
		outcome_of(&inspected.target, repository, &inspected.found.root.descriptor.digest);
	if (outcome_tell_github(context, &outcome, err) < 0)
		return -1;
	return context_result_image(context, repository, &inspected.found.root.descriptor.digest,
				    json_pack("{s:b, s:I}", "signed", !result.was_there,
					      "signatures", (json_int_t)result.count),
				    err);
}

const struct command cmd_sign = {
	.name = "sign",
	.summary = "sign an image in cosign's format",
	.usage = "--key FILE [--bundle] [--by-hash] [IMAGE|REF]",
	.options = sign_options,
	.values_size = sizeof(struct sign_values),
	.groups = OPTIONS_NETWORK | OPTIONS_STORE | OPTIONS_PROJECT,
	.operands_max = 1,
	.run = run_sign,
};
