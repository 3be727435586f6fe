/* SPDX-License-Identifier: Apache-2.0 */
/* job.h - what is to run in a root filesystem, and how
 *
 *     image config (image-spec, config.md) + the user's options --> struct job
 *
 * The root is looked at only through run/root/in_root.h, and before anything of it has run.
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

/* What the user says; NULL and empty lists: the image's. */
struct job_options {
	const char *entrypoint;        /* one word, or a JSON array of them */
	const struct strings *command; /* behind the entry point */
	const struct strings *env;     /* "NAME=VALUE", or "NAME" for that of our environment */
	const struct strings *env_files;
	const struct strings *prepend_path; /* directories in front of PATH */
	const char *user;                   /* "name|uid[:group|gid]" */
	const char *directory;
	const char *hostname;
	bool read_only;
	bool own_network; /* a namespace with nothing but lo */
	bool interactive; /* with our stdin; else /dev/null */
	bool terminal;
	bool login_shell; /* the user's own, instead of entry point and command */
};

struct job_user {
	uid_t uid;
	gid_t gid;
	gid_t *groups; /* supplementary */
	size_t group_count;
	char *home;  /* NULL: nothing known */
	char *shell; /* the same */
};

struct job {
	struct strings args;
	struct strings env; /* "NAME=VALUE", each name once */
	char *directory;    /* free of links, beneath the root */
	char *hostname;
	struct job_user user;
	bool owns_files; /* the user is the caller, whose files are root's in the container */
	bool read_only;
	bool interactive;
	bool terminal;
	const struct job_mounts *unmounted; /* an engine makes them later; NULL: all are made */
};

/* The parts that need no root; `config` is zeroed for a root without an image. */
int job_make(const struct image_config *config, const struct job_options *options,
	     struct job *ret_job, struct error **err);

/* The rest: the user, HOME, the working directory (made when missing), and that the program is
 * there and can be started: ERROR_NOT_FOUND (127), ERROR_NOT_INVOKED (126). */
int job_settle(struct job *job, const struct image_config *config,
	       const struct job_options *options, int root_fd, struct strings *made,
	       struct error **err);

/* Where engines mount by themselves; NULL ends it.  A link there is ERROR_CONTENT. */
extern const char *const job_plain_folders[];
int job_make_plain_folders(int root_fd, struct strings *made, struct error **err);
void job_release(struct job *job);
#define AUTO_JOB CLEANUP(job_release)

/* user.c: looked up in etc/passwd and etc/group of the root. */
int job_find_user(int root_fd, const char *text, struct job_user *ret_user, struct error **err);

/* environment.c */
int job_make_env(const struct image_config *config, const struct job_options *options,
		 struct strings *ret_env, struct error **err);
const char *env_find(const struct strings *env, const char *name); /* the value; NULL */
void env_set(struct strings *env, const char *name, const char *value);

/* program.c */
int job_check_program(const struct job *job, int root_fd, struct error **err);

#endif
