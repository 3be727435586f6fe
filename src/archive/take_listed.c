/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/members.h"

#include <string.h>

#include "archive/member_name.h"
#include "base/error.h"
#include "base/limits.h"
#include "layer/listed.h"

int
members_take_listed(struct members *members, const struct listed *listed, uint64_t file_bytes,
		    struct error **err)
{
	struct member member = { 0 };

	/* The helper has checked this; but it may have been taken over by what it read. */
	if (listed->offset_bytes > file_bytes ||
	    listed->size_bytes > file_bytes - listed->offset_bytes ||
	    strlen(listed->path) > ARCHIVE_NAME_LIMIT_BYTES ||
	    strlen(listed->link) > ARCHIVE_NAME_LIMIT_BYTES)
		return error_set(err, ERROR_FAILURE, "the confined helper sent an invalid list");
	if (members->count >= ARCHIVE_MEMBERS_LIMIT_COUNT) {
		error_set(err, ERROR_CONTENT, "it has more than %d members",
			  ARCHIVE_MEMBERS_LIMIT_COUNT);
		return error_set_class(err, CLASS_LIMIT);
	}
	member.name = member_name(listed->path);
	if (!member.name)
		return 0;
	member.is_link = listed->kind != LISTED_FILE;
	member.offset_bytes = listed->offset_bytes;
	member.size_bytes = listed->size_bytes;
	if (listed->kind == LISTED_HARD_LINK)
		member.link = member_name(listed->link);
	else if (listed->kind == LISTED_SYMBOLIC_LINK && *listed->link)
		member.link = member_name_follow(member.name, listed->link);
	members_add(members, &member);
	return 0;
}
