/* git_run.h - git, asked for something that has to be answered */
#ifndef OCIFP_PROJECT_GIT_RUN_H
#define OCIFP_PROJECT_GIT_RUN_H

#include <stddef.h>

struct buf;
struct error;

struct git_question {
	const char *directory;
	const char *const *variables; /* "NAME=VALUE" instead of ours; NULL: none */
	const char *const *argv;      /* without "git" */
	const char *input;            /* NULL: none */
	size_t input_bytes;
	int timeout_ms; /* then it is killed, with all that it started; 0: it asks nobody else */
};

/* ERROR_UNAVAILABLE with what git said when it ends with another status than 0; it never asks for a
 * password. */
int git_run(const struct git_question *question, struct buf *output, struct error **err);

#endif
