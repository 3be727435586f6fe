/* made.h - which files a layer has made, by inode number
 *
 * A whiteout hides what lower layers have, wherever it stands among its own layer's entries: so
 * what this layer made must be told from what was there.  An inode that is in use by an older file
 * is given to no new one; 16 bytes a file.
 */
#ifndef OCIFP_LAYER_MADE_H
#define OCIFP_LAYER_MADE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

#define MADE_NO_VALUE UINT32_MAX

struct made_slot {
	uint64_t inode; /* 0: free */
	uint32_t value;
};

struct made {
	struct made_slot *slots;
	size_t capacity;
	size_t count;
};

/* The value is the caller's; adding again changes it. */
void made_add(struct made *made, uint64_t inode, uint32_t value);
bool made_find(const struct made *made, uint64_t inode, uint32_t *ret_value);
bool made_has(const struct made *made, uint64_t inode);
void made_release(struct made *made);

#endif
