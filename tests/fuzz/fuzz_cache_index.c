/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of a cache's index: what the first byte says, T for the tree, C for the table of
 * chunks, K for the record of the key, U for the use of parts, P for the content of the head, A for
 * an answer of the confined helper, anything else for the head as it came. */
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/strings.h"
#include "cache/format/index_head.h"
#include "cache/format/tree_index.h"
#include "cache/key/key_record.h"
#include "cache/tree/index_parts.h"
#include "cache/tree/parts.h"
#include "fuzz.h"
#include "sandbox/channel.h"

static void
check_name(const struct tree_entry *entry)
{
	INSIST(entry->text_size > 0 && !memchr(entry->text, '/', entry->text_size) &&
	       !memchr(entry->text, '\0', entry->text_size));
	INSIST(entry->text_size != 1 || entry->text[0] != '.');
	INSIST(entry->text_size != 2 || memcmp(entry->text, "..", 2) != 0);
}

static void
check_entry(struct tree_entry *entry)
{
	struct chunk_ref ref;
	uint64_t bytes = 0;

	INSIST(entry->mode <= 0777);
	INSIST(entry->mtime.tv_nsec >= 0 && entry->mtime.tv_nsec < 1000000000);
	if (entry->kind == ENTRY_DIRECTORY)
		INSIST(entry->text_size == 0 || entry->text[0] != '/');
	else if (entry->kind != ENTRY_ROOT && entry->kind != ENTRY_BUNDLE)
		check_name(entry);
	if (entry->kind != ENTRY_FILE && entry->kind != ENTRY_EXECUTABLE &&
	    entry->kind != ENTRY_BUNDLE)
		return;
	while (chunk_refs_next(&entry->chunks, &ref)) {
		INSIST(ref.size_bytes > 0 && ref.size_bytes <= CACHE_CHUNK_LIMIT_BYTES);
		bytes += ref.size_bytes;
	}
	INSIST(bytes == entry->size_bytes);
}

static void
read_tree(const uint8_t *data, size_t size)
{
	AUTO_TREE_CURSOR struct tree_cursor cursor;
	AUTO_ERROR struct error *err = NULL;
	struct tree_entry entry;
	bool ended = false;

	tree_cursor_open(&cursor, data, size);
	while (tree_cursor_next(&cursor, &entry, &ended, &err) == 0 && !ended)
		check_entry(&entry);
	INSIST(ended || IS_REFUSED(err));
}

static void
read_table(const uint8_t *data, size_t size)
{
	AUTO_CHUNK_TABLE struct chunk_table table = { 0 };
	AUTO_ERROR struct error *err = NULL;
	struct wire_writer writer = { .buf = BUF_INIT(CACHE_STREAM_LIMIT_BYTES) };

	if (chunk_table_parse(data, size, &table, &err) < 0) {
		INSIST(IS_REFUSED(err));
		return;
	}
	for (size_t i = 0; i < table.pack_count; i++) {
		INSIST(table.packs[i].size_bytes <= CACHE_PACK_LIMIT_BYTES);
		chunk_table_put(&writer, &table, i);
	}
	INSIST(writer.buf.size == size && (size == 0 || memcmp(writer.buf.data, data, size) == 0));
	for (size_t i = 0; i < table.chunk_count; i++)
		INSIST(chunk_table_find(&table, &table.chunks[i].digest));
	buf_release(&writer.buf);
}

static void
read_record(const uint8_t *data, size_t size)
{
	AUTO_BUF struct buf before = BUF_INIT(CACHE_RECORD_LIMIT_BYTES);
	AUTO_BUF struct buf after = BUF_INIT(CACHE_RECORD_LIMIT_BYTES);
	AUTO_STRINGS struct strings differences = { 0 };
	AUTO_ERROR struct error *err = NULL;

	if (buf_append(&before, data, size, &err) < 0)
		return;
	INSIST(buf_append_text(&after,
			       "ocifp-cache-record 1\nfile a 0123\npackage a b 1\nvariant x\n",
			       &err) == 0);
	if (cache_record_compare(&before, &after, &differences, &err) < 0)
		INSIST(IS_REFUSED(err));
	for (size_t i = 0; i < differences.count; i++)
		for (const char *at = differences.items[i]; *at; at++)
			INSIST((unsigned char)*at >= ' ');
}

static void
read_use(const uint8_t *data, size_t size)
{
	struct part items[] = { { .name = (char *)(uintptr_t) "a", .is_unused = true },
				{ .name = (char *)(uintptr_t) "b" } };
	struct parts parts = { .items = items, .count = 2, .can_tell = true };
	AUTO_BUF struct buf before = BUF_INIT(CACHE_STREAM_LIMIT_BYTES);
	AUTO_ERROR struct error *err = NULL;

	if (buf_append(&before, data, size, &err) < 0)
		return;
	parts_count_use(&parts, &before);
	INSIST(items[0].unused_count >= 1 && items[0].unused_count <= 10);
	INSIST(items[1].unused_count == 0);
}

static void
read_head(const void *data, size_t size)
{
	AUTO_INDEX_HEAD struct index_head head = { 0 };
	AUTO_ERROR struct error *err = NULL;

	if (index_head_parse(data, size, &head, &err) < 0)
		INSIST(IS_REFUSED(err));
}

static void
unpack_head(const uint8_t *data, size_t size)
{
	AUTO_BUF struct buf bytes = BUF_INIT(CACHE_HEAD_LIMIT_BYTES);
	AUTO_ERROR struct error *err = NULL;

	if (index_head_unpack(data, size, &bytes, &err) < 0)
		INSIST(IS_REFUSED(err));
	else
		read_head(bytes.data, bytes.size);
}

/* Two parts are wanted, of which one has room for little. */
static void
take_answer(const uint8_t *data, size_t size)
{
	AUTO_MESSAGE struct message message = MESSAGE_INIT(MESSAGE_ITEM);
	AUTO_BUF struct buf tree = BUF_INIT(CACHE_STREAM_LIMIT_BYTES);
	AUTO_BUF struct buf use = BUF_INIT(4);
	struct index_parts parts = {
		.streams = { [STREAM_TREE] = &tree, [STREAM_USE] = &use },
	};
	AUTO_ERROR struct error *err = NULL;

	if (buf_append(&message.payload, data, size, &err) < 0)
		return;
	if (index_parts_take(&parts, &message, &err) < 0)
		INSIST(err && tree.size == 0 && use.size == 0);
	else
		INSIST(tree.size + use.size + 16 <= size && use.size <= 4);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	if (data[0] == 'T')
		read_tree(data + 1, size - 1);
	else if (data[0] == 'C')
		read_table(data + 1, size - 1);
	else if (data[0] == 'K')
		read_record(data + 1, size - 1);
	else if (data[0] == 'U')
		read_use(data + 1, size - 1);
	else if (data[0] == 'P')
		read_head(data + 1, size - 1);
	else if (data[0] == 'A')
		take_answer(data + 1, size - 1);
	else
		unpack_head(data + 1, size - 1);
	return 0;
}
