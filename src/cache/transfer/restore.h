/* SPDX-License-Identifier: Apache-2.0 */
/* restore.h - a cache from a repository into directories of this machine
 *
 *     candidates, in order        one GET each; the first existing one is used
 *     paths, room on the disk     checked before anything is moved
 *     packs --> store             several at once; those of a killed restore are used again
 *     packs --> confined helper   one for each path, into a directory beside it
 *     rename                      complete or not at all, for each path
 *     journal                     for the save that follows
 */
#ifndef OCIFP_CACHE_TRANSFER_RESTORE_H
#define OCIFP_CACHE_TRANSFER_RESTORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "cache/format/artifact.h"
#include "cache/transfer/placement.h"

struct cache_roots;
struct error;
struct session;

struct cache_place {
	const char *repository; /* "host/name" or "oci:DIR" */
	const char *tag;
	const char *scope; /* the scope that it has to state; NULL: any */
	bool executables;  /* restore them too */
};

enum cache_path_end {
	CACHE_PATH_RESTORED,
	CACHE_PATH_KEPT,    /* has content already */
	CACHE_PATH_MISSING, /* the cache has no such path */
};

/* What a restore is about to do, told before it writes anything. */
struct cache_found {
	size_t place; /* index of the candidate */
	const struct cache_artifact *artifact;
	const struct buf *sources; /* sections of the index */
	const struct buf *record;
	const enum cache_path_end *paths; /* one for each root; none is CACHE_PATH_MISSING yet */
};

struct cache_restore_hook {
	/* *ret_shift_ns: how far all times are moved back. */
	int (*prepare)(void *context, const struct cache_found *found, int64_t *ret_shift_ns,
		       struct error **err);
	void *context;
};

struct cache_restore {
	const struct cache_place *places; /* most exact first */
	size_t place_count;
	const struct cache_roots *roots;
	enum placement_way way;
	bool dry_run;                          /* only report what would be restored */
	const struct cache_restore_hook *hook; /* NULL: none */
	const char *journal_folder;            /* NULL: no save follows */
};

struct cache_restored {
	bool is_hit;
	size_t place; /* index of the candidate */
	struct cache_artifact artifact;
	enum cache_path_end *paths; /* one for each root */
	size_t path_count;
	int64_t shift_ns;
	uint64_t file_count; /* of the paths that were restored */
	uint64_t total_bytes;
	struct buf sources;
	struct buf record;
};

int cache_restore(struct session *session, const struct cache_restore *restore,
		  struct cache_restored *ret_restored, struct error **err);
/* Removes the restored trees: without a later step that failed, they must not be used. */
int cache_restore_undo(const struct cache_restore *restore, const struct cache_restored *restored,
		       struct error **err);
void cache_restored_release(struct cache_restored *restored);
#define AUTO_CACHE_RESTORED CLEANUP(cache_restored_release)

#endif
