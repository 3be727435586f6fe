/* SPDX-License-Identifier: Apache-2.0 */
/* cache_index.h - the index of a cache in a repository, through the store and the confined helper
 */
#ifndef OCIFP_CACHE_TRANSFER_CACHE_INDEX_H
#define OCIFP_CACHE_TRANSFER_CACHE_INDEX_H

#include <stdbool.h>

#include "cache/tree/index_parts.h"

struct cache_artifact;
struct cache_place;
struct error;
struct observer;
struct repository;
struct session;
struct store;

/* The parts that are wanted, appended to their buffers. */
int cache_index_read(const struct cache_artifact *artifact, struct repository *repository,
		     struct store *store, struct observer *observer, struct index_parts *parts,
		     struct error **err);

/* Reads the parts of the cache at this place.  *ret_found false: proven absent.  ERROR_CONTENT: not
 * a cache. */
int cache_index_find(struct session *session, const struct cache_place *place,
		     struct index_parts *parts, bool *ret_found, struct error **err);

#endif
