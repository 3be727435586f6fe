/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/options/spelling.h"
#include "cli/options/target_options.h"
#include "cli/outcome.h"
#include "image/resolve/target.h"
#include "image/transfer/pull.h"
#include "image/unpack/unpack.h"

struct pull_values {
	struct target_options target;
	struct platforms platforms;
	const char *output;
	bool all;
	bool offline;
};

static const struct option_spec pull_options[] = {
	{ "output", 'o', OPTION_STRING, offsetof(struct pull_values, output), "WHERE",
	  "write to oci:DIR[:TAG], oci-archive:FILE, docker-archive:FILE ('-': stdout), "
	  "rootfs:DIR or files:DIR" },
	{ "platform", 0, OPTION_PLATFORMS, offsetof(struct pull_values, platforms), "OS/ARCH",
	  "pull this platform instead of this machine's; repeatable" },
	{ "all", 0, OPTION_FLAG, offsetof(struct pull_values, all), NULL,
	  "pull every platform, with the original index" },
	{ "offline", 0, OPTION_FLAG, offsetof(struct pull_values, offline), NULL,
	  "do not use the network; fail if the store lacks the image" },
	TARGET_OPTIONS(struct pull_values, target),
	{ 0 },
};

static int
check_values(const struct pull_values *values, const struct location *output, struct error **err)
{
	const struct unpack_options unpack = { .directory = output->path };

	if (values->all && values->platforms.count > 0)
		return error_set(err, ERROR_USAGE, "--all contradicts --platform");
	if (output->transport != TRANSPORT_ROOTFS)
		return 0;
	if (values->all || values->platforms.count > 1)
		return error_set(err, ERROR_USAGE, "a directory can hold one platform");
	return unpack_check_directory(&unpack, err);
}

static int
pull(struct context *context, const struct target *target, const struct pull_options *options,
     const struct location *output, struct pull_result *ret_result, struct error **err)
{
	const struct unpack_options unpack = { .directory = output->path };
	struct session *session = context_session(context);
	struct unpacked_pull unpacked = { 0 };
	int ret;

	if (output->transport != TRANSPORT_ROOTFS)
		return pull_image(session, target, options, ret_result, err);
	ret = unpack_pull(session, target, options, &unpack, &unpacked, err);
	*ret_result = unpacked.pulled;
	return ret;
}

static int
tell(struct context *context, const struct target *target, const struct location *output,
     const struct pull_result *result, struct error **err)
{
	struct digest_text written = digest_text(&result->written);
	struct outcome outcome = outcome_of(target, result->repository, &result->digest);

	outcome.stdout_is_taken = output && strcmp(output->path, "-") == 0;
	outcome.details = json_pack("{s:s}", "written", written.text);
	if (!digest_equal(&result->digest, &result->written))
		context_notice(context, "the selected platforms were written as %s", written.text);
	return outcome_tell(context, &outcome, err);
}

static int
run_pull(struct context *context, const void *opaque, const struct strings *operands,
	 struct error **err)
{
	const struct pull_values *values = opaque;
	const char *operand = operands->count > 0 ? operands->items[0] : NULL;
	const char *where = values->output;
	AUTO_TARGET struct target target = { 0 };
	AUTO_LOCATION struct location output = { 0 };
	AUTO_PULL_RESULT struct pull_result result = { 0 };
	struct pull_options options = {
		.platforms = platforms_said(&values->platforms),
		.all = values->all,
		.offline = values->offline,
	};

	/* `crane pull REF app.tar`: the second word is the output. */
	if (operands->count > 1) {
		if (where ||
		    !(spelling_is_path(operands->items[1]) || location_is(operands->items[1])))
			return error_set(err, ERROR_USAGE, "one operand too many: '%s'",
					 QUOTED(operands->items[1]));
		where = operands->items[1];
	}
	if ((where && output_of_option(context, where, true, &output, err) < 0) ||
	    check_values(values, &output, err) < 0)
		return -1;
	if (where && output.transport != TRANSPORT_ROOTFS)
		options.output = &output;
	if (target_of_options(context, &values->target, operand, &target, err) < 0 ||
	    pull(context, &target, &options, &output, &result, err) < 0)
		return -1;
	return tell(context, &target, options.output, &result, err);
}

const struct command cmd_pull = {
	.name = "pull",
	.summary = "download and verify an image, into the store or a file",
	.usage = "[--by-hash] [-o WHERE] [--platform OS/ARCH] [IMAGE|REF]",
	.options = pull_options,
	.values_size = sizeof(struct pull_values),
	.groups = OPTIONS_NETWORK | OPTIONS_STORE | OPTIONS_PROJECT,
	.operands_max = 2,
	.run = run_pull,
};
