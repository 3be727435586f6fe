/* SPDX-License-Identifier: Apache-2.0 */
/* `run` and `shell` on a system without namespaces: their options, help and manual exist. */
#include "base/error.h"
#include "cli/jobs/cmd_run.h"
#include "cli/jobs/run_plan.h"

/* The first operand is not examined here. */
void
run_plan_explain(struct context *context, const struct strings *operands, struct error **err)
{
	(void)context;
	(void)operands;
	(void)err;
}

int
run_in_image(struct context *context, const struct run_values *values, const char *image,
	     const struct strings *command, struct error **err)
{
	(void)context;
	(void)values;
	(void)image;
	(void)command;
	error_set(err, ERROR_JOB, "cannot run a job on this system: jobs need Linux");
	return error_set_hint(err, "give the image to another engine, as with 'ocifp pull -o "
				   "docker-archive:- IMAGE | docker load'");
}
