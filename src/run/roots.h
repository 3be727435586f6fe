/* SPDX-License-Identifier: Apache-2.0 */
/* roots.h - all roots of a store: what ended runs left is removed
 *
 * A run that ends removes its root; one that was killed leaves it, unlocked.
 */
#ifndef OCIFP_RUN_ROOTS_H
#define OCIFP_RUN_ROOTS_H

#include <stdbool.h>
#include <stdint.h>

struct error;
struct root;
struct store;
struct id_map;

#define STORE_ROOTS ".ocifp/roots"
#define ROOT_LOCK "lock"

/* Those that no run has.  `dry_run` only counts. */
int roots_collect(struct store *store, bool dry_run, uint64_t *ret_removed_count,
		  struct error **err);

/* The root of a run that has ended; in a user namespace, where files are not the user's own. */
int roots_remove(struct root *root, const struct id_map *map, struct error **err);

#endif
