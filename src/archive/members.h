/* SPDX-License-Identifier: Apache-2.0 */
/* members.h - the members of a tar, and where in the tar each one's content lies
 *
 * Files and links, sorted by name; directories and devices are left out.  A link leads to another
 * member: `docker save` writes a layer once, and links for the images that share it.
 */
#ifndef OCIFP_ARCHIVE_MEMBERS_H
#define OCIFP_ARCHIVE_MEMBERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "oci/digest.h"
#include "oci/media_type.h"

struct error;
struct listed;

/* The name of a member in one spelling: "./a/b" and "a//b" are "a/b".  NULL for an absolute path
 * and for one with "..".  The caller owns it. */
char *member_name(const char *path);

/* The target of a symbolic link in the folder of `name`; NULL: outside the archive. */
char *member_name_follow(const char *name, const char *target);

struct member {
	char *name; /* as member_name() gives it */
	bool is_link;
	char *link; /* a link's target; NULL: outside the archive */
	uint64_t offset_bytes;
	uint64_t size_bytes;
	struct digest digest; /* DIGEST_NONE: not computed yet */
	enum compression compression;
};

struct members {
	struct member *items;
	size_t count;
};

/* Reads the headers of the tar in `fd`, and moves its offset.  ERROR_CONTENT: not a tar, cut short,
 * a sparse file, a name twice, too many members. */
int members_scan(int fd, struct members *ret_members, struct error **err);

/* Adds a member that the helper listed, unless member_name() refuses its name.  `file_bytes` is the
 * size of the tar.  ERROR_FAILURE: an answer that a sound helper does not give; ERROR_CONTENT: too
 * many members. */
int members_take_listed(struct members *members, const struct listed *listed, uint64_t file_bytes,
			struct error **err);

/* Follows links.  *ret_member NULL: not there.  ERROR_CONTENT: a link to a missing member. */
int members_find(const struct members *members, const char *name, struct member **ret_member,
		 struct error **err);
int members_sort(struct members *members, struct error **err);
void members_release(struct members *members);
#define AUTO_MEMBERS CLEANUP(members_release)

#endif
