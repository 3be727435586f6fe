/* SPDX-License-Identifier: Apache-2.0 */
/* save.h - directories of this machine into a repository, as a cache
 *
 *     resolve the exact tag          it exists: done
 *     journal + scan                 nothing changed since it was restored or saved: done
 *     parent                         the cache named by the journal, else by a pointer tag
 *     parts                          unused ones are dropped
 *     gather                         new chunks into new packs; repeated without a part that keeps
 *                                    changing, or with fewer parts if the result is too large
 *     plan, merge                    small packs are joined
 *     index, upload, manifest        the tags last
 *
 * If a save fails or is killed at any point, the tags name what they named before.
 */
#ifndef OCIFP_CACHE_TRANSFER_SAVE_H
#define OCIFP_CACHE_TRANSFER_SAVE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/strings.h"
#include "oci/digest.h"

struct cache_roots;
struct error;
struct session;
struct tree_filter;

/* Called as late as possible, after the files were read, for the parts of the index besides the
 * tree. */
struct cache_save_hook {
	/* STREAM_SOURCES.  An error ends the save. */
	int (*sources)(void *context, struct buf *ret_bytes, struct error **err);
	void *context;
};

enum cache_save_executables {
	CACHE_NO_EXECUTABLES,
	CACHE_ALL_EXECUTABLES,  /* like other files */
	CACHE_SOME_EXECUTABLES, /* in packs of their own, if they are at most a quarter */
};

struct cache_save {
	const char *repository;        /* "host/name" or "oci:DIR" */
	const char *parent_repository; /* used even if the journal names another; NULL: the same */
	const char *exact_tag;
	const struct strings *pointer_tags; /* moved to the saved cache */
	const char *name;                   /* of the cache; for annotations, as the next four */
	const char *key;
	const char *scope; /* NULL: none */
	const char *variant;
	bool may_prune;       /* whether the caller will delete old caches when that is due */
	const char *revision; /* of the sources; NULL: not known */
	const struct cache_roots *roots;
	const struct tree_filter *filter; /* NULL: takes all */
	enum cache_save_executables executables;
	const struct cache_save_hook *hook; /* NULL: no sources */
	const struct buf *record;           /* STREAM_RECORD; NULL: none */
	uint64_t most_bytes;                /* of all packs; 0: no limit */
	const char *journal_folder;
};

enum cache_save_end {
	CACHE_SAVED,
	CACHE_UNCHANGED, /* the exact tag already names this content */
	CACHE_TAKEN,     /* another job saved under the exact tag */
	CACHE_EMPTY,     /* none of the directories exists */
	CACHE_TOO_LARGE, /* most_bytes */
};

struct cache_saved {
	enum cache_save_end end;
	struct digest manifest;
	uint64_t file_count;
	uint64_t total_bytes;  /* of the files */
	uint64_t read_bytes;   /* of these, read from disk */
	uint64_t packed_bytes; /* of the whole cache in the repository */
	uint64_t new_bytes;    /* of these, uploaded now */
	uint64_t pack_count;
	uint64_t changed_count; /* files that changed meanwhile and were left out */
	uint64_t special_count;
	bool is_time_to_prune;     /* the last time was a day ago */
	uint64_t executable_bytes; /* executables that were left out */
	uint64_t dropped_count;    /* parts that were left out, unused or for these reasons: */
	bool was_too_large;        /* with them the cache would exceed most_bytes */
	bool was_torn;             /* their files kept changing */
	struct strings secrets;    /* paths that were left out */
};

int cache_save(struct session *session, const struct cache_save *save,
	       struct cache_saved *ret_saved, struct error **err);
void cache_saved_release(struct cache_saved *saved);
#define AUTO_CACHE_SAVED CLEANUP(cache_saved_release)

#endif
