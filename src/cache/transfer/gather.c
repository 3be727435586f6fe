/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/transfer/gather.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/compat.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "cache/transfer/pack_writer.h"
#include "cache/tree/journal.h"
#include "cache/tree/parts.h"

/* Directories with this many names in their path have bundles of their own: a change in `deps` then
 * leaves those of `build` unchanged. */
enum { BUNDLE_DEPTH = 2, READ_BYTES = 1 << 20 };

/* Bytes to be cut into chunks; at most one chunk and one read. */
struct cutting {
	struct pack_writer *writer;
	uint8_t *bytes;
	size_t size;
};

static int
cut(struct cutting *cutting, bool at_end, struct error **err)
{
	size_t done = 0;

	while (cutting->size - done >= content_chunks.most || (at_end && done < cutting->size)) {
		size_t size =
			chunk_cut(&content_chunks, cutting->bytes + done, cutting->size - done);

		if (pack_writer_add(cutting->writer, cutting->bytes + done, size, err) < 0)
			return -1;
		done += size;
	}
	memmove(cutting->bytes, cutting->bytes + done, cutting->size - done);
	cutting->size -= done;
	return 0;
}

static struct pack_writer *
writer_of(const struct gathering *gathering, uint32_t entry)
{
	return gathering->scan->entries[entry].kind == ENTRY_EXECUTABLE ? gathering->executables
									: gathering->writer;
}

static struct gathered *
add_item(struct gathering *gathering, uint32_t entry)
{
	struct gathered *item;

	gathering->items = xgrow(gathering->items, gathering->count, sizeof(*gathering->items));
	item = &gathering->items[gathering->count++];
	*item = (struct gathered){ .entry = entry,
				   .first = pack_writer_count(writer_of(gathering, entry)) };
	return item;
}

static struct place_hash
place_of(const struct tree_scan *scan, const struct scanned *entry)
{
	const char *label = scan->roots->items[entry->root].label;
	const char *directory = scanned_text(scan, &scan->entries[entry->directory]);
	const char *name = scanned_text(scan, entry);

	return place_hash_of(label, strlen(label), directory, strlen(directory), name,
			     strlen(name));
}

/* Marks a part as torn if a file was not as scanned. */
static void
leave_out(struct gathering *gathering, struct scanned *entry)
{
	struct part *part = parts_of(gathering->parts, (size_t)(entry - gathering->scan->entries));

	tree_scan_leave_out(gathering->scan, entry);
	gathering->changed_count++;
	if (part)
		part->is_torn = true;
}

/* Whether an open file is the scanned one, unchanged. */
static bool
is_as_scanned(const struct scanned *entry, int fd)
{
	struct file_stamp stamp;
	struct stat info;

	if (fstat(fd, &info) < 0 || !S_ISREG(info.st_mode))
		return false;
	stamp = file_stamp_of(&info);
	return file_stamp_equal(&stamp, &entry->stamp);
}

/* *ret_fd -1: it is gone or replaced, and left out.  A file that cannot be opened is an error,
 * because it would be missing silently. */
static int
open_entry(struct gathering *gathering, struct scanned *entry, int *ret_fd, struct error **err)
{
	AUTO_CLOSE int fd = scanned_open(gathering->scan, entry);

	if (fd < 0 && errno != ENOENT && !errno_is_link(errno) && errno != ENOTDIR) {
		int errnum = errno;
		AUTO_FREE char *path = scanned_path(gathering->scan, entry);

		return error_set_path(err, errnum, "open", path);
	}
	if (fd < 0 || !is_as_scanned(entry, fd))
		leave_out(gathering, entry);
	else
		*ret_fd = TAKE_FD(fd);
	return 0;
}

static int
read_some(int fd, void *bytes, size_t size, size_t *ret_size, struct error **err)
{
	ssize_t got = fd_read_full(fd, bytes, size);

	if (got < 0)
		return error_set_errno(err, errno, "cannot read a file");
	*ret_size = (size_t)got;
	return 0;
}

/* Stops reading a file as soon as it is longer than when it was scanned. */
static int
read_file(struct gathering *gathering, struct cutting *cutting, const struct scanned *entry, int fd,
	  struct error **err)
{
	uint64_t left = entry->stamp.size_bytes;
	size_t size = 0;

	cutting->size = 0;
	do {
		if (read_some(fd, cutting->bytes + cutting->size, READ_BYTES, &size, err) < 0)
			return -1;
		if (size > left)
			break;
		left -= size;
		cutting->size += size;
		gathering->read_bytes += size;
		if (cut(cutting, size < READ_BYTES, err) < 0)
			return -1;
	} while (size == READ_BYTES);
	return 0;
}

static int
gather_file(struct gathering *gathering, struct cutting *cutting, uint32_t number,
	    struct error **err)
{
	struct scanned *entry = &gathering->scan->entries[number];
	struct gathered *item = add_item(gathering, number);
	AUTO_CLOSE int fd = -1;

	if (entry->stamp.size_bytes == 0)
		return 0;
	if (journal_knows(gathering->journal, gathering->scan, entry)) {
		struct place_hash place = place_of(gathering->scan, entry);

		item->reused = parent_find(gathering->parent, &place);
		if (item->reused && item->reused->size_bytes == entry->stamp.size_bytes &&
		    item->reused->is_executable == (entry->kind == ENTRY_EXECUTABLE))
			return 0;
		item->reused = NULL;
	}
	if (open_entry(gathering, entry, &fd, err) < 0)
		return -1;
	if (fd < 0)
		return 0;
	cutting->writer = writer_of(gathering, number);
	if (read_file(gathering, cutting, entry, fd, err) < 0)
		return -1;
	item->count = pack_writer_count(cutting->writer) - item->first;
	if (!is_as_scanned(entry, fd))
		leave_out(gathering, entry);
	return 0;
}

/* The whole file or nothing. */
static int
append_small(struct gathering *gathering, struct cutting *cutting, struct scanned *entry,
	     struct error **err)
{
	uint8_t *bytes = cutting->bytes + cutting->size;
	AUTO_CLOSE int fd = -1;
	size_t size = 0;

	if (open_entry(gathering, entry, &fd, err) < 0)
		return -1;
	if (fd < 0)
		return 0;
	if (read_some(fd, bytes, entry->stamp.size_bytes, &size, err) < 0)
		return -1;
	if (size != entry->stamp.size_bytes || !is_as_scanned(entry, fd)) {
		leave_out(gathering, entry);
		return 0;
	}
	cutting->size += size;
	gathering->read_bytes += size;
	return cut(cutting, false, err);
}

static bool
begins_bundle(const struct tree_scan *scan, const struct scanned *entry)
{
	const char *path = scanned_text(scan, entry);
	unsigned slashes = 0;

	if (entry->kind == ENTRY_ROOT)
		return true;
	if (entry->kind != ENTRY_DIRECTORY)
		return false;
	for (; *path; path++)
		slashes += *path == '/';
	return slashes < BUNDLE_DEPTH;
}

static uint32_t
bundle_end(const struct tree_scan *scan, uint32_t first)
{
	uint32_t end = first + 1;

	while (end < scan->count && !begins_bundle(scan, &scan->entries[end]))
		end++;
	return end;
}

/* Whether the bundle has the same files in the same order, all unchanged. */
static const struct parent_content *
find_bundle(const struct gathering *gathering, uint32_t first, uint32_t end)
{
	const struct tree_scan *scan = gathering->scan;
	struct bundle_hash hash = { 0 };
	struct place_hash bundle;
	bool is_known = true;

	for (uint32_t i = first; i < end && is_known; i++) {
		const struct scanned *entry = &scan->entries[i];
		struct place_hash place;

		if (entry->kind != ENTRY_SMALL || entry->left_out)
			continue;
		place = place_of(scan, entry);
		is_known = journal_knows(gathering->journal, scan, entry);
		bundle_hash_add(&hash, &place, entry->stamp.size_bytes);
	}
	bundle = bundle_hash_finish(&hash);
	return is_known ? parent_find(gathering->parent, &bundle) : NULL;
}

static bool
has_small(const struct tree_scan *scan, uint32_t first, uint32_t end)
{
	for (; first < end; first++)
		if (scan->entries[first].kind == ENTRY_SMALL && !scan->entries[first].left_out)
			return true;
	return false;
}

static int
gather_bundle(struct gathering *gathering, struct cutting *cutting, uint32_t first,
	      struct error **err)
{
	struct tree_scan *scan = gathering->scan;
	uint32_t end = bundle_end(scan, first);
	struct gathered *item;

	if (!has_small(scan, first, end))
		return 0;
	item = add_item(gathering, first);
	item->reused = find_bundle(gathering, first, end);
	if (item->reused)
		return 0;
	cutting->size = 0;
	cutting->writer = gathering->writer;
	for (uint32_t i = first; i < end; i++)
		if (scan->entries[i].kind == ENTRY_SMALL && !scan->entries[i].left_out &&
		    append_small(gathering, cutting, &scan->entries[i], err) < 0)
			return -1;
	if (cut(cutting, true, err) < 0)
		return -1;
	item->count = pack_writer_count(gathering->writer) - item->first;
	return 0;
}

/* A hard link needs its file, which was left out. */
static void
leave_out_links(struct gathering *gathering)
{
	struct tree_scan *scan = gathering->scan;
	AUTO_STRINGS struct strings gone = { 0 };

	for (size_t i = 0; i < scan->count; i++) {
		struct scanned *entry = &scan->entries[i];

		if (entry->kind == ENTRY_ROOT)
			strings_release(&gone);
		else if (entry->left_out && entry->has_links)
			strings_take(&gone, scanned_path(scan, entry));
		else if (entry->kind == ENTRY_HARD_LINK)
			entry->left_out = strings_has(&gone, scan->texts.data + entry->target);
	}
}

int
gather(struct gathering *gathering, struct error **err)
{
	struct tree_scan *scan = gathering->scan;
	AUTO_FREE uint8_t *bytes = xcalloc(1, content_chunks.most + READ_BYTES);
	struct cutting cutting = { .bytes = bytes };

	for (uint32_t i = 0; i < scan->count; i++) {
		struct scanned *entry = &scan->entries[i];

		if (entry->kind == ENTRY_DIRECTORY && begins_bundle(scan, entry) &&
		    gather_bundle(gathering, &cutting, i, err) < 0)
			return -1;
		if ((entry->kind == ENTRY_FILE || entry->kind == ENTRY_EXECUTABLE) &&
		    !entry->left_out && gather_file(gathering, &cutting, i, err) < 0)
			return -1;
		if (!entry->left_out && entry->stamp.mtime_ns > (int64_t)gathering->newest_ns)
			gathering->newest_ns = (uint64_t)entry->stamp.mtime_ns;
	}
	leave_out_links(gathering);
	return 0;
}

static void
put_content(const struct gathering *gathering, const struct gathered *item,
	    struct wire_writer *index)
{
	struct chunk_refs chunks;
	struct chunk_ref ref;

	if (!item->reused) {
		tree_index_put_chunks(
			index, pack_writer_chunks(writer_of(gathering, item->entry)) + item->first,
			item->count);
		return;
	}
	chunks = item->reused->chunks;
	wire_put_number(index, chunks.left);
	while (chunk_refs_next(&chunks, &ref)) {
		wire_put_digest(index, &ref.digest);
		wire_put_number(index, ref.size_bytes);
	}
}

static void
put_entry(const struct gathering *gathering, const struct scanned *scanned,
	  struct wire_writer *index)
{
	const struct tree_scan *scan = gathering->scan;
	struct tree_entry entry = {
		.kind = scanned->kind,
		.text = scanned_text(scan, scanned),
		.text_size = strlen(scanned_text(scan, scanned)),
		.target = scan->texts.data + scanned->target,
		.mode = scanned->mode,
		.mtime = { .tv_sec = scanned->stamp.mtime_ns / 1000000000,
			   .tv_nsec = (long)(scanned->stamp.mtime_ns % 1000000000) },
		.size_bytes = scanned->stamp.size_bytes,
	};

	entry.target_size = strlen(entry.target);
	if (entry.mtime.tv_nsec < 0) {
		entry.mtime.tv_nsec += 1000000000;
		entry.mtime.tv_sec--;
	}
	tree_index_put(index, &entry);
}

int
gather_index(const struct gathering *gathering, struct wire_writer *index, struct error **err)
{
	const struct tree_scan *scan = gathering->scan;
	const struct gathered *item = gathering->items;
	const struct gathered *end = item + gathering->count;
	static const struct tree_entry bundle = { .kind = ENTRY_BUNDLE };

	for (uint32_t i = 0; i < scan->count; i++) {
		const struct scanned *entry = &scan->entries[i];
		bool has_item = item < end && item->entry == i;

		if (!entry->left_out)
			put_entry(gathering, entry, index);
		if (has_item && entry->kind == ENTRY_DIRECTORY)
			tree_index_put(index, &bundle);
		if (has_item && !entry->left_out)
			put_content(gathering, item, index);
		item += has_item;
	}
	if (!index->is_full)
		return 0;
	error_set(err, ERROR_CONTENT, "cannot save so many files: the index has more than 64 MiB");
	return error_set_class(err, CLASS_LIMIT);
}

void
gathering_release(struct gathering *gathering)
{
	free(gathering->items);
	*gathering = (struct gathering){ 0 };
}
