/* SPDX-License-Identifier: Apache-2.0 */
/* lock_project.h - .ocifp.lock brought up to date
 *
 *     .ocifp.lock --what still holds--> the new one <--all else-- the registries
 *
 * Pins come first: the fingerprints by which images are looked up are made of them.  What no image
 * of the project names any more is dropped, and so is an image that is not published.
 */
#ifndef OCIFP_IMAGE_TRUST_LOCK_PROJECT_H
#define OCIFP_IMAGE_TRUST_LOCK_PROJECT_H

#include <stdbool.h>

struct error;
struct project;
struct session;
struct strings;

struct lock_options {
	bool update;                 /* ask also for what has an entry that holds */
	const struct strings *names; /* only for these images and pins; empty: all */
};

/* ERROR_USAGE: one of them is neither an image nor a pin of the project. */
int lock_require_names(const struct project *project, const struct strings *names,
		       struct error **err);

/* ERROR_ABSENT: a pin is not at its registry; an answer that is unknown changes nothing. */
int lock_project(struct session *session, const struct project *project,
		 const struct lock_options *options, bool *ret_changed, struct error **err);

#endif
