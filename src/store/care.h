/* care.h - what keeps a store small and sound: garbage collection and checking
 *
 * Reachable is what a reference names, directly or through an index, a manifest or a subject.
 */
#ifndef OCIFP_STORE_CARE_H
#define OCIFP_STORE_CARE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/strings.h"

struct error;
struct store;

struct gc_result {
	uint64_t removed_count;
	uint64_t removed_bytes;
	uint64_t kept_count;
	uint64_t kept_bytes;
};

/* Removes unreachable blobs and .part files that nobody holds.  Waits until no pull is under way
 * (gc.lock); `dry_run` only counts. */
int store_gc(struct store *store, bool dry_run, struct gc_result *ret_result, struct error **err);

struct fsck_result {
	uint64_t checked_count;
	uint64_t checked_bytes;
	struct strings problems;   /* one line each: "blobs/sha256/ab..: content does not match" */
	struct strings repaired;   /* what was moved to .ocifp/quarantine */
	struct strings incomplete; /* what a manifest names and is not there: no problem, it can be
				      fetched.  Children that an index lists are not meant. */
	uint64_t unfinished_count; /* .part files: no problem */
};

/* Reads every blob.  Children that were never fetched are no problem; an index.json that names a
 * blob that is not there is.  0 also with problems. */
int store_fsck(struct store *store, bool repair, struct fsck_result *ret_result,
	       struct error **err);
void fsck_result_release(struct fsck_result *result);
#define AUTO_FSCK CLEANUP(fsck_result_release)

#endif
