/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/format/tree_index.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/xalloc.h"

static bool
name_is_valid(const char *name, size_t size)
{
	if (size == 0 || size > 255 || memchr(name, '/', size) || memchr(name, '\0', size))
		return false;
	return !(size == 1 && name[0] == '.') && !(size == 2 && name[0] == '.' && name[1] == '.');
}

/* A clean path without "..". */
static bool
path_is_valid(const char *path, size_t size)
{
	const char *end = path + size;

	if (size == 0 || size >= PATH_LIMIT_BYTES)
		return false;
	for (unsigned depth = 0; depth < CACHE_DEPTH_LIMIT_COUNT; depth++) {
		const char *slash = memchr(path, '/', (size_t)(end - path));
		const char *name_end = slash ? slash : end;

		if (!name_is_valid(path, (size_t)(name_end - path)))
			return false;
		if (!slash)
			return true;
		path = slash + 1;
	}
	return false;
}

static int
compare_bytes(const char *a, size_t a_size, const char *b, size_t b_size)
{
	int order = memcmp(a, b, a_size < b_size ? a_size : b_size);

	return order != 0 ? order : (a_size > b_size) - (a_size < b_size);
}

/* The order of directories: by names, so that one is followed by what is in it. */
static int
compare_paths(const char *a, size_t a_size, const char *b, size_t b_size)
{
	size_t common = a_size < b_size ? a_size : b_size;
	size_t at = 0;

	while (at < common && a[at] == b[at])
		at++;
	if (at == common)
		return (a_size > b_size) - (a_size < b_size);
	if (a[at] == '/' || b[at] == '/')
		return a[at] == '/' ? -1 : 1;
	return (uint8_t)a[at] < (uint8_t)b[at] ? -1 : 1;
}

bool
chunk_refs_next(struct chunk_refs *refs, struct chunk_ref *ret_ref)
{
	if (refs->left == 0)
		return false;
	refs->left--;
	ret_ref->digest = wire_get_digest(&refs->reader);
	ret_ref->size_bytes = (uint32_t)wire_get_number(&refs->reader, CACHE_CHUNK_LIMIT_BYTES);
	return true;
}

void
tree_cursor_open(struct tree_cursor *cursor, const void *bytes, size_t size)
{
	*cursor = (struct tree_cursor){
		.reader = wire_reader_of(bytes, size),
		.directory = BUF_INIT(PATH_LIMIT_BYTES),
		.name = BUF_INIT(PATH_LIMIT_BYTES),
	};
}

void
tree_cursor_release(struct tree_cursor *cursor)
{
	free(cursor->root);
	buf_release(&cursor->directory);
	buf_release(&cursor->name);
	*cursor = (struct tree_cursor){ 0 };
}

static int
refuse(const struct tree_cursor *cursor, const char *what, struct error **err)
{
	error_set(err, ERROR_CONTENT, "invalid cache index: entry %llu %s",
		  (unsigned long long)cursor->entry_count, what);
	return error_set_class(err, CLASS_INDEX);
}

static void
keep(struct buf *buf, const char *bytes, size_t size)
{
	AUTO_ERROR struct error *ignored = NULL;

	buf_clear(buf);
	(void)!buf_append(buf, bytes, size, &ignored);
}

static int
read_root(struct tree_cursor *cursor, struct tree_entry *entry, struct error **err)
{
	AUTO_FREE char *label = NULL;

	entry->text = wire_get_text(&cursor->reader, PATH_LIMIT_BYTES - 1, &entry->text_size);
	label = xstrndup(entry->text, entry->text_size);
	if (entry->text_size == 0)
		return refuse(cursor, "has no label", err);
	if (cursor->root && strcmp(cursor->root, label) >= 0)
		return refuse(cursor, "is a root out of order", err);
	if (cursor->bundle_offset != cursor->bundle_bytes)
		return refuse(cursor, "follows a bundle that is not used up", err);
	cursor->bundle_bytes = cursor->bundle_offset = 0;
	free(cursor->root);
	cursor->root = TAKE_PTR(label);
	cursor->has_directory = false;
	return 0;
}

/* "" is above all paths, "a" above "a" and "a/b". */
static bool
is_at_or_above(const char *path, size_t size, const struct buf *below)
{
	if (size == 0)
		return true;
	return below->size >= size && memcmp(path, below->data, size) == 0 &&
	       (below->size == size || below->data[size] == '/');
}

static int
check_directory(const struct tree_cursor *cursor, const struct tree_entry *entry,
		struct error **err)
{
	size_t parent_size = entry->text_size;

	if (!cursor->root)
		return refuse(cursor, "is outside of a root", err);
	if (!cursor->has_directory)
		return entry->text_size == 0 ? 0 : refuse(cursor, "comes before its parent", err);
	if (!path_is_valid(entry->text, entry->text_size))
		return refuse(cursor, "has a path that is not allowed", err);
	while (parent_size > 0 && entry->text[parent_size] != '/')
		parent_size--;
	if (!is_at_or_above(entry->text, parent_size, &cursor->directory))
		return refuse(cursor, "comes before its parent", err);
	if (compare_paths(cursor->directory.data ? cursor->directory.data : "",
			  cursor->directory.size, entry->text, entry->text_size) >= 0)
		return refuse(cursor, "is a directory out of order", err);
	return 0;
}

static void
read_mtime(struct tree_cursor *cursor, struct tree_entry *entry)
{
	entry->mtime.tv_sec = wire_get_signed(&cursor->reader);
	entry->mtime.tv_nsec = (long)wire_get_number(&cursor->reader, 999999999);
}

/* Skips the chunks and sums their bytes. */
static int
read_chunks(struct tree_cursor *cursor, struct tree_entry *entry, uint64_t *ret_bytes,
	    struct error **err)
{
	uint64_t count = wire_get_number(&cursor->reader, CACHE_STREAM_LIMIT_BYTES);
	struct wire_reader start;
	struct chunk_ref ref;

	entry->chunks = (struct chunk_refs){ cursor->reader, count };
	*ret_bytes = 0;
	while (!entry->chunks.reader.failed && chunk_refs_next(&entry->chunks, &ref)) {
		if (ref.size_bytes == 0 && !entry->chunks.reader.failed)
			return refuse(cursor, "has an empty chunk", err);
		*ret_bytes += ref.size_bytes;
	}
	start = cursor->reader;
	cursor->reader = entry->chunks.reader;
	entry->chunks = (struct chunk_refs){ start, count };
	return 0;
}

static int
read_file(struct tree_cursor *cursor, struct tree_entry *entry, struct error **err)
{
	uint64_t chunk_bytes;

	entry->mode = (unsigned)wire_get_number(&cursor->reader, 0777);
	read_mtime(cursor, entry);
	entry->size_bytes = wire_get_number(&cursor->reader, INT64_MAX);
	if (entry->kind == ENTRY_SMALL) {
		entry->offset = cursor->bundle_offset;
		if (entry->size_bytes > cursor->bundle_bytes - cursor->bundle_offset)
			return refuse(cursor, "goes beyond its bundle", err);
		cursor->bundle_offset += entry->size_bytes;
	} else {
		if (read_chunks(cursor, entry, &chunk_bytes, err) < 0)
			return -1;
		if (chunk_bytes != entry->size_bytes && !cursor->reader.failed)
			return refuse(cursor, "has chunks of another size", err);
	}
	if (entry->size_bytes > LAYER_UNPACKED_LIMIT_BYTES - cursor->total_bytes)
		return refuse(cursor, "goes beyond 1 TiB", err);
	cursor->total_bytes += entry->size_bytes;
	return 0;
}

static int
read_named(struct tree_cursor *cursor, struct tree_entry *entry, struct error **err)
{
	entry->text = wire_get_text(&cursor->reader, 255, &entry->text_size);
	if (cursor->reader.failed)
		return 0;
	if (!cursor->has_directory)
		return refuse(cursor, "is outside of a directory", err);
	if (!name_is_valid(entry->text, entry->text_size))
		return refuse(cursor, "has a name that is not allowed", err);
	if (cursor->name.size > 0 &&
	    compare_bytes(cursor->name.data, cursor->name.size, entry->text, entry->text_size) >= 0)
		return refuse(cursor, "is a name out of order", err);
	keep(&cursor->name, entry->text, entry->text_size);
	if (entry->kind != ENTRY_HARD_LINK && entry->kind != ENTRY_SYMLINK)
		return read_file(cursor, entry, err);
	if (entry->kind == ENTRY_SYMLINK)
		read_mtime(cursor, entry);
	entry->target = wire_get_text(&cursor->reader, PATH_LIMIT_BYTES - 1, &entry->target_size);
	if (cursor->reader.failed)
		return 0;
	if (entry->kind == ENTRY_SYMLINK ? entry->target_size == 0
					 : !path_is_valid(entry->target, entry->target_size))
		return refuse(cursor, "has a link's target that is not allowed", err);
	return 0;
}

static int
read_entry(struct tree_cursor *cursor, struct tree_entry *entry, struct error **err)
{
	switch (entry->kind) {
	case ENTRY_ROOT:
		return read_root(cursor, entry, err);
	case ENTRY_DIRECTORY:
		entry->text =
			wire_get_text(&cursor->reader, PATH_LIMIT_BYTES - 1, &entry->text_size);
		entry->mode = (unsigned)wire_get_number(&cursor->reader, 0777);
		read_mtime(cursor, entry);
		if (cursor->reader.failed)
			return 0; /* set by the caller */
		if (check_directory(cursor, entry, err) < 0)
			return -1;
		cursor->has_directory = true;
		keep(&cursor->directory, entry->text, entry->text_size);
		buf_clear(&cursor->name);
		return 0;
	case ENTRY_BUNDLE:
		if (read_chunks(cursor, entry, &entry->size_bytes, err) < 0)
			return -1;
		if (!cursor->has_directory)
			return refuse(cursor, "is outside of a directory", err);
		if (cursor->bundle_offset != cursor->bundle_bytes)
			return refuse(cursor, "follows a bundle that is not used up", err);
		cursor->bundle_bytes = entry->size_bytes;
		cursor->bundle_offset = 0;
		return 0;
	case ENTRY_SMALL:
	case ENTRY_FILE:
	case ENTRY_EXECUTABLE:
	case ENTRY_HARD_LINK:
	case ENTRY_SYMLINK:
		return read_named(cursor, entry, err);
	}
	return refuse(cursor, "is of an unknown kind", err);
}

int
tree_cursor_next(struct tree_cursor *cursor, struct tree_entry *ret_entry, bool *ret_end,
		 struct error **err)
{
	struct tree_entry entry = { 0 };

	*ret_end = wire_at_end(&cursor->reader);
	if (*ret_end)
		return cursor->bundle_offset == cursor->bundle_bytes
			       ? 0
			       : refuse(cursor, "is missing: a bundle is not used up", err);
	if (cursor->entry_count == CACHE_ENTRIES_LIMIT_COUNT)
		return refuse(cursor, "is one too many", err);
	entry.kind = (enum tree_entry_kind) * cursor->reader.at++;
	if (read_entry(cursor, &entry, err) < 0)
		return -1;
	if (cursor->reader.failed)
		return refuse(cursor, "is cut short or damaged", err);
	cursor->entry_count++;
	*ret_entry = entry;
	return 0;
}

static void
put_mtime(struct wire_writer *writer, const struct tree_entry *entry)
{
	wire_put_signed(writer, entry->mtime.tv_sec);
	wire_put_number(writer, (uint64_t)entry->mtime.tv_nsec);
}

void
tree_index_put(struct wire_writer *writer, const struct tree_entry *entry)
{
	uint8_t kind = (uint8_t)entry->kind;

	wire_put_bytes(writer, &kind, 1);
	if (entry->kind == ENTRY_BUNDLE)
		return;
	wire_put_text(writer, entry->text, entry->text_size);
	if (entry->kind == ENTRY_ROOT)
		return;
	if (entry->kind == ENTRY_HARD_LINK || entry->kind == ENTRY_SYMLINK) {
		if (entry->kind == ENTRY_SYMLINK)
			put_mtime(writer, entry);
		wire_put_text(writer, entry->target, entry->target_size);
		return;
	}
	wire_put_number(writer, entry->mode);
	put_mtime(writer, entry);
	if (entry->kind != ENTRY_DIRECTORY)
		wire_put_number(writer, entry->size_bytes);
}

void
tree_index_put_chunks(struct wire_writer *writer, const struct chunk_ref *refs, size_t count)
{
	wire_put_number(writer, count);
	for (size_t i = 0; i < count; i++) {
		wire_put_digest(writer, &refs[i].digest);
		wire_put_number(writer, refs[i].size_bytes);
	}
}
