/* SPDX-License-Identifier: Apache-2.0 */
/* job.h - the process to run in a root filesystem
 *
 *     image config (image-spec, config.md) + the user's options --> struct job
 *
 * The root is accessed only through run/root/in_root.h, and before any program of it has run.
 */
#ifndef OCIFP_RUN_JOB_H
#define OCIFP_RUN_JOB_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/strings.h"

struct error;
struct image_config;
struct job_mounts;

/* The user's options; NULL and empty lists: the image's values. */
struct job_options {
	const char *entrypoint;        /* one word, or a JSON array of them */
	const struct strings *command; /* after the entry point */
	const struct strings *env; /* "NAME=VALUE", or "NAME" for the value in our environment */
	const struct strings *env_files;
	const struct strings *prepend_path; /* directories put before PATH */
	const char *user;                   /* "name|uid[:group|gid]" */
	const char *directory;
	const char *hostname;
	bool read_only;
	bool own_network; /* a network namespace with only lo */
	bool interactive; /* with our stdin; else /dev/null */
	bool terminal;
	bool login_shell; /* the user's command, instead of entry point and command */
};

struct job_user {
	uid_t uid;
	gid_t gid;
	gid_t *groups; /* supplementary */
	size_t group_count;
	char *home;  /* NULL: not known */
	char *shell; /* the same */
};

struct job {
	struct strings args;
	struct strings env; /* "NAME=VALUE", each name once */
	char *directory;    /* free of links, beneath the root */
	char *hostname;
	struct job_user user;
	bool owns_files; /* the job's user is the caller, who owns root's files in the container */
	bool read_only;
	bool interactive;
	bool terminal;
	const struct job_mounts
		*unmounted; /* targets that an engine mounts later; NULL: all are made */
};

/* The part that needs no root; `config` is zeroed for a root without an image. */
int job_make(const struct image_config *config, const struct job_options *options,
	     struct job *ret_job, struct error **err);

/* The rest: the user, HOME, the working directory (created if missing), and whether the program
 * exists and can be started: ERROR_NOT_FOUND (127), ERROR_NOT_INVOKED (126). */
int job_settle(struct job *job, const struct image_config *config,
	       const struct job_options *options, int root_fd, struct strings *made,
	       struct error **err);

/* Paths where engines mount by themselves; NULL ends the list.  A link there is ERROR_CONTENT. */
extern const char *const job_plain_folders[];
int job_make_plain_folders(int root_fd, struct strings *made, struct error **err);
void job_release(struct job *job);
#define AUTO_JOB CLEANUP(job_release)

/* user.c: from etc/passwd and etc/group of the root. */
int job_find_user(int root_fd, const char *text, struct job_user *ret_user, struct error **err);

/* environment.c */
int job_make_env(const struct image_config *config, const struct job_options *options,
		 struct strings *ret_env, struct error **err);
const char *env_find(const struct strings *env, const char *name); /* the value; NULL */
void env_set(struct strings *env, const char *name, const char *value);

/* program.c */
int job_check_program(const struct job *job, int root_fd, struct error **err);

#endif
