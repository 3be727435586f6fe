/* SPDX-License-Identifier: Apache-2.0 */
/* git.h - git in a repository that may be hostile
 *
 *     git_open()       finds ".git", here or above
 *     git_read()       objects, refs and index, without any setting of the repository
 *     git_ls_remote()  with its settings, once its owner was checked
 *
 * A setting of a repository can name a program (core.fsmonitor, filters, hooks, promisor remotes),
 * and a folder of tracked files can be a bare repository with settings of its own.  So git never
 * searches for a repository itself.  It reads with a git directory of ours in $TMPDIR, which
 * borrows objects, refs and index and has no settings: no program of the repository runs, and
 * nothing is fetched.
 *
 * gitrepository-layout(5), git(1) "Environment Variables".
 */
#ifndef OCIFP_FINGERPRINT_GIT_H
#define OCIFP_FINGERPRINT_GIT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"

struct buf;
struct error;
struct git;

/* The path of the nearest ".git" in `directory`, which is absolute and real, or above it; NULL:
 * none. The caller owns it. */
char *git_find(const char *directory);

/* Whether a file above `start`, the user's current directory, may be used.  It has to belong to the
 * caller, to SUDO_UID if root calls, or to the owner of `start` if both are in the workspace of a
 * CI job, or be listed in safe.directory of git's global or system settings.  ERROR_REFUSED, class
 * "foreign_owner". */
int git_check_owner(const char *path, const char *start, struct error **err);

/* *ret_git NULL: `directory` is not in a repository.  A ".git" above `directory` has to pass
 * git_check_owner(). */
int git_open(const char *directory, struct git **ret_git, struct error **err);
void git_free(struct git *git);
DEFINE_CLEANUP(struct git, git_free)
#define AUTO_GIT CLEANUP(git_free_at)

/* The directory from the root of the work tree: "" or "sub/". */
const char *git_prefix(const struct git *git);

/* A setting of the repository's own file, without includes; NULL: not set.  The caller owns it. */
char *git_setting(const struct git *git, const char *name);

/* A setting of the user's and the system's files. */
char *git_user_setting(const char *name);

struct git_question {
	const char *const *argv; /* without "git" */
	const char *input;       /* NULL: none */
	size_t input_bytes;
	bool in_checkout;   /* git runs in the checkout's folder, with its index */
	bool may_find_none; /* exit status 1 means "none" and leaves the output empty */
};

/* ERROR_LOCAL with git's message when git exits with another status than 0. */
int git_read(struct git *git, const struct git_question *question, struct buf *output,
	     struct error **err);

/* Creates a work tree of our own, which is removed with `git`.  It is empty except for ".git", the
 * directory that git_read() uses; its index is made by commands that run `in_checkout`.  git_open()
 * finds it like any checkout.  NULL: it could not be created. */
const char *git_checkout_folder(struct git *git, struct error **err);
int git_checkout_empty(struct git *git, struct error **err);

/* The id of the commit that a revision (gitrevisions(7)) names, 40 or 64 hex digits; the caller
 * owns it.  *ret_commit NULL: there is no such commit; a failure of git is an error. */
int git_find_commit(struct git *git, const char *revision, char **ret_commit, struct error **err);

/* The same; ERROR_USAGE if there is no such commit. */
char *git_commit(struct git *git, const char *revision, struct error **err);

/* `argv` follows "git ls-remote".  Git never prompts.  After the time limit it is killed with all
 * processes that it started. */
int git_ls_remote(const struct git *git, const char *const *argv, int timeout_ms,
		  struct buf *output, struct error **err);

#endif
