/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/members.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/xalloc.h"

void
members_add(struct members *members, struct member *member)
{
	members->items = xgrow(members->items, members->count, sizeof(*members->items));
	members->items[members->count++] = *member;
	*member = (struct member){ 0 };
}

static int
compare(const void *a, const void *b)
{
	return strcmp(((const struct member *)a)->name, ((const struct member *)b)->name);
}

int
members_sort(struct members *members, struct error **err)
{
	if (members->count < 2)
		return 0;
	qsort(members->items, members->count, sizeof(*members->items), compare);
	for (size_t i = 1; i < members->count; i++)
		/* Readers differ on which of two counts. */
		if (compare(&members->items[i - 1], &members->items[i]) == 0)
			return error_set(err, ERROR_CONTENT, "it contains '%s' twice",
					 QUOTED(members->items[i].name));
	return 0;
}

static struct member *
find_one(const struct members *members, char *name)
{
	const struct member key = { .name = name };

	if (members->count == 0)
		return NULL;
	return bsearch(&key, members->items, members->count, sizeof(key), compare);
}

int
members_find(const struct members *members, const char *name, struct member **ret_member,
	     struct error **err)
{
	AUTO_FREE char *first = xstrdup(name);
	struct member *member = find_one(members, first);

	if (!member) {
		*ret_member = NULL;
		return 0;
	}
	for (int i = 0; member && member->is_link && i < MEMBER_LINKS_LIMIT_COUNT; i++)
		member = member->link ? find_one(members, member->link) : NULL;
	if (!member || member->is_link)
		return error_set(err, ERROR_CONTENT,
				 "'%s' is a link to a file that the archive does not contain",
				 QUOTED(name));
	*ret_member = member;
	return 0;
}

void
members_release(struct members *members)
{
	for (size_t i = 0; i < members->count; i++) {
		free(members->items[i].name);
		free(members->items[i].link);
	}
	free(members->items);
	*members = (struct members){ 0 };
}
