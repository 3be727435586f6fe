/* SPDX-License-Identifier: Apache-2.0 */
/* git.h - git in the repository that a directory lies in, which may be hostile
 *
 *     git_open()       finds ".git", here or above
 *     git_read()       objects, refs and index, without any setting of the repository
 *     git_ls_remote()  with its settings, once its owner was checked
 *
 * A setting of a repository can name a program (core.fsmonitor, filters, hooks, promisor remotes),
 * and a folder of tracked files can be a bare repository with settings of its own.  So git never
 * looks for a repository itself, and it reads with a git directory of ours, in $TMPDIR, that
 * borrows objects, refs and index and has no settings: none of theirs runs, nothing is fetched.
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

/* The path of the nearest ".git" in `directory`, which is absolute and real, or above; NULL: none.
 * The caller owns it. */
char *git_find(const char *directory);

/* Whether a file above `start`, the folder where the user stands, counts.  It has to belong to the
 * caller, to SUDO_UID when root asks, or to the owner of `start` when both lie in the workspace of
 * a CI job, or it lies in a safe.directory of git's global or system settings.  ERROR_REFUSED,
 * class "foreign_owner". */
int git_check_owner(const char *path, const char *start, struct error **err);

/* *ret_git NULL: `directory` is in no repository.  A ".git" above `directory` has to pass
 * git_check_owner(). */
int git_open(const char *directory, struct git **ret_git, struct error **err);
void git_free(struct git *git);
DEFINE_CLEANUP(struct git, git_free)
#define AUTO_GIT CLEANUP(git_free_at)

/* The directory from the root of the work tree: "" or "sub/". */
const char *git_prefix(const struct git *git);

/* Of the repository's own file, without includes; NULL: not set.  The caller owns it. */
char *git_setting(const struct git *git, const char *name);

/* Of the user's and the machine's files. */
char *git_user_setting(const char *name);

struct git_question {
	const char *const *argv; /* without "git" */
	const char *input;       /* NULL: none */
	size_t input_bytes;
	bool in_checkout;   /* git runs in the checkout's folder, with its index */
	bool may_find_none; /* status 1 is an answer, "there is none", and leaves the output empty
			     */
};

/* ERROR_LOCAL with what git said when it ends with another status than 0. */
int git_read(struct git *git, const struct git_question *question, struct buf *output,
	     struct error **err);

/* A work tree of our own, gone with `git`: empty but for ".git", which is what git_read() reads
 * with; its index is made by questions that are asked `in_checkout`.  So it is a checkout to
 * git_open() too.  NULL: it could not be made. */
const char *git_checkout_folder(struct git *git, struct error **err);
int git_checkout_empty(struct git *git, struct error **err);

/* The id of the commit that a revision (gitrevisions(7)) means, 40 or 64 hex digits; the caller
 * owns it.  *ret_commit NULL: there is none, which a git that failed does not say. */
int git_find_commit(struct git *git, const char *revision, char **ret_commit, struct error **err);

/* The same; ERROR_USAGE when there is none. */
char *git_commit(struct git *git, const char *revision, struct error **err);

/* `argv` follows "git ls-remote".  Git never prompts, and is killed after the time with all that
 * it started. */
int git_ls_remote(const struct git *git, const char *const *argv, int timeout_ms,
		  struct buf *output, struct error **err);

#endif
