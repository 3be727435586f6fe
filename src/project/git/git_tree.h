/* SPDX-License-Identifier: Apache-2.0 */
/* git_tree.h - entries of a commit's tree by path, through its links
 *
 *     git ls-tree -t -z COMMIT -- PATH...     modes and object ids
 *     git cat-file blob ID                    the target of a link
 *
 * Only the requested paths are listed, so the time does not depend on the repository's size.
 */
#ifndef OCIFP_PROJECT_GIT_GIT_TREE_H
#define OCIFP_PROJECT_GIT_GIT_TREE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/strings.h"

struct buf;
struct error;
struct git;
struct hasher;

#define GIT_ID_LIMIT_CHARS 64 /* SHA-256 repositories */

enum git_mode { GIT_DIRECTORY = 0040000, GIT_LINK = 0120000, GIT_SUBMODULE = 0160000 };

struct git_entry {
	unsigned mode; /* as in git: 0100644 or 0100755 for a file */
	char id[GIT_ID_LIMIT_CHARS + 1];
	char *path;   /* from the root of the repository */
	char *target; /* of a followed link; else NULL */
};

struct git_entries {
	struct git_entry *items; /* in byte order of path, each once */
	size_t count;
};

/* Files, links and submodules at and below the paths; no path: all of the commit. */
int git_entries_list(struct git *git, const char *commit, const struct strings *paths,
		     struct git_entries *ret_entries, struct error **err);
void git_entries_release(struct git_entries *entries);
#define AUTO_GIT_ENTRIES CLEANUP(git_entries_release)

/* The answers for one commit. */
struct git_tree {
	struct git *git;    /* borrowed */
	const char *commit; /* borrowed */
	struct git_entries entries;
	struct strings asked;
};

/* Resolves the paths, each in normal form ("": the root), as open() would beneath the root of the
 * repository. */
int git_tree_find(struct git_tree *tree, const struct strings *paths, struct error **err);
void git_tree_release(struct git_tree *tree);
#define AUTO_GIT_TREE CLEANUP(git_tree_release)

/* The end of a requested path behind all links. */
struct git_end {
	char *path;                        /* of the link that leaves the repository, if any */
	const struct git_entry *entry;     /* NULL: missing, or the root */
	const struct git_entry *submodule; /* the submodule that it is, or is in; NULL: none */
};

/* `trace` (NULL: not wanted) gets the links on the way and the end: for commits with the same bytes
 * these are the same. */
int git_tree_end(struct git_tree *tree, const char *path, struct hasher *trace,
		 struct git_end *ret_end, struct error **err);
void git_end_release(struct git_end *end);
#define AUTO_GIT_END CLEANUP(git_end_release)

/* The content of a file or a link. */
int git_blob_read(struct git *git, const char *id, struct buf *bytes, struct error **err);

#endif
