/* git_tree.h - the project as it is in a commit, read out of git without a checkout
 *
 *     git ls-tree -r -l -z --full-tree COMMIT     names, modes, object ids
 *     git cat-file --batch                        contents, each once for all commits
 *
 * What a checkout changes on the way to the disk is in git_contents.h.
 */
#ifndef OCIFP_PROJECT_GIT_GIT_TREE_H
#define OCIFP_PROJECT_GIT_GIT_TREE_H

#include <stdbool.h>

#include "base/cleanup.h"

struct error;
struct git;
struct git_trees;
struct project;

/* All commits of the repository, which was opened from the directory of a project file; what was
 * read for one serves the next.  Borrows `git`. */
struct git_trees *git_trees_new(struct git *git, struct error **err);
void git_trees_free(struct git_trees *trees);
DEFINE_CLEANUP(struct git_trees, git_trees_free)
#define AUTO_GIT_TREES CLEANUP(git_trees_free_at)

/* The project whose file is `path` here, as it is in the commit, in a checkout without LFS; valid
 * until the next call.  NULL without *err: the commit has no such file. */
const struct project *git_trees_read(struct git_trees *trees, const char *path, const char *commit,
				     struct error **err);

/* True when inputs of that project turned out to be pointers of LFS: from now on its fingerprints
 * are those of a checkout with LFS. */
bool git_trees_go_on_with_lfs(struct git_trees *trees);

#endif
