/* SPDX-License-Identifier: Apache-2.0 */
/* ocifp: fingerprint, look up, pull, build around container images.  See commands.h. */

#include <signal.h>
#include <string.h>

#include "base/error.h"
#include "base/spawn.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/dispatch.h"
#include "cli/output/report.h"
#include "cli/startup.h"
#ifdef SINGLE_BINARY
#include "layer/helper/layer_helper.h"
#include "sandbox/helper_self.h"
#endif

static const struct command *const job_commands[] = {
	&cmd_init,   &cmd_fingerprint, &cmd_exists, &cmd_pull,   &cmd_push,
	&cmd_ensure, &cmd_index,       &cmd_why,    &cmd_unpack, NULL,
};

static const struct command *const make_commands[] = {
	&cmd_append,
	&cmd_mutate,
	NULL,
};

static const struct command *const look_commands[] = {
	&cmd_digest, &cmd_manifest, &cmd_inspect, &cmd_tree, &cmd_tags, &cmd_referrers, NULL,
};

static const struct command *const change_commands[] = {
	&cmd_copy, &cmd_tag, &cmd_remove, &cmd_attach, &cmd_blob, NULL,
};

static const struct command *const trust_commands[] = {
	&cmd_lock,
	&cmd_sign,
	&cmd_verify,
	NULL,
};

static const struct command *const login_commands[] = {
	&cmd_login,
	&cmd_logout,
	&cmd_auth,
	NULL,
};

static const struct command *const care_commands[] = {
	&cmd_completion, &cmd_doctor, &cmd_help, &cmd_prune, &cmd_store, &cmd_version, NULL,
};

static const struct command *const run_commands[] = { &cmd_run, &cmd_shell, &cmd_cache, NULL };

const struct command_group command_groups[] = {
	{ "the main job", job_commands },
	{ "make images", make_commands },
	{ "look at what is there", look_commands },
	{ "change what is there", change_commands },
	{ "trust", trust_commands },
	{ "credentials", login_commands },
	{ "jobs", run_commands },
	{ "care", care_commands },
	{ 0 },
};

#ifdef SINGLE_BINARY
static const struct helper_verb verbs_above[] = { { "restore", serve_restore }, { 0 } };

static bool
is_named(const char *program, const char *name)
{
	const char *slash = strrchr(program, '/');

	return strcmp(slash ? slash + 1 : program, name) == 0;
}
#endif

int
main(int argc, char **argv)
{
	struct context context = { 0 };
	struct error *error = NULL;
	int status;

#ifdef SINGLE_BINARY
	if (argc > 0 && is_named(argv[0], "ocifp-layer"))
		return helper_main(argc, argv, verbs_above);
	helper_self_open();
#endif
	if (startup(&error) == 0)
		(void)dispatch(&context, argc, argv, &error);
	status = report_end(&context, error);
	context_release(&context);
	if (spawn_caught_signal()) {
		(void)signal(spawn_caught_signal(), SIG_DFL);
		(void)raise(spawn_caught_signal());
	}
	return status;
}
