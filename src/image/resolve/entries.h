/* SPDX-License-Identifier: Apache-2.0 */
/* entries.h - what a reference would put into an index
 *
 * The entries of an index; of a manifest that stands alone itself, for the platform that its config
 * names.
 */
#ifndef OCIFP_IMAGE_RESOLVE_ENTRIES_H
#define OCIFP_IMAGE_RESOLVE_ENTRIES_H

struct content;
struct error;
struct image_index;
struct resolution;

/* As an index, with the annotations that the root has when it is one. */
int entries_get(const struct content *content, const struct resolution *root,
		struct image_index *ret_index, struct error **err);

#endif
