/* SPDX-License-Identifier: Apache-2.0 */
/* github.h - output for GitHub Actions besides the log
 *
 * Outputs for later steps ($GITHUB_OUTPUT), a table on the run's page ($GITHUB_STEP_SUMMARY), an
 * annotation for a failure.  GitHub's manual, "Workflow commands for GitHub Actions".  Does nothing
 * elsewhere, or if the file is not named.
 */
#ifndef OCIFP_CLI_OUTPUT_GITHUB_H
#define OCIFP_CLI_OUTPUT_GITHUB_H

#include <stdint.h>

struct error;
struct progress_counts;

/* ERROR_FAILURE, and nothing is written, for an unknown name, or a value without the form of its
 * name: a line end in a value could set other outputs. */
int github_set_output(const char *name, const char *value, struct error **err);

struct github_summary {
	const char *image; /* "host/name" */
	const char *tag;   /* NULL: none, as the digest */
	const char *digest;
	const struct progress_counts *counts;
	int64_t elapsed_ms;
};

int github_add_summary(const struct github_summary *summary, struct error **err);

/* "::error ...": `line` is the last line of our output. */
void github_say_error(const char *line);

/* The text as data of a workflow command; the caller owns it. */
char *github_escape(const char *text);

#endif
