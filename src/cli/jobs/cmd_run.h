/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_run.h - what `run` and `shell` have in common */
#ifndef OCIFP_CLI_COMMANDS_CMD_RUN_H
#define OCIFP_CLI_COMMANDS_CMD_RUN_H

#include <stdbool.h>

#include "base/strings.h"
#include "cli/command.h"
#include "cli/options/target_options.h"
#include "oci/platform.h"

struct context;
struct error;

/* A command's options set what they have. */
struct run_values {
	struct target_options target;
	struct platforms platforms;
	bool offline;
	struct strings env;
	struct strings env_files;
	struct strings volumes;
	struct strings tmpfs;
	struct strings caches;
	const char *user;
	const char *directory;
	const char *entrypoint;
	const char *hostname;
	const char *network;
	const char *userns;
	const char *runtime;
	const char *isolation;
	const char *memory;
	const char *cpus;
	unsigned pids;
	const char *commit;
	const char *bundle;
	bool interactive;
	bool terminal;
	bool read_only;
	bool login_shell;
	bool removes; /* docker's --rm, as every job is removed */
};

/* Of `docker run`: taken where they change nothing, refused with the reason. */
extern const struct option_spec docker_run_options[];

/* `image` NULL: as the project file says. */
int run_in_image(struct context *context, const struct run_values *values, const char *image,
		 const struct strings *command, struct error **err);

#endif
