/* SPDX-License-Identifier: Apache-2.0 */
/* members.h - what a tar holds, and where in the file each of its files lies
 *
 * Files and links alone, sorted by name; directories and devices do not matter here.  A link leads
 * to another member (`docker save` writes one for a layer that is there already).
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

struct member {
	char *name; /* as member_name() gives it */
	bool is_link;
	char *link; /* a link's target; NULL: outside the archive */
	uint64_t offset_bytes;
	uint64_t size_bytes;
	struct digest digest; /* DIGEST_NONE: nobody asked yet */
	enum compression compression;
};

struct members {
	struct member *items;
	size_t count;
};

/* Reads the headers of the tar in `fd`, whose offset moves.  ERROR_CONTENT: no tar, cut short, a
 * sparse file, a name twice, too many. */
int members_scan(int fd, struct members *ret_members, struct error **err);

/* One of a file of so many bytes, if its name can mean anything to us.  ERROR_FAILURE: no sound
 * helper would say so; ERROR_CONTENT: too many. */
int members_take_listed(struct members *members, const struct listed *listed, uint64_t file_bytes,
			struct error **err);

/* Follows links.  *ret_member NULL: not there.  ERROR_CONTENT: a link that leads nowhere. */
int members_find(const struct members *members, const char *name, struct member **ret_member,
		 struct error **err);
void members_add(struct members *members, struct member *member); /* takes */
int members_sort(struct members *members, struct error **err);
void members_release(struct members *members);
#define AUTO_MEMBERS CLEANUP(members_release)

#endif
