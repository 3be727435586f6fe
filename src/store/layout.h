/* SPDX-License-Identifier: Apache-2.0 */
/* layout.h - index.json of a layout, as JSON
 *
 * image-spec, image-layout.md, "index.json file".  Fields and entries of other tools are kept
 * unchanged.
 */
#ifndef OCIFP_STORE_LAYOUT_H
#define OCIFP_STORE_LAYOUT_H

#include <jansson.h>

struct error;
struct store;

/* The document, with its array "manifests"; a new reference.  A missing file is ERROR_CONTENT with
 * STORE_READ, else an empty index. */
json_t *layout_read_index(const struct store *store, struct error **err);

/* Replaces the file.  The caller holds index.lock by `lock_fd`. */
int layout_write_index(const struct store *store, const json_t *index, int lock_fd,
		       struct error **err);

/* The same for one that lists less, which is possible on a full disk: the file is then written
 * over. `lock_fd` -1: so it is anyway. */
int layout_shrink_index(const struct store *store, const json_t *index, int lock_fd,
			struct error **err);

/* Creates an empty one if there is none. */
int layout_make_index(const struct store *store, struct error **err);

/* The annotation ANNOTATION_REF_NAME of an entry; NULL: none. */
const char *layout_entry_name(const json_t *entry);

#endif
