/* SPDX-License-Identifier: Apache-2.0 */
#include "layer/pack/hard_links.h"

#include <search.h>
#include <sys/stat.h>

#include "base/compat.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/xalloc.h"

struct hard_link {
	dev_t device;
	ino_t inode;
	char *name;
};

static int
compare(const void *left, const void *right)
{
	const struct hard_link *a = left;
	const struct hard_link *b = right;

	if (a->device != b->device)
		return a->device < b->device ? -1 : 1;
	return (a->inode > b->inode) - (a->inode < b->inode);
}

static void
free_link(void *node)
{
	struct hard_link *link = node;

	free(link->name);
	free(link);
}

int
hard_links_meet(struct hard_links *links, const struct stat *status, const char *name,
		const char **ret_first, struct error **err)
{
	struct hard_link sought = { .device = status->st_dev, .inode = status->st_ino };
	void *found = tfind(&sought, &links->root, compare);
	struct hard_link *link;

	*ret_first = found ? (*(struct hard_link **)found)->name : NULL;
	if (found)
		return 0;
	if (links->count >= PACK_HARD_LINKS_LIMIT_COUNT) {
		error_set(err, ERROR_CONTENT, "more than %d files have several names",
			  PACK_HARD_LINKS_LIMIT_COUNT);
		return error_set_class(err, CLASS_LIMIT);
	}
	link = XNEW(struct hard_link);
	*link = sought;
	link->name = xstrdup(name);
	if (!tsearch(link, &links->root, compare)) {
		free_link(link);
		return error_set(err, ERROR_FAILURE, "out of memory");
	}
	links->count++;
	return 0;
}

void
hard_links_release(struct hard_links *links)
{
	tdestroy(links->root, free_link);
	*links = (struct hard_links){ 0 };
}
