#include <stddef.h>
#include <string.h>

#include "base/error.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/target_options.h"
#include "image/pull.h"
#include "image/target.h"
#include "oci/location.h"
#include "run/run.h"

struct run_values {
	struct target_options target;
	struct platforms platforms;
	bool offline;
	struct strings env;
	struct strings env_files;
	struct strings volumes;
	struct strings tmpfs;
	const char *user;
	const char *directory;
	const char *entrypoint;
	const char *hostname;
	const char *network;
	const char *runtime;
	bool interactive;
	bool terminal;
	bool read_only;
};

#define AT(member) offsetof(struct run_values, member)

static const struct option_spec run_options[] = {
	{ "env", 'e', OPTION_STRINGS, AT(env), "NAME[=VALUE]",
	  "set a variable, or pass ours of that name on; repeatable" },
	{ "env-file", 0, OPTION_STRINGS, AT(env_files), "FILE",
	  "the same, one a line; repeatable" },
	{ "user", 'u', OPTION_STRING, AT(user), "USER[:GROUP]", "names or numbers" },
	{ "workdir", 'w', OPTION_STRING, AT(directory), "DIR", "where the job starts" },
	{ "entrypoint", 0, OPTION_STRING, AT(entrypoint), "WORD",
	  "instead of the image's; a JSON array for several words" },
	{ "hostname", 0, OPTION_STRING, AT(hostname), "NAME", "the job's host name" },
	{ "volume", 'v', OPTION_STRINGS, AT(volumes), "SOURCE:PATH[:ro]",
	  "mount a path of this machine, or a named volume of the store; repeatable" },
	{ "tmpfs", 0, OPTION_STRINGS, AT(tmpfs), "PATH[:OPTIONS]",
	  "mount an empty directory in memory; repeatable" },
	{ "read-only", 0, OPTION_FLAG, AT(read_only), NULL, "the root may not be written to" },
	{ "net", 0, OPTION_STRING, AT(network), "host|none", "our network, the default, or none" },
	{ "interactive", 'i', OPTION_FLAG, AT(interactive), NULL,
	  "hand on our standard input, which is empty otherwise" },
	{ "tty", 't', OPTION_FLAG, AT(terminal), NULL, "give the job a terminal" },
	{ "runtime", 0, OPTION_STRING, AT(runtime), "crun|runc|bwrap",
	  "what runs it, instead of the first of these that is installed" },
	{ "platform", 0, OPTION_PLATFORMS, AT(platforms), "OS/ARCH",
	  "instead of what this machine runs" },
	{ "offline", 0, OPTION_FLAG, AT(offline), NULL,
	  "ask nobody: the store has it or it fails" },
	TARGET_OPTIONS(struct run_values, target),
	{ 0 },
};

/* Operands: [IMAGE|REF] -- COMMAND..., or REF COMMAND... */
static void
split_operands(const struct context *context, const struct strings *operands,
	       const char **ret_image, struct strings *ret_command)
{
	size_t first = context->named_count > 0 ? 1 : 0;

	*ret_image = first ? operands->items[0] : NULL;
	for (size_t i = first; i < operands->count; i++)
		strings_add(ret_command, operands->items[i]);
}

static int
find_image_base(struct context *context, const struct run_values *values, const char *image,
		struct run_base *base, struct error **err)
{
	const struct pull_options pull_options = {
		.platforms = platforms_said(&values->platforms),
		.offline = values->offline,
	};
	struct session *session = context_session(context);
	AUTO_PULL_RESULT struct pull_result pulled = { 0 };
	AUTO_TARGET struct target target = { 0 };

	if (values->platforms.count > 1)
		return error_set(err, ERROR_USAGE, "a job runs on one platform");
	if (target_of_options(context, &values->target, image, &target, err) < 0 ||
	    pull_image(session, &target, &pull_options, &pulled, err) < 0)
		return -1;
	return run_base_of_image(session, &pulled.digest, pull_options.platforms, base, err);
}

static int
find_base(struct context *context, const struct run_values *values, const char *image,
	  struct run_base *base, struct error **err)
{
	AUTO_LOCATION struct location location = { 0 };

	if (image && location_is(image) && location_parse(image, &location, err) < 0)
		return -1;
	if (location.path && location.transport == TRANSPORT_ROOTFS)
		return run_base_of_directory(location.path, base, err);
	return find_image_base(context, values, image, base, err);
}

static int
run_run(struct context *context, const void *opaque, const struct strings *operands,
	struct error **err)
{
	const struct run_values *values = opaque;
	AUTO_STRINGS struct strings command = { 0 };
	AUTO_RUN_BASE struct run_base base = { 0 };
	const char *image = NULL;
	struct run_options options = {
		.job = {
			.entrypoint = values->entrypoint,
			.command = &command,
			.env = &values->env,
			.env_files = &values->env_files,
			.user = values->user,
			.directory = values->directory,
			.hostname = values->hostname,
			.read_only = values->read_only,
			.own_network = values->network && strcmp(values->network, "none") == 0,
			.interactive = values->interactive,
			.terminal = values->terminal,
		},
		.volumes = &values->volumes,
		.tmpfs = &values->tmpfs,
		.runtime = values->runtime,
		.deadline_ms = context->options.session.engine.deadline_ms,
	};
	struct store *store;

	split_operands(context, operands, &image, &command);
	if (find_base(context, values, image, &base, err) < 0)
		return -1;
	store = session_store(context_session(context), err);
	if (!store)
		return -1;
	return run_job(store, &base, &options, &context->job_status, err);
}

const struct command cmd_run = {
	.name = "run",
	.summary = "run a command in an image's root filesystem",
	.usage = "[--by-hash] [IMAGE|REF] [--] [COMMAND...]",
	.options = run_options,
	.values_size = sizeof(struct run_values),
	.groups = OPTIONS_NETWORK | OPTIONS_STORE | OPTIONS_PROJECT,
	.operands_max = OPERANDS_ANY,
	.runs_job = true,
	.run = run_run,
};
