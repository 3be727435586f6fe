/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/options/derive_options.h"

#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "cli/context.h"
#include "cli/options/target_options.h"
#include "cli/outcome.h"
#include "image/make/derive.h"
#include "oci/location.h"

static int
read_output(struct context *context, const struct output_options *options,
	    struct location *ret_location, struct error **err)
{
	if (!options->output == !options->name)
		return error_set(err, ERROR_USAGE, "give either --output or --tag");
	if (options->push && !options->name)
		return error_set(err, ERROR_USAGE, "--push needs --tag");
	if (!options->output) {
		struct reference *reference = &ret_location->reference;

		if (location_parse(options->name, ret_location, err) < 0)
			return error_wrap(err, "--tag");
		if (ret_location->transport != TRANSPORT_REGISTRY ||
		    reference->digest.algorithm != DIGEST_NONE)
			return error_set(err, ERROR_USAGE, "--tag takes HOST/NAME[:TAG]");
		if (!reference->tag)
			reference->tag = xstrdup("latest");
		return 0;
	}
	if (output_of_option(context, options->output, false, ret_location, err) == 0)
		return 0;
	return error_set_hint(err, "--tag names an image in the store, and --push sends it");
}

static const char annotations_word[] = "annotation";

/* Named like the options that set them. */
static const struct {
	const char *word;
	enum config_part part;
} clearable[] = {
	{ "env", CONFIG_ENVIRONMENT },
	{ "entrypoint", CONFIG_ENTRYPOINT },
	{ "cmd", CONFIG_COMMAND },
	{ "user", CONFIG_USER },
	{ "workdir", CONFIG_WORKING_DIR },
	{ "label", CONFIG_LABELS },
	{ "expose", CONFIG_PORTS },
	{ "volume", CONFIG_VOLUMES },
	{ "stop-signal", CONFIG_STOP_SIGNAL },
	{ "healthcheck", CONFIG_HEALTHCHECK },
};

/* 0: no such part. */
static unsigned
find_part(const char *word)
{
	for (size_t i = 0; i < COUNT_OF(clearable); i++)
		if (strcmp(word, clearable[i].word) == 0)
			return clearable[i].part;
	return 0;
}

static int
read_cleared(const struct strings *words, struct config_change *change,
	     struct derive_options *derive, struct error **err)
{
	for (size_t i = 0; i < words->count; i++) {
		const char *word = words->items[i];

		if (!find_part(word) && strcmp(word, annotations_word) != 0) {
			error_set(err, ERROR_USAGE, "invalid --clear '%s'", QUOTED(word));
			return error_set_hint(
				err, "expected env, entrypoint, cmd, user, workdir, label, "
				     "expose, volume, stop-signal, healthcheck, annotation");
		}
		change->cleared |= find_part(word);
	}
	derive->clear_annotations = strings_has(words, annotations_word);
	return 0;
}

/* On return *change points to *ret_platform. */
static int
read_platform(const char *text, struct config_change *change, struct platform *ret_platform,
	      struct error **err)
{
	AUTO_PLATFORM struct platform platform = { 0 };

	if (!text)
		return 0;
	if (platform_parse(text, &platform, err) < 0)
		return error_wrap(err, "--set-platform");
	platform_copy_plain(&platform, ret_platform);
	change->platform = ret_platform;
	return 0;
}

int
derive_and_tell(struct context *context, const struct output_options *options,
		struct config_change *change, struct derive_options *derive, struct error **err)
{
	AUTO_LOCATION struct location output = { 0 };
	AUTO_PLATFORM struct platform platform = { 0 };
	AUTO_DERIVE_RESULT struct derive_result result = { 0 };
	const char *const sources[] = { derive->base, derive->old_base, derive->new_base };
	struct outcome outcome;

	if (read_output(context, options, &output, err) < 0 ||
	    (change && (read_cleared(&options->cleared, change, derive, err) < 0 ||
			read_platform(options->new_platform, change, &platform, err) < 0)))
		return -1;
	if (options->push)
		context_log_in_at(context, &output);
	for (size_t i = 0; i < COUNT_OF(sources); i++)
		if (sources[i])
			context_log_in_at_operand(context, sources[i]);
	derive->output = &output;
	derive->push = options->push;
	derive->platforms = platforms_said(&options->platforms);
	derive->how.observer = session_observer(context_session(context));
	if (derive_image(context_session(context), derive, &result, err) < 0)
		return -1;
	outcome = (struct outcome){
		.repository = result.repository,
		.tag = output.reference.tag,
		.digest = &result.digest,
		.pushed = &derive->push,
		.stdout_is_taken = output.path && strcmp(output.path, "-") == 0,
	};
	return outcome_tell(context, &outcome, err);
}
