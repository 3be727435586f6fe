/* SPDX-License-Identifier: Apache-2.0 */
/* tags.h - the tags of a repository, page by page
 *
 * distribution-spec, "Listing tags": n=1000, Link followed on the same origin alone.
 */
#ifndef OCIFP_REGISTRY_TAGS_H
#define OCIFP_REGISTRY_TAGS_H

struct endpoint;
struct error;
struct strings;

/* `others` gets the listed names that are not valid tags: some registries list digests, or accept
 * names that the specification does not allow. */
int registry_list_tags(struct endpoint *endpoint, struct strings *tags, struct strings *others,
		       struct error **err);

#endif
