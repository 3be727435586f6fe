/* copy_private.h - referrers that come along, for copy.c */
#ifndef OCIFP_IMAGE_TRANSFER_COPY_PRIVATE_H
#define OCIFP_IMAGE_TRANSFER_COPY_PRIVATE_H

struct error;
struct pushing;

/* What refers to the root or to anything below it, and what refers to that. */
int copy_referrers(const struct pushing *pushing, struct error **err);

#endif
