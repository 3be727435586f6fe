/* SPDX-License-Identifier: Apache-2.0 */
/* flat_root.h - a root where no overlay can be mounted: a copy of the image */
#ifndef OCIFP_RUN_FLAT_ROOT_H
#define OCIFP_RUN_FLAT_ROOT_H

struct error;
struct root;
struct run_base;
struct session;

/* Of a root that was just made: all layers are unpacked once more, one over the other.  A directory
 * that is not an image of the store is packed and unpacked. */
int root_flatten(struct root *root, struct session *session, const struct run_base *base,
		 struct error **err);

#endif
