/* SPDX-License-Identifier: Apache-2.0 */
/* dockerfile.h - the stages of a Dockerfile, and what each takes from the project
 *
 *     FROM, WORKDIR               --> base, workdir
 *     COPY, ADD, RUN --mount=bind --> inputs and absent, from the context; sources, from stages
 *
 * A guess for people to look through: no variable of the build is known, and .dockerignore is not
 * read.
 */
#ifndef OCIFP_PROJECT_DOCKERFILE_H
#define OCIFP_PROJECT_DOCKERFILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"
#include "base/strings.h"

/* FROM ... to the next one. */
struct stage {
	char *name;             /* NULL: it has none */
	char *workdir;          /* NULL: that of what it is FROM */
	char *base;             /* a reference; NULL: it is FROM another stage, or from scratch */
	struct strings sources; /* names and numbers of stages that it takes files from */
	struct strings inputs;
	struct strings absent;
	bool copies_all;
};

struct dockerfile {
	const char *directory;
	const char *context; /* the folder that its COPY means; "": the project's directory */
	struct stage *stages;
	size_t stage_count;
	struct strings arguments; /* "NAME=DEFAULT" before the first FROM */
};

/* Adds the stages of the text, which it cuts up. */
void dockerfile_read(struct dockerfile *dockerfile, char *text);
void dockerfile_release(struct dockerfile *dockerfile);
#define AUTO_DOCKERFILE CLEANUP(dockerfile_release)

/* By its name, or by its number from 0; NULL: there is none. */
const struct stage *dockerfile_stage(const struct dockerfile *dockerfile, const char *name);

#endif
