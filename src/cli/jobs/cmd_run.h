/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_run.h - common to `run` and `shell` */
#ifndef OCIFP_CLI_JOBS_CMD_RUN_H
#define OCIFP_CLI_JOBS_CMD_RUN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/strings.h"
#include "cli/command.h"
#include "cli/options/target_options.h"
#include "oci/platform.h"

struct context;
struct error;

/* Values of the options; a command has a part of them. */
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
	const char *keep;
	struct strings prepend_path; /* directories in front of PATH */
	const char *folder; /* the job may write to it, so none of its paths that leave it is
			       mounted; NULL */
	struct strings folder_paths; /* "./SOURCE:PATH[:ro]" below it */
	const char *bundle;
	bool interactive;
	bool terminal;
	bool read_only;
	bool login_shell;
	bool removes; /* docker's --rm, which has no effect: every job is removed */
};

/* The options of both, for struct run_values; help shows the first ones. */
#define JOB_OPTION(member) offsetof(struct run_values, member)
#define JOB_OPTIONS \
	{ "env",          'e', \
	  OPTION_STRINGS, JOB_OPTION(env), \
	  "NAME[=VALUE]", "set a variable, or pass on the caller's; repeatable" }, \
		{ "volume", \
		  'v', \
		  OPTION_STRINGS, \
		  JOB_OPTION(volumes), \
		  "SOURCE:PATH[:ro]", \
		  "mount a path of the host, or a named volume of the store; repeatable" }, \
		{ "workdir",     'w', \
		  OPTION_STRING, JOB_OPTION(directory), \
		  "DIR",         "start in this directory" }, \
		{ "user",         'u', \
		  OPTION_STRING,  JOB_OPTION(user), \
		  "USER[:GROUP]", "be this user and group, by name or number" }, \
		{ "net",         0, \
		  OPTION_STRING, JOB_OPTION(network), \
		  "host|none",   "use the host's network (default) or none" }, \
		{ "platform",       0, \
		  OPTION_PLATFORMS, JOB_OPTION(platforms), \
		  "OS/ARCH",        "use this platform instead of this machine's" }, \
		{ "keep",        0, \
		  OPTION_STRING, JOB_OPTION(keep), \
		  "NAME",        "keep what the job writes for the next job with --keep NAME" }, \
		{ "userns", \
		  0, \
		  OPTION_STRING, \
		  JOB_OPTION(userns), \
		  "host|auto", \
		  "keep the ids of a root job (default), or map them to an unused range" }, \
		{ "isolation", \
		  0, \
		  OPTION_STRING, \
		  JOB_OPTION(isolation), \
		  "full|chroot", \
		  "with chroot, use the caller's /proc; the job is not isolated from your " \
		  "processes" }, \
		{ "runtime",         0, \
		  OPTION_STRING,     JOB_OPTION(runtime), \
		  "crun|runc|bwrap", "use this engine instead of the first that is installed" }, \
	{ \
		"offline", 0, OPTION_FLAG, JOB_OPTION(offline), NULL, \
			"do not use the network; fail if the store lacks the image" \
	}

/* Options of `docker run`: accepted if they change nothing, else refused with a reason. */
extern const struct option_spec docker_run_options[];

/* `image` NULL: the one in the project file. */
int run_in_image(struct context *context, const struct run_values *values, const char *image,
		 const struct strings *command, struct error **err);

#endif
