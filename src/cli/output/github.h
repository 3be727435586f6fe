/* SPDX-License-Identifier: Apache-2.0 */
/* github.h - what a job on GitHub Actions is told besides the log
 *
 * Outputs for later steps ($GITHUB_OUTPUT), a table on the run's page ($GITHUB_STEP_SUMMARY), an
 * annotation for a failure.  GitHub's manual, "Workflow commands for GitHub Actions".  Elsewhere,
 * and where a file is not named, each of these does nothing.
 */
#ifndef OCIFP_CLI_OUTPUT_GITHUB_H
#define OCIFP_CLI_OUTPUT_GITHUB_H

#include <stdint.h>

struct error;
struct progress_counts;

/* A name that github.c does not know, or a value that has not the form of its name, is
 * ERROR_FAILURE and nothing is written: a value with a line end could set other outputs. */
int github_set_output(const char *name, const char *value, struct error **err);

struct github_summary {
	const char *image; /* "host/name" */
	const char *tag;   /* NULL: none, as the digest */
	const char *digest;
	const struct progress_counts *counts;
	int64_t elapsed_ms;
};

int github_add_summary(const struct github_summary *summary, struct error **err);

/* "::error ...": `line` is our own last line. */
void github_say_error(const char *line);

/* The text as the data of a workflow command; the caller owns it. */
char *github_escape(const char *text);

#endif
