/* SPDX-License-Identifier: Apache-2.0 */
/* git_refs.h - the branches and tags of a repository, here and at its origin */
#ifndef OCIFP_PROJECT_GIT_GIT_REFS_H
#define OCIFP_PROJECT_GIT_GIT_REFS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"

struct error;
struct git;
struct strings;

struct git_ref {
	char *name;   /* "refs/heads/main", "HEAD" */
	char *commit; /* an object id, or that of a tag of it */
};

struct git_refs {
	struct git_ref *items; /* each commit once, under the first of its names */
	size_t count;
	void *by_commit; /* commits that are copies of others */
};

/* `patterns` (git-for-each-ref(1)) empty: all branches and tags, also of remotes, and HEAD.
 * `ask_origin`: with those that origin has now; one whose commit is missing here is ERROR_REFUSED,
 * class "not_fetched". */
int git_refs_list(struct git *git, const struct strings *patterns, bool ask_origin,
		  struct git_refs *ret_refs, struct error **err);
/* The names of branches, "main": local ones and origin's as last fetched, or with `ask_origin`
 * those that origin has now. */
int git_branches_list(struct git *git, bool ask_origin, struct strings *ret_names,
		      struct error **err);
void git_refs_release(struct git_refs *refs);
#define AUTO_GIT_REFS CLEANUP(git_refs_release)

#endif
