/* SPDX-License-Identifier: Apache-2.0 */
/* lock_project.h - a project's .ocifp.lock, updated and compared with the registries
 *
 *     lock_project    .ocifp.lock --entries that hold--> the new one <--the others-- the registries
 *     lock_compare    what the registries have now; nothing is written
 *
 * Pins come first: the fingerprints by which images are looked up are made of them.
 */
#ifndef OCIFP_IMAGE_TRUST_LOCK_PROJECT_H
#define OCIFP_IMAGE_TRUST_LOCK_PROJECT_H

#include <stdbool.h>

#include "oci/digest.h"

struct error;
struct project;
struct session;
struct strings;

struct lock_options {
	bool update;                 /* also resolve entries that are still valid */
	const struct strings *names; /* only for these images and pins; empty: all */
};

/* Drops entries that no image of the project names any more, and images that are not published.
 * ERROR_ABSENT: a pin is not at its registry.  An unknown answer changes nothing. */
int lock_project(struct session *session, const struct project *project,
		 const struct lock_options *options, bool *ret_changed, struct error **err);

enum lock_state { LOCK_CURRENT, LOCK_MOVED, LOCK_ABSENT };

struct lock_finding {
	const char
		*kind; /* "pin": the digest that its tag names; "image": the digest under its
			  fingerprint; "base": the digest under the tag of a published image's base,
			  from annotations org.opencontainers.image.base.name and .digest */
	const char *name;
	enum lock_state state;
	struct digest locked;
	struct digest found; /* when moved */
};

typedef void lock_compare_tell(void *context, const struct lock_finding *finding);

struct lock_compare_options {
	const struct strings *names; /* of images and pins; empty: all */
	bool offline;                /* only whether each pin has an entry */
	lock_compare_tell *tell;
	void *context;
};

/* ERROR_USAGE: a pin has no entry.  An answer that is unknown is an error too. */
int lock_compare(struct session *session, const struct project *project,
		 const struct lock_compare_options *options, struct error **err);

#endif
