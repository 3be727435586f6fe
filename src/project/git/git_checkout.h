/* git_checkout.h - what git makes of a file's bytes on their way to the disk
 *
 *     .gitattributes of a commit --> an index of nothing else, in $TMPDIR
 *                      its paths --> git check-attr      eol, ident, filter ...
 *                        a blob --> git cat-file --filters
 *
 * gitattributes(5).  Attributes and settings of this user do not count, since the checkouts of
 * others are meant.
 */
#ifndef OCIFP_PROJECT_GIT_GIT_CHECKOUT_H
#define OCIFP_PROJECT_GIT_GIT_CHECKOUT_H

#include <stddef.h>

#include "base/cleanup.h"

struct buf;
struct error;
struct git;
struct git_checkout;

/* Borrows `git`. */
struct git_checkout *git_checkout_new(struct git *git, struct error **err);
void git_checkout_free(struct git_checkout *checkout);
DEFINE_CLEANUP(struct git_checkout, git_checkout_free)
#define AUTO_GIT_CHECKOUT CLEANUP(git_checkout_free_at)

/* What happens to one file. */
struct git_change {
	char *attributes; /* those by which git itself changes bytes, as git writes them; NULL: none
			   */
	char *filter;     /* the name of another program's settings; NULL: none */
};

struct git_changes {
	struct git_change *items;
	size_t count;
};

/* Of each path, from the root of the repository, by the .gitattributes files that
 * git-update-index(1) --index-info would take in `index_lines`. */
int git_checkout_ask(struct git_checkout *checkout, const struct buf *index_lines,
		     const char *const *paths, size_t count, struct git_changes *ret_changes,
		     struct error **err);
void git_changes_release(struct git_changes *changes);
#define AUTO_GIT_CHANGES CLEANUP(git_changes_release)

/* A blob as it is on the disk, by the attributes of a change. */
int git_checkout_read(const struct git_checkout *checkout, const char *id, const char *attributes,
		      struct buf *bytes, struct error **err);

#endif
