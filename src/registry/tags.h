/* tags.h - the tags of a repository, page by page
 *
 * distribution-spec, "Listing tags": n=1000, Link followed on the same origin alone.
 */
#ifndef OCIFP_REGISTRY_TAGS_H
#define OCIFP_REGISTRY_TAGS_H

struct endpoint;
struct error;
struct strings;

int registry_list_tags(struct endpoint *endpoint, struct strings *tags, struct error **err);

#endif
