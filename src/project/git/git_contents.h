/* git_contents.h - what the files of a commit hold on the disk of a checkout
 *
 * Nearly always what git has.  By .gitattributes git itself changes some (line ends, $Id$,
 * encodings), and of a file that LFS has there is a pointer or the file, as the checkout was made:
 * both are possible.  Any other filter is a program of which nothing is known.  Only files that are
 * asked for are looked at.
 */
#ifndef OCIFP_PROJECT_GIT_GIT_CONTENTS_H
#define OCIFP_PROJECT_GIT_GIT_CONTENTS_H

#include "base/buf.h"
#include "project/git/git_objects.h"

struct git_checkout;

struct git_contents {
	struct git *git; /* borrowed */
	struct git_objects objects;
	struct git_checkout *checkout; /* NULL: was not needed yet */

	/* Of the last commit: */
	struct buf attribute_files; /* see git_checkout_ask() */
	bool has_pointers;          /* among the files that were asked for */
	bool is_with_lfs;           /* the file itself counts, not the pointer */
};

void git_contents_forget(struct git_contents *contents); /* the last commit */
void git_contents_release(struct git_contents *contents);

/* Lets the content of each be that of the disk.  ERROR_USAGE: a filter. */
int git_contents_settle(struct git_contents *contents, struct listed_file *const *files,
			size_t count, struct error **err);

/* For struct listing.  ERROR_USAGE for a file that only LFS has. */
int git_contents_read(const struct git_contents *contents, const struct git_reading *reading,
		      size_t count, struct error **err);

#endif
