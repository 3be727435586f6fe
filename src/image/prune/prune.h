/* SPDX-License-Identifier: Apache-2.0 */
/* prune.h - what a repository need not keep any longer
 *
 *     read all --> keep what a rule names, what that leads to, what refers to that
 *              --> a plan --> the user's word --> parents are deleted before their children
 *
 * Whatever cannot be read or told ends it before anything is deleted.  A manifest is kept or goes
 * with all its tags.
 */
#ifndef OCIFP_IMAGE_PRUNE_PRUNE_H
#define OCIFP_IMAGE_PRUNE_PRUNE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/strings.h"
#include "image/prune/prune_graph.h"

struct prune_rules {
	const struct strings *tag_patterns; /* fnmatch(3) */
	unsigned newest_count;              /* images with a tag; 0: no such rule */
	int64_t younger_ms;                 /* 0: no such rule */
	uint64_t most_bytes; /* younger_ms adds none to what is kept beyond that; 0: no limit */

	/* Annotations: newest_count is for each combination of their values, NULL at the end; NULL:
	 * for all images together. */
	const char *const *group_by;

	/* Whether what the manifest is for has come to an end, so that no date keeps it; may be
	 * NULL. */
	bool (*has_ended)(void *context, const struct manifest *manifest);
	void *context;
	bool may_keep_nothing;
	size_t most_count; /* of deletions; 0: no limit */

	/* Tags and digests that are in use, with those that end in "-<os>-<arch>"; and by what. */
	const struct strings *used;
	const struct strings *used_by;
};

struct prune_plan {
	struct prune_graph graph; /* its nodes are kept, doomed or absent */
	size_t kept_count;
	uint64_t kept_bytes; /* blobs */
	size_t doomed_count;
	uint64_t freed_bytes; /* documents and blobs that nothing kept needs */
};

/* ERROR_REFUSED when nothing would be kept and that is not allowed. */
int prune_plan_make(struct repository *repository, const struct prune_rules *rules,
		    struct prune_plan *ret_plan, struct error **err);

/* ERROR_REFUSED, and nothing is deleted, when the repository has other tags than the plan.
 * *ret_count: deleted, also on failure. */
int prune_plan_apply(struct repository *repository, struct prune_plan *plan, size_t *ret_count,
		     struct error **err);
void prune_plan_release(struct prune_plan *plan);
#define AUTO_PRUNE_PLAN CLEANUP(prune_plan_release)

#endif
