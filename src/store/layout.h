/* layout.h - index.json of a layout, as the JSON it is
 *
 * image-spec, image-layout.md, "index.json file".  Fields and entries that are not ours are kept
 * as they came.
 */
#ifndef OCIFP_STORE_LAYOUT_H
#define OCIFP_STORE_LAYOUT_H

#include <jansson.h>

struct error;
struct store;

#define LAYOUT_REF_NAME "org.opencontainers.image.ref.name"

/* The document, with its array "manifests"; the caller's reference.  One that is not there is
 * empty to a store that may be written to, else ERROR_CONTENT. */
json_t *layout_read_index(const struct store *store, struct error **err);

/* Replaces it.  `lock_fd` is the caller's hold of index.lock. */
int layout_write_index(const struct store *store, const json_t *index, int lock_fd,
		       struct error **err);

/* The same for one that lists less, which is possible on a full disk: the file is then written
 * over. `lock_fd` -1: so it is anyway. */
int layout_shrink_index(const struct store *store, const json_t *index, int lock_fd,
			struct error **err);

/* An empty one, unless there is one. */
int layout_make_index(const struct store *store, struct error **err);

/* The annotation LAYOUT_REF_NAME of an entry; NULL: none. */
const char *layout_entry_name(const json_t *entry);

#endif
