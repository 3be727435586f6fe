/* SPDX-License-Identifier: Apache-2.0 */
/* dockerfile.h - the stages of a Dockerfile, and their inputs from the project
 *
 *     FROM, WORKDIR               --> base, workdir
 *     COPY, ADD, RUN --mount=bind --> inputs and absent, from the context; sources, from stages
 *
 * A guess that users have to check: variables of the build are not known, and .dockerignore is not
 * read.
 */
#ifndef OCIFP_PROJECT_DOCKERFILE_H
#define OCIFP_PROJECT_DOCKERFILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"
#include "base/strings.h"

/* From one FROM to the next. */
struct stage {
	char *name;             /* NULL: it has none */
	char *workdir;          /* NULL: as in its base */
	char *base;             /* a reference; NULL: its base is another stage, or scratch */
	struct strings sources; /* names and numbers of the stages that it copies from */
	struct strings inputs;
	struct strings absent;
	bool copies_all;
};

struct dockerfile {
	const char *directory;
	const char *context; /* the context directory; "": the project's directory */
	struct stage *stages;
	size_t stage_count;
	struct strings arguments; /* "NAME=DEFAULT" before the first FROM */
};

/* Adds the stages of the text, which it cuts up. */
void dockerfile_read(struct dockerfile *dockerfile, char *text);
void dockerfile_release(struct dockerfile *dockerfile);
#define AUTO_DOCKERFILE CLEANUP(dockerfile_release)

/* By its name, or by its number from 0; NULL: no such stage. */
const struct stage *dockerfile_stage(const struct dockerfile *dockerfile, const char *name);

#endif
