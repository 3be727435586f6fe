/* SPDX-License-Identifier: Apache-2.0 */
#include "layer/tree_record.h"

#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/xalloc.h"

static const char what[] = "the record beside the tree";
static const char implied[] = "implied ";
static const char whiteout[] = "whiteout ";

void
tree_record_init(struct tree_record *record, int fd)
{
	*record = (struct tree_record){ .fd = fd, .pending = BUF_INIT(256 * KIB) };
}

static int
add(struct tree_record *record, const char *line, struct error **err)
{
	size_t size = strlen(line) + 1;

	if (record->pending.size + size > record->pending.limit &&
	    tree_record_flush(record, err) < 0)
		return -1;
	return buf_append(&record->pending, line, size, err);
}

int
tree_record_owner(struct tree_record *record, uint32_t uid, uint32_t gid, const char *path,
		  struct error **err)
{
	AUTO_FREE char *line = NULL;

	if (record->fd < 0)
		return 0;
	line = xasprintf("owner %" PRIu32 " %" PRIu32 " %s", uid, gid, path);
	return add(record, line, err);
}

static int
add_path(struct tree_record *record, const char *kind, const char *path, struct error **err)
{
	AUTO_FREE char *line = NULL;

	if (record->fd < 0)
		return 0;
	line = xasprintf("%s%s", kind, path);
	return add(record, line, err);
}

int
tree_record_implied(struct tree_record *record, const char *path, struct error **err)
{
	return add_path(record, implied, path, err);
}

int
tree_record_whiteout(struct tree_record *record, const char *path, struct error **err)
{
	return add_path(record, whiteout, path, err);
}

int
tree_record_flush(struct tree_record *record, struct error **err)
{
	if (record->pending.size == 0)
		return 0;
	if (fd_write_all(record->fd, record->pending.data, record->pending.size, what, err) < 0)
		return -1;
	buf_clear(&record->pending);
	return 0;
}

void
tree_record_release(struct tree_record *record)
{
	buf_release(&record->pending);
}

static int
read_line(const char *line, tree_record_visit *visit, void *context, struct error **err)
{
	const char *path = NULL;

	if (text_starts(line, implied))
		return visit(context, 'i', line + strlen(implied), err);
	if (text_starts(line, whiteout))
		return visit(context, 'w', line + strlen(whiteout), err);
	if (text_starts(line, "owner "))
		path = strchr(line + strlen("owner "), ' ');
	path = path ? strchr(path + 1, ' ') : NULL;
	return path ? visit(context, 'o', path + 1, err)
		    : error_set(err, ERROR_LOCAL, "%s is damaged", what);
}

int
tree_record_read(const struct buf *bytes, tree_record_visit *visit, void *context,
		 struct error **err)
{
	for (size_t at = 0; at < bytes->size; at += strlen(bytes->data + at) + 1)
		if (read_line(bytes->data + at, visit, context, err) < 0)
			return -1;
	return 0;
}
