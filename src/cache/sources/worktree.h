/* SPDX-License-Identifier: Apache-2.0 */
/* worktree.h - what git knows of a checkout: its files, and which of them are as it wrote them
 *
 * The repository that a directory lies in, and those of its submodules that are checked out.  Paths
 * are relative to the directory.  git is asked as fingerprint/git.h says: no setting, hook or
 * filter of a repository applies, and its index is only read.
 */
#ifndef OCIFP_CACHE_SOURCES_WORKTREE_H
#define OCIFP_CACHE_SOURCES_WORKTREE_H

#include "base/cleanup.h"
#include "base/strings.h"

struct error;
struct worktree;

/* *ret_worktree NULL: the directory is in no repository. */
int worktree_open(const char *directory, struct worktree **ret_worktree, struct error **err);
void worktree_free(struct worktree *worktree);
DEFINE_CLEANUP(struct worktree, worktree_free)
#define AUTO_WORKTREE CLEANUP(worktree_free_at)

/* Tracked files and links, in byte order, each once, whether they are there or not. */
const struct strings *worktree_files(const struct worktree *worktree);

/* In byte order, some twice: files whose size, times or inode are not those that git noted when it
 * wrote or last looked at them; files that changed after it did; files that are not there. */
int worktree_touched(const struct worktree *worktree, struct strings *ret_paths,
		     struct error **err);

/* In byte order: files that are not what the commit holds, staged or not; submodules at another
 * commit than theirs. */
int worktree_uncommitted(const struct worktree *worktree, struct strings *ret_paths,
			 struct error **err);

#endif
