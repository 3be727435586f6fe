/* referrers_private.h - the index of referrers under a tag, for referrers.c */
#ifndef OCIFP_REGISTRY_REFERRERS_PRIVATE_H
#define OCIFP_REGISTRY_REFERRERS_PRIVATE_H

struct digest;
struct endpoint;
struct error;
struct image_index;

/* Empty when there is no such tag. */
int referrers_index_get(struct endpoint *endpoint, const struct digest *subject,
			struct image_index *ret_index, struct error **err);

#endif
