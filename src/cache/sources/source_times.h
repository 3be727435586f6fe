/* SPDX-License-Identifier: Apache-2.0 */
/* source_times.h - sets times of sources so that a build never takes a changed file for a fresh one
 *
 * A file with its recorded content and mode gets the recorded time; a changed or new one gets the
 * present time; a directory gets its recorded time if its list of names is as recorded, else the
 * present time.  A file has one time for all caches of a tree: the latest recorded one, or the
 * present time if it changed for any of them.  The chosen times are kept outside the tree, with
 * inode and ctime.
 *
 * No time is set in a tree that is not a fresh checkout (unless `by_hand`) or has uncommitted
 * changes, or if a time would move past that of an untracked file, such as an object built from the
 * file.
 */
#ifndef OCIFP_CACHE_SOURCES_SOURCE_TIMES_H
#define OCIFP_CACHE_SOURCES_SOURCE_TIMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cache/sources/sources.h"

struct source_times_request {
	struct sources_request tree; /* as in the call that collected `now` */
	const char *state_directory; /* absolute; created if missing */
	/* Paths whose whole content this restore has written, and those of caches whose tools do
	 * not compare their files with a source's time. */
	const struct strings *placed;
	bool is_ci;        /* a checkout that no person works in */
	bool by_hand;      /* --source-times */
	int64_t shift_ns;  /* from source_times_shift(); taken from each recorded time */
	int64_t newest_ns; /* of the files of the artifact, before the shift */
};

struct source_times_result {
	size_t unchanged; /* got a recorded time, or already had a later one */
	size_t changed;   /* changed or new: got the present time */
	size_t removed;   /* recorded, but missing */
	char *left_alone; /* one line with the reason why no time was set; NULL: times were set */
	char *notice;     /* one further line if the times are in the future; NULL: they are not */
};

/* Called before the trees are moved to their places: how far all times of the artifact (of its
 * trees and its sources) have to go back together, so that their order stays.  More than 0 if the
 * newest is in the future of this machine's clock, or if no source's time may be set here and a
 * changed source would look older than the artifact. */
int source_times_shift(const struct source_times_request *request, const struct sources *recorded,
		       const struct sources *now, int64_t *ret_shift_ns, struct error **err);

/* `recorded` is from the artifact, `now` from sources_collect() in this process.  The trees of all
 * caches of this restore are already in place, with times request->shift_ns earlier than when they
 * were saved.  A tree whose times must not be set is not an error: it is `left_alone`.  After an
 * error the caller has to remove its trees again, because a changed file may look older than
 * outputs of its former content. */
int source_times_apply(const struct source_times_request *request, const struct sources *recorded,
		       const struct sources *now, struct source_times_result *ret_result,
		       struct error **err);
void source_times_result_release(struct source_times_result *result);
#define AUTO_SOURCE_TIMES_RESULT CLEANUP(source_times_result_release)

/* Removes, from what a save records, files that changed since the checkout or since a restore set
 * their times: the build may have read their former content.  `tree` is kept. */
int source_times_drop_touched(const struct sources_request *request, const char *state_directory,
			      struct sources *sources, struct error **err);

#endif
