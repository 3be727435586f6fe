/* SPDX-License-Identifier: Apache-2.0 */
/* run_plan.h - a job from the command line and the project file's `run`
 *
 * `run` is used if no image is named, or the one that it is for.  The command line comes last and
 * overrides it.
 */
#ifndef OCIFP_CLI_JOBS_RUN_PLAN_H
#define OCIFP_CLI_JOBS_RUN_PLAN_H

#include "base/strings.h"

struct context;
struct error;
struct project;

struct run_plan {
	const char *image;            /* IMAGE or REF; NULL: the project's default */
	const char *directory;        /* of the job; NULL: the image's */
	const char *project;          /* directory of the project; NULL: there is none */
	struct strings env;           /* "NAME=VALUE", or "NAME" for the caller's */
	struct strings volumes;       /* "SOURCE:PATH[:MODE]"; a name is a volume of the store */
	struct strings project_paths; /* the same, with a SOURCE below the project's directory */
};

/* As typed.  `image` NULL: nothing before "--"; `command` is for hints. */
struct run_words {
	const char *image;
	const struct strings *command;
	const struct strings *env;
	const struct strings *volumes;
	const char *directory;
};

int run_plan_make(struct context *context, const struct run_words *words, struct run_plan *plan,
		  struct error **err);

/* For struct command: in "run make -j4" the first word is not an image, and the options belong to
 * make.
 */
void run_plan_explain(struct context *context, const struct strings *operands, struct error **err);
void run_plan_release(struct run_plan *plan);

#endif
