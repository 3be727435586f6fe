/* SPDX-License-Identifier: Apache-2.0 */
/* roots.h - all roots of a store: removes those of ended runs
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

/* Removes roots that no run uses.  `dry_run` only counts. */
int roots_collect(struct store *store, bool dry_run, uint64_t *ret_removed_count,
		  struct error **err);

/* Removes the root of an ended run, in a user namespace if it has files of other ids. */
int roots_remove(struct root *root, const struct id_map *map, struct error **err);

#endif
