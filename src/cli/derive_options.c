#include "cli/derive_options.h"

#include <string.h>

#include "base/error.h"
#include "base/xalloc.h"
#include "cli/context.h"
#include "cli/outcome.h"
#include "cli/target_options.h"
#include "image/derive.h"
#include "oci/location.h"

static int
refuse_file(struct error **err)
{
	error_set(err, ERROR_USAGE,
		  "--output takes oci:DIR, oci-archive:FILE or docker-archive:FILE");
	return error_set_hint(err, "--tag names an image in the store, and --push sends it");
}

static int
read_file(const char *text, struct location *ret_location, struct error **err)
{
	if (location_parse(text, ret_location, err) < 0)
		return error_wrap(err, "--output");
	switch (ret_location->transport) {
	case TRANSPORT_LAYOUT:
	case TRANSPORT_OCI_ARCHIVE:
	case TRANSPORT_DOCKER_ARCHIVE:
		return 0;
	case TRANSPORT_ROOTFS:
	case TRANSPORT_REGISTRY:
		break;
	}
	return refuse_file(err);
}

static int
read_name(const char *text, struct location *ret_location, struct error **err)
{
	struct reference *reference = &ret_location->reference;

	if (location_parse(text, ret_location, err) < 0)
		return error_wrap(err, "--tag");
	if (ret_location->transport != TRANSPORT_REGISTRY ||
	    reference->digest.algorithm != DIGEST_NONE)
		return error_set(err, ERROR_USAGE, "--tag takes HOST/NAME[:TAG]");
	if (!reference->tag)
		reference->tag = xstrdup("latest");
	return 0;
}

static int
read_output(const struct output_options *options, struct location *ret_location, struct error **err)
{
	if (!options->output == !options->name)
		return error_set(err, ERROR_USAGE, "either --output or --tag says where it goes");
	if (options->push && !options->name)
		return error_set(err, ERROR_USAGE, "--push needs --tag");
	return options->output ? read_file(options->output, ret_location, err)
			       : read_name(options->name, ret_location, err);
}

static int
tell(struct context *context, const struct derive_options *derive,
     const struct derive_result *result, struct error **err)
{
	const struct location *output = derive->output;
	struct outcome outcome = {
		.repository = result->repository,
		.tag = output->reference.tag,
		.digest = &result->digest,
		.pushed = &derive->push,
		.stdout_is_taken = output->path && strcmp(output->path, "-") == 0,
	};

	return outcome_tell(context, &outcome, err);
}

int
derive_and_tell(struct context *context, const struct output_options *options,
		struct derive_options *derive, struct error **err)
{
	AUTO_LOCATION struct location output = { 0 };
	AUTO_DERIVE_RESULT struct derive_result result = { 0 };

	if (read_output(options, &output, err) < 0)
		return -1;
	derive->output = &output;
	derive->push = options->push;
	derive->platforms = platforms_said(&options->platforms);
	derive->how.observer = session_observer(context_session(context));
	if (derive_image(context_session(context), derive, &result, err) < 0)
		return -1;
	return tell(context, derive, &result, err);
}
