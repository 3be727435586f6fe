/* SPDX-License-Identifier: Apache-2.0 */
/* lock_compare.h - .ocifp.lock held against what the registries have now
 *
 *     a pin ............ the digest that its tag names
 *     a locked image ... the digest under its fingerprint
 *     a published image  org.opencontainers.image.base.name and .digest (image-spec,
 *                        annotations.md): what the tag of its base names
 *
 * Nothing is written.
 */
#ifndef OCIFP_IMAGE_TRUST_LOCK_COMPARE_H
#define OCIFP_IMAGE_TRUST_LOCK_COMPARE_H

#include <stdbool.h>

#include "oci/digest.h"

struct error;
struct project;
struct session;
struct strings;

enum lock_state { LOCK_CURRENT, LOCK_MOVED, LOCK_ABSENT };

struct lock_finding {
	const char *kind; /* "pin", "image", "base" */
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
