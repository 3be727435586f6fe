/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/tree/parts.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/strings.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "cache/tree/filter.h"
#include "cache/tree/tree_scan.h"

static enum tree_choice
take(void *context, size_t root, const char *path, const struct stat *info)
{
	(void)context;
	(void)root;
	(void)path;
	(void)info;
	return TREE_TAKE;
}

static char *
name_file(void *context, size_t root, const char *path, bool is_directory)
{
	(void)context;
	return is_directory ? NULL : xasprintf("%zu %s", root, path);
}

const struct tree_filter parts_are_files = { .choose = take, .part = name_file };

static const char magic[] = "ocifp-cache-use 1\n";

/* As restore writes it: see times_of() of tree_writer.c. */
static const int64_t unread_ns = 1000000000;

struct named {
	char *name;
	uint32_t entry;
	bool is_obsolete;
};

static int
compare_named(const void *a, const void *b)
{
	return strcmp(((const struct named *)a)->name, ((const struct named *)b)->name);
}

static void
add_entry(struct part *part, const struct scanned *entry)
{
	const struct file_stamp *stamp = &entry->stamp;
	int64_t used_ns = entry->atime_ns > stamp->mtime_ns ? entry->atime_ns : stamp->mtime_ns;

	if (!scanned_is_file(entry) && entry->kind != ENTRY_HARD_LINK)
		return;
	if (entry->atime_ns != stamp->mtime_ns - unread_ns)
		part->is_unused = false;
	if (used_ns > part->used_ns)
		part->used_ns = used_ns;
}

/* Assigns each entry that the filter names to its part. */
static size_t
list_names(const struct tree_scan *scan, const struct tree_filter *filter, struct named *named)
{
	size_t count = 0;

	for (uint32_t i = 0; i < scan->count; i++) {
		const struct scanned *entry = &scan->entries[i];
		AUTO_FREE char *path = NULL;
		char *name;

		if (entry->kind == ENTRY_ROOT)
			continue;
		path = scanned_path(scan, entry);
		name = filter->part(filter->context, entry->root, path,
				    entry->kind == ENTRY_DIRECTORY);
		if (!name)
			continue;
		named[count++] = (struct named){ name, i,
						 filter->is_obsolete &&
							 filter->is_obsolete(filter->context,
									     entry->root, path) };
	}
	if (count > 0)
		qsort(named, count, sizeof(*named), compare_named);
	return count;
}

void
parts_make(const struct tree_scan *scan, const struct tree_filter *filter, struct parts *ret_parts)
{
	struct parts parts = { 0 };
	AUTO_FREE struct named *named = NULL;
	size_t count;

	if (!filter || !filter->part) {
		*ret_parts = parts;
		return;
	}
	named = xcalloc(scan->count + 1, sizeof(*named));
	count = list_names(scan, filter, named);
	parts.items = xcalloc(count + 1, sizeof(*parts.items));
	parts.of_entry = xcalloc(scan->count + 1, sizeof(*parts.of_entry));
	for (size_t i = 0; i < count; i++) {
		struct part *last = parts.count > 0 ? &parts.items[parts.count - 1] : NULL;

		if (last && strcmp(last->name, named[i].name) == 0) {
			free(named[i].name);
		} else {
			last = &parts.items[parts.count++];
			*last = (struct part){ .name = named[i].name, .is_unused = true };
		}
		last->is_obsolete |= named[i].is_obsolete;
		parts.of_entry[named[i].entry] = (uint32_t)parts.count;
		add_entry(last, &scan->entries[named[i].entry]);
	}
	for (size_t i = 0; filter->counts_use && i < scan->roots->count && !parts.can_tell; i++)
		parts.can_tell = parts_can_tell(scan->roots->items[i].directory);
	*ret_parts = parts;
}

struct part *
parts_of(const struct parts *parts, size_t entry)
{
	uint32_t number = parts->of_entry ? parts->of_entry[entry] : 0;

	return number > 0 ? &parts->items[number - 1] : NULL;
}

static int
compare_name(const void *name, const void *part)
{
	return strcmp(name, ((const struct part *)part)->name);
}

static struct part *
find(const struct parts *parts, const char *name)
{
	return parts->count == 0 ? NULL
				 : bsearch(name, parts->items, parts->count, sizeof(*parts->items),
					   compare_name);
}

void
parts_count_use(struct parts *parts, const struct buf *before)
{
	const char *at = before->size > 0 ? before->data : "";

	if (!parts->can_tell)
		return;
	for (size_t i = 0; i < parts->count; i++)
		parts->items[i].unused_count = parts->items[i].is_unused;
	if (strlen(at) != before->size || !text_starts(at, magic))
		return;
	for (at += strlen(magic); *at; at += strcspn(at, "\n"), at += *at == '\n') {
		AUTO_FREE char *line = xstrndup(at, strcspn(at, "\n"));
		char *space = strchr(line, ' ');
		struct part *part = space ? find(parts, space + 1) : NULL;

		/* One digit: a part with a larger count was dropped. */
		if (part && space == line + 1 && *line >= '1' && *line <= '9' && part->is_unused)
			part->unused_count = (unsigned)(*line - '0') + 1;
	}
}

int
parts_write_use(const struct parts *parts, struct buf *ret_use, struct error **err)
{
	if (!parts->can_tell)
		return 0;
	if (buf_append_text(ret_use, magic, err) < 0)
		return -1;
	for (size_t i = 0; i < parts->count; i++) {
		const struct part *part = &parts->items[i];
		AUTO_FREE char *line = NULL;

		if (part->unused_count == 0 || part->is_dropped)
			continue;
		line = xasprintf("%u %s\n", part->unused_count, part->name);
		if (buf_append_text(ret_use, line, err) < 0)
			return -1;
	}
	return 0;
}

size_t
parts_drop_named(struct parts *parts, const struct strings *names)
{
	size_t count = 0;

	for (size_t i = 0; i < names->count; i++) {
		struct part *part = find(parts, names->items[i]);

		if (part && !part->is_dropped)
			count++;
		if (part)
			part->is_dropped = true;
	}
	return count;
}

size_t
parts_drop_unused(struct parts *parts)
{
	size_t count = 0;

	for (size_t i = 0; i < parts->count; i++) {
		struct part *part = &parts->items[i];
		bool is_old = part->unused_count > PART_UNUSED_LIMIT_COUNT;

		if (part->is_dropped ||
		    !(is_old || (part->is_obsolete && (!parts->can_tell || part->is_unused))))
			continue;
		part->is_dropped = true;
		count++;
	}
	return count;
}

static int
least_used_first(const void *a, const void *b)
{
	const struct part *left = *(const struct part *const *)a;
	const struct part *right = *(const struct part *const *)b;

	if (left->unused_count != right->unused_count)
		return left->unused_count > right->unused_count ? -1 : 1;
	if (left->used_ns != right->used_ns)
		return left->used_ns < right->used_ns ? -1 : 1;
	return strcmp(left->name, right->name);
}

bool
parts_choose(const struct parts *parts, uint64_t bytes, struct strings *names)
{
	AUTO_FREE struct part **order = xcalloc(parts->count + 1, sizeof(struct part *));
	uint64_t found_bytes = 0;
	size_t count = 0;

	for (size_t i = 0; i < parts->count; i++)
		if (!parts->items[i].is_dropped)
			order[count++] = &parts->items[i];
	qsort(order, count, sizeof(struct part *), least_used_first);
	for (size_t i = 0; i < count && found_bytes < bytes; i++) {
		found_bytes += order[i]->packed_bytes;
		strings_add(names, order[i]->name);
	}
	return found_bytes >= bytes;
}

void
parts_leave_out(const struct parts *parts, struct tree_scan *scan)
{
	for (size_t i = 0; i < scan->count; i++) {
		const struct part *part = parts_of(parts, i);

		if (part && part->is_dropped)
			tree_scan_leave_out(scan, &scan->entries[i]);
	}
}

void
parts_release(struct parts *parts)
{
	for (size_t i = 0; i < parts->count; i++)
		free(parts->items[i].name);
	free(parts->items);
	free(parts->of_entry);
	*parts = (struct parts){ 0 };
}

/* An unnamed file does not change the directory's own time. */
bool
parts_can_tell(const char *directory)
{
#ifdef O_TMPFILE
	AUTO_CLOSE int fd = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	struct timespec times[2] = { { 0 } };
	struct stat before;
	struct stat after;
	char byte = 0;

	if (fd < 0 || write(fd, "x", 1) != 1 || fstat(fd, &before) < 0)
		return false;
	times[0].tv_sec = before.st_mtim.tv_sec - 1;
	times[1] = before.st_mtim;
	return futimens(fd, times) == 0 && pread(fd, &byte, 1, 0) == 1 && fstat(fd, &after) == 0 &&
	       after.st_atim.tv_sec != times[0].tv_sec;
#else
	(void)directory;
	return false;
#endif
}
