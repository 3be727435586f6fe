/* SPDX-License-Identifier: Apache-2.0 */
/* source_times.h - times of sources, set so that a build never takes a changed file for a fresh one
 *
 * A file whose content and mode are as recorded gets the recorded time; one that changed or is new
 * gets the kernel's now; a directory its time when its list of names is as recorded, else now.  A
 * file has one time for all caches of a tree, the latest that any of them asks for, and "changed"
 * beats a recorded time.  What was chosen is kept outside the tree with inode and ctime.
 *
 * No time moves in a tree that is not a fresh checkout (unless `by_hand`), that has uncommitted
 * changes, or where a time would move past the time of a file that git does not track, such as an
 * object that was built from the file.
 */
#ifndef OCIFP_CACHE_SOURCES_SOURCE_TIMES_H
#define OCIFP_CACHE_SOURCES_SOURCE_TIMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cache/sources/sources.h"

struct source_times_request {
	struct sources_request tree; /* as for the collection of `now` */
	const char *state_directory; /* absolute; made when it is missing */
	/* Paths whose whole content this restore put there, and those of caches whose content is
	 * not compared with the time of a source. */
	const struct strings *placed;
	bool is_ci;        /* a checkout that nobody works in */
	bool by_hand;      /* --source-times */
	int64_t shift_ns;  /* from source_times_shift(); taken from each recorded time */
	int64_t newest_ns; /* of the files of the artifact, before the shift */
};

struct source_times_result {
	size_t unchanged; /* got a recorded time, or had a later one already */
	size_t changed;   /* changed or new: now */
	size_t removed;   /* recorded, and not there */
	char *left_alone; /* one line that says why no time was set; NULL: they were */
	char *notice;     /* one line besides, when the times lie in the future; NULL: none */
};

/* Before the trees are put in place: how far all times of the artifact (its trees' and its
 * sources') have to go back together.  What was older than another stays older.  More than 0 when
 * the newest lies in the future of this machine's clock; or when no time of a source may be set
 * here and one that differs from what was recorded would look older than the artifact. */
int source_times_shift(const struct source_times_request *request, const struct sources *recorded,
		       const struct sources *now, int64_t *ret_shift_ns, struct error **err);

/* `recorded` is what the artifact has, `now` what sources_collect() gave in this process.  The
 * trees of all caches of this restore are in place already, request->shift_ns earlier than they
 * were saved.  A tree whose times must not move is not an error: it is `left_alone`.  After an
 * error the caller has to take its trees away again: a changed file may look older than what was
 * built from its former content. */
int source_times_apply(const struct source_times_request *request, const struct sources *recorded,
		       const struct sources *now, struct source_times_result *ret_result,
		       struct error **err);
void source_times_result_release(struct source_times_result *result);
#define AUTO_SOURCE_TIMES_RESULT CLEANUP(source_times_result_release)

/* Leaves out, of what a save records, the files that changed since the tree was checked out or
 * since a restore set their times: the build may have read what they held before.  `tree` stays. */
int source_times_drop_touched(const struct sources_request *request, const char *state_directory,
			      struct sources *sources, struct error **err);

#endif
