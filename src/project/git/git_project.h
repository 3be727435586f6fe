/* SPDX-License-Identifier: Apache-2.0 */
/* git_project.h - the project as in a checkout of a commit
 *
 *     git ls-tree            the inputs in the commit: most commits have the same
 *     git update-index       an index of the inputs, and of the .gitattributes that apply to them
 *     git checkout-index     into a directory of ours, where the fingerprint is computed as usual
 *
 * Git itself converts line ends, keywords and encodings, always with the settings of a checkout on
 * Linux; no filter runs.  A file of LFS is a pointer in such a checkout; it can be counted as the
 * file that it stands for, as in a checkout with LFS.
 */
#ifndef OCIFP_PROJECT_GIT_GIT_PROJECT_H
#define OCIFP_PROJECT_GIT_GIT_PROJECT_H

#include <stdbool.h>

#include "base/cleanup.h"
#include "oci/digest.h"

struct error;
struct git;
struct git_project;
struct project;

/* `path` is the project file's here, below the directory that `git` (borrowed) was opened from.
 * ERROR_USAGE: git's settings change line ends, so that checkouts differ. */
struct git_project *git_project_new(struct git *git, const char *path, struct error **err);
void git_project_free(struct git_project *project);
DEFINE_CLEANUP(struct git_project, git_project_free)
#define AUTO_GIT_PROJECT CLEANUP(git_project_free_at)

/* Selects a commit.  *ret_key: commits with the same key have the same project and inputs;
 * DIGEST_NONE: the commit has no project file. */
int git_project_find(struct git_project *project, const char *commit, struct digest *ret_key,
		     struct error **err);

/* Writes its inputs to disk, those of LFS as pointers; valid until the next git_project_find().
 * NULL with *err. */
const struct project *git_project_check_out(struct git_project *project, struct error **err);

/* Both, for a revision of the user's: a branch, a tag, "HEAD~1".  `ret_commit` (NULL: not wanted)
 * is the caller's.  ERROR_USAGE: there is no such commit, or it has no project file. */
const struct project *git_project_at(struct git_project *project, const char *revision,
				     char **ret_commit, struct error **err);

/* True if inputs are pointers of LFS: from now on they count as their files. */
bool git_project_go_on_with_lfs(struct git_project *project);

#endif
