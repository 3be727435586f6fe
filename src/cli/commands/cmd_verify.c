/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>

#include "base/error.h"
#include "base/xalloc.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/inspected.h"
#include "image/trust/signing_key.h"
#include "image/trust/verify.h"

struct verify_values {
	struct target_options target;
	struct strings keys;
};

static const struct option_spec verify_options[] = {
	{ "key", 'k', OPTION_STRINGS, offsetof(struct verify_values, keys), "FILE",
	  "public key in PEM, instead of the project file's keys; repeatable" },
	TARGET_OPTIONS(struct verify_values, target),
	{ 0 },
};

static int
read_keys(const struct verify_values *values, const struct target *target,
	  struct signing_keys *keys, struct error **err)
{
	for (size_t i = 0; i < values->keys.count; i++)
		if (signing_keys_add_public(keys, values->keys.items[i], err) < 0)
			return -1;
	if (keys->count == 0 && verify_add_keys(target, keys, err) < 0)
		return -1;
	if (keys->count > 0)
		return 0;
	error_set(err, ERROR_USAGE, "no key given");
	return error_set_hint(err, "--key FILE, or 'signed_by' in the project file");
}

static int
run_verify(struct context *context, const void *opaque, const struct strings *operands,
	   struct error **err)
{
	const struct verify_values *values = opaque;
	AUTO_SIGNING_KEYS struct signing_keys keys = { 0 };
	AUTO_INSPECTED struct inspected inspected = { 0 };
	struct verify_options options = { .keys = &keys };
	AUTO_FREE char *repository = NULL;

	if (inspected_find(context, &values->target, operands, &inspected, err) < 0 ||
	    read_keys(values, &inspected.target, &keys, err) < 0 ||
	    verify_image(context_session(context), &inspected.target, &inspected.found, &options,
			 err) < 0)
		return -1;
	repository = location_repository(&inspected.target.candidates[inspected.found.place]);
	return context_result_image(context, repository, &inspected.found.root.descriptor.digest,
				    json_pack("{s:b}", "verified", true), err);
}

const struct command cmd_verify = {
	.name = "verify",
	.summary = "check that a trusted key signed an image",
	.usage = "[--key FILE] [--by-hash] [IMAGE|REF]",
	.options = verify_options,
	.values_size = sizeof(struct verify_values),
	.groups = OPTIONS_NETWORK | OPTIONS_STORE | OPTIONS_PROJECT,
	.operands_max = 1,
	.run = run_verify,
};
