/* SPDX-License-Identifier: Apache-2.0 */
/* outcome.h - the result of a command that moves an image
 *
 * "host/name@sha256:..." or a JSON object on stdout; under GitHub Actions the outputs fingerprint,
 * tag, digest, image, present and pushed, and a row of the summary.
 */
#ifndef OCIFP_CLI_OUTCOME_H
#define OCIFP_CLI_OUTCOME_H

#include <stdbool.h>

#include <jansson.h>

struct context;
struct digest;
struct error;
struct target;

struct outcome {
	const char *repository;      /* "host/name" */
	const char *tag;             /* NULL: none */
	const struct digest *digest; /* DIGEST_NONE: there is none */
	const struct target *target; /* for the fingerprint; NULL: none */
	const bool *present;         /* NULL: left out */
	const bool *pushed;          /* the same */
	bool stdout_is_taken;        /* an archive went there: the result goes to stderr */
	json_t *details;             /* more members for --json, taken; NULL: none */

	/* For one of several images: */
	const char *name; /* outputs are "NAME-digest" and so on; NULL: there is only one */
	json_t *list;     /* with --json, gets the object instead of stdout; may be NULL */
};

/* Adds the members "moved_bytes", "reused_bytes", "requests" and "retries". */
void outcome_add_counts(const struct context *context, json_t *object);

/* Sets the first four members; `target` has candidates. */
struct outcome outcome_of(const struct target *target, const char *repository,
			  const struct digest *digest);

/* The outputs and the row alone: for a command whose result has another form. */
int outcome_tell_github(struct context *context, const struct outcome *outcome, struct error **err);

int outcome_tell(struct context *context, const struct outcome *outcome, struct error **err);

#endif
