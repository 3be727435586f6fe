/* SPDX-License-Identifier: Apache-2.0 */
/* commit_job.h - the files that a job wrote, as the layer of a new image
 *
 *     upper --pack (in a container, where owners are as in the job)--> layer.tar beside it
 *       --> derive_image: the job's image, that layer on top, a line of history
 */
#ifndef OCIFP_RUN_COMMIT_JOB_H
#define OCIFP_RUN_COMMIT_JOB_H

#include <stdint.h>

#include "image/make/derive.h"

struct error;
struct id_map;
struct root;
struct run_base;
struct session;
struct strings;

struct commit_options {
	const struct location *output; /* as of derive_image() */
	int64_t created_s;             /* of the image; no file in the layer is newer */
	struct observer *observer;
};

struct ended_job {
	const struct root *root;
	const struct run_base *base;
	const struct strings *args; /* what ran, for the history */
};

int run_commit(struct session *session, const struct ended_job *job,
	       const struct commit_options *options, struct derive_result *ret_result,
	       struct error **err);

#endif
