/* SPDX-License-Identifier: Apache-2.0 */
/* prune.h - deletes what a repository need not keep
 *
 *     read all --> keep what a rule names, what that leads to, what refers to that
 *              --> a plan --> the user's consent --> delete parents before their children
 *
 * If anything cannot be read or judged, nothing is deleted.  A manifest is kept or deleted with all
 * its tags.
 */
#ifndef OCIFP_IMAGE_PRUNE_PRUNE_H
#define OCIFP_IMAGE_PRUNE_PRUNE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/strings.h"
#include "image/prune/prune_graph.h"

struct prune_rules {
	const struct strings *tag_patterns; /* fnmatch(3) */
	unsigned newest_count;              /* tagged images; 0: no such rule */
	int64_t younger_ms;                 /* 0: no such rule */
	uint64_t most_bytes; /* younger_ms keeps at most this many more; 0: no limit */

	/* Annotations, ended by NULL: newest_count applies to each combination of their values.
	 * NULL: to all images together. */
	const char *const *group_by;

	/* Whether the manifest's branch or pull request has ended, so that younger_ms does not keep
	 * it; may be NULL. */
	bool (*has_ended)(void *context, const struct manifest *manifest);
	void *context;
	bool may_keep_nothing;
	size_t most_count; /* of deletions; 0: no limit */

	/* Tags and digests that are in use, also with a suffix "-<os>-<arch>"; and what uses each.
	 */
	const struct strings *used;
	const struct strings *used_by;
};

struct prune_plan {
	struct prune_graph graph; /* its nodes are marked kept, doomed or absent */
	size_t kept_count;
	uint64_t kept_bytes; /* blobs */
	size_t doomed_count;
	uint64_t freed_bytes; /* documents and blobs that no kept node needs */
};

/* ERROR_REFUSED when nothing would be kept, unless that is allowed. */
int prune_plan_make(struct repository *repository, const struct prune_rules *rules,
		    struct prune_plan *ret_plan, struct error **err);

/* ERROR_REFUSED, and nothing is deleted, when the repository's tags differ from the plan.
 * *ret_count: number of deletions, also on failure. */
int prune_plan_apply(struct repository *repository, struct prune_plan *plan, size_t *ret_count,
		     struct error **err);
void prune_plan_release(struct prune_plan *plan);
#define AUTO_PRUNE_PLAN CLEANUP(prune_plan_release)

#endif
