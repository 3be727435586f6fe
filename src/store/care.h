/* SPDX-License-Identifier: Apache-2.0 */
/* care.h - garbage collection and checking of a store
 *
 * A blob is reachable if a reference leads to it, directly or through an index, a manifest or a
 * subject.
 */
#ifndef OCIFP_STORE_CARE_H
#define OCIFP_STORE_CARE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/strings.h"

struct descriptor;
struct error;
struct store;

struct gc_result {
	uint64_t removed_count;
	uint64_t removed_bytes;
	uint64_t kept_count;
	uint64_t kept_bytes;
};

/* Removes unreachable blobs and .part files that no process holds.  Waits until no pull is under
 * way (gc.lock).  `dry_run`: only counts. */
int store_gc(struct store *store, bool dry_run, struct gc_result *ret_result, struct error **err);

/* Of the blobs that the store has of it.  Blobs that several references lead to count for each. */
int store_reference_size(const struct store *store, const struct descriptor *reference,
			 uint64_t *ret_size_bytes, struct error **err);

struct fsck_result {
	uint64_t checked_count;
	uint64_t checked_bytes;
	struct strings problems;   /* one line each: "blobs/sha256/ab..: content does not match" */
	struct strings repaired;   /* files moved to .ocifp/quarantine, and other repairs */
	struct strings incomplete; /* missing blobs of manifests: not a problem, they can be
				    * fetched. Without the children of indexes. */
	uint64_t unfinished_count; /* .part files: not a problem */
};

/* Reads every blob.  A reference to a missing blob is a problem; a child that was never fetched is
 * not. Returns 0 also with problems. */
int store_fsck(struct store *store, bool repair, struct fsck_result *ret_result,
	       struct error **err);
void fsck_result_release(struct fsck_result *result);
#define AUTO_FSCK CLEANUP(fsck_result_release)

#endif
