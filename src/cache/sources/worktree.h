/* SPDX-License-Identifier: Apache-2.0 */
/* worktree.h - git's view of a checkout: its files, and which are unchanged since git wrote them
 *
 * The repository that a directory is in, and its submodules that are checked out.  Paths are
 * relative to the directory.  git runs as fingerprint/git.h describes: no setting, hook or filter
 * of a repository applies, and its index is only read.
 */
#ifndef OCIFP_CACHE_SOURCES_WORKTREE_H
#define OCIFP_CACHE_SOURCES_WORKTREE_H

#include "base/cleanup.h"
#include "base/strings.h"

struct error;
struct worktree;

/* *ret_worktree NULL: the directory is not in a repository. */
int worktree_open(const char *directory, struct worktree **ret_worktree, struct error **err);
void worktree_free(struct worktree *worktree);
DEFINE_CLEANUP(struct worktree, worktree_free)
#define AUTO_WORKTREE CLEANUP(worktree_free_at)

/* Tracked files and links, existing or not, in byte order, each once. */
const struct strings *worktree_files(const struct worktree *worktree);

/* In byte order, possibly repeated: files whose size, times or inode differ from the index, files
 * that changed after git wrote it, and missing files. */
int worktree_touched(const struct worktree *worktree, struct strings *ret_paths,
		     struct error **err);

/* In byte order: files that differ from the commit, staged or not; submodules at another commit
 * than the recorded one. */
int worktree_uncommitted(const struct worktree *worktree, struct strings *ret_paths,
			 struct error **err);

#endif
