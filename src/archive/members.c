/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/members.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "layer/listed.h"

/* Cuts the last component off; false when there is none. */
static bool
cut_last(char *name, size_t *size)
{
	if (*size == 0)
		return false;
	while (*size > 0 && name[*size - 1] != '/')
		--*size;
	if (*size > 0)
		--*size;
	name[*size] = '\0';
	return true;
}

/* `name` is empty and has room for `path`. */
static bool
walk(char *name, const char *path, bool may_climb)
{
	size_t size = 0;

	while (*path) {
		size_t length = strcspn(path, "/");
		bool climbs = length == 2 && path[0] == '.' && path[1] == '.';

		if (climbs && (!may_climb || !cut_last(name, &size)))
			return false;
		if (!climbs && length > 0 && !(length == 1 && path[0] == '.')) {
			if (size > 0)
				name[size++] = '/';
			memcpy(name + size, path, length);
			size += length;
			name[size] = '\0';
		}
		path += length + (path[length] == '/');
	}
	return size > 0;
}

char *
member_name(const char *path)
{
	AUTO_FREE char *name = xcalloc(1, strlen(path) + 1);

	if (*path == '/' || !walk(name, path, false))
		return NULL;
	return TAKE_PTR(name);
}

char *
member_name_follow(const char *name, const char *target)
{
	const char *slash = strrchr(name, '/');
	int folder_size = slash ? (int)(slash - name) : 0;
	AUTO_FREE char *path = xasprintf("%.*s/%s", folder_size, name, target);
	AUTO_FREE char *result = xcalloc(1, strlen(path) + 1);

	if (*target == '/' || !walk(result, path, true))
		return NULL;
	return TAKE_PTR(result);
}

int
members_take_listed(struct members *members, const struct listed *listed, uint64_t file_bytes,
		    struct error **err)
{
	struct member member = { 0 };

	/* The helper has checked this, but its answer is untrusted. */
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
	members->items = xgrow(members->items, members->count, sizeof(*members->items));
	members->items[members->count++] = member;
	return 0;
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
		/* With two members of one name, readers differ on which one counts. */
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
