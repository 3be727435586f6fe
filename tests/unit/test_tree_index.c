/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "cache/format/tree_index.h"

#define ONE_MTIME \
	{ \
		.tv_sec = -1, .tv_nsec = 999999999 \
	}

struct index {
	struct wire_writer writer;
};

static void
setup_index(struct index *index)
{
	index->writer = (struct wire_writer){ .buf = BUF_INIT(CACHE_STREAM_LIMIT_BYTES) };
}

static void
put(struct index *index, enum tree_entry_kind kind, const char *text, const char *target,
    uint64_t size)
{
	struct tree_entry entry = {
		.kind = kind,
		.text = text,
		.text_size = strlen(text),
		.target = target,
		.target_size = target ? strlen(target) : 0,
		.mode = 0644,
		.mtime = ONE_MTIME,
		.size_bytes = size,
	};

	tree_index_put(&index->writer, &entry);
}

static void
put_chunks(struct index *index, uint32_t size, size_t count)
{
	struct chunk_ref refs[4];

	for (size_t i = 0; i < count; i++)
		refs[i] = (struct chunk_ref){ digest_of(DIGEST_SHA256, &size, sizeof(size)), size };
	tree_index_put_chunks(&index->writer, refs, count);
}

/* Takes the index; NULL: it can be read to its end. */
static struct error *
read_all(struct index *index)
{
	AUTO_TREE_CURSOR struct tree_cursor cursor;
	struct tree_entry entry;
	struct error *err = NULL;
	bool ended = false;

	tree_cursor_open(&cursor, index->writer.buf.data, index->writer.buf.size);
	while (!ended && tree_cursor_next(&cursor, &entry, &ended, &err) == 0)
		;
	buf_release(&index->writer.buf);
	return err;
}

static void
assert_fine(struct index *index)
{
	AUTO_ERROR struct error *err = read_all(index);

	if (err)
		fail_msg("%s", error_text(err));
}

static void
assert_refused(struct index *index, const char *why)
{
	AUTO_ERROR struct error *err = read_all(index);

	assert_non_null(err);
	assert_true(error_is(err, ERROR_CONTENT));
	assert_string_equal(error_class(err), "index");
	if (!strstr(error_text(err), why))
		fail_msg("'%s' does not say '%s'", error_text(err), why);
}

static void
an_entry_comes_back_as_it_was_put(void **state)
{
	AUTO_TREE_CURSOR struct tree_cursor cursor;
	struct index index;
	struct tree_entry entry;
	struct chunk_ref ref;
	AUTO_ERROR struct error *err = NULL;
	bool ended = false;

	(void)state;
	setup_index(&index);
	put(&index, ENTRY_ROOT, "target", NULL, 0);
	put(&index, ENTRY_DIRECTORY, "", NULL, 0);
	put(&index, ENTRY_BUNDLE, "", NULL, 0);
	put_chunks(&index, 7, 1);
	put(&index, ENTRY_SMALL, "a", NULL, 3);
	put(&index, ENTRY_FILE, "b", NULL, 20);
	put_chunks(&index, 10, 2);
	put(&index, ENTRY_HARD_LINK, "c", "b", 0);
	put(&index, ENTRY_SYMLINK, "d", "../x", 0);
	put(&index, ENTRY_SMALL, "e", NULL, 4);
	tree_cursor_open(&cursor, index.writer.buf.data, index.writer.buf.size);
	for (int i = 0; i < 5; i++)
		assert_int_equal(tree_cursor_next(&cursor, &entry, &ended, &err), 0);
	assert_int_equal(entry.kind, ENTRY_FILE);
	assert_memory_equal(entry.text, "b", entry.text_size);
	assert_int_equal(entry.mode, 0644);
	assert_int_equal(entry.mtime.tv_sec, -1);
	assert_int_equal(entry.mtime.tv_nsec, 999999999);
	assert_true(chunk_refs_next(&entry.chunks, &ref) && ref.size_bytes == 10);
	assert_true(chunk_refs_next(&entry.chunks, &ref));
	assert_false(chunk_refs_next(&entry.chunks, &ref));
	for (int i = 0; i < 3; i++)
		assert_int_equal(tree_cursor_next(&cursor, &entry, &ended, &err), 0);
	assert_int_equal(entry.offset, 3);
	assert_int_equal(tree_cursor_next(&cursor, &entry, &ended, &err), 0);
	assert_true(ended);
	assert_int_equal(cursor.total_bytes, 27);
	buf_release(&index.writer.buf);
}

static void
begin(struct index *index)
{
	setup_index(index);
	put(index, ENTRY_ROOT, "r", NULL, 0);
	put(index, ENTRY_DIRECTORY, "", NULL, 0);
}

static void
names_lead_nowhere_else(void **state)
{
	static const char *const names[] = { "", ".", "..", "a/b", "/a" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct index index;

		begin(&index);
		put(&index, ENTRY_FILE, names[i], NULL, 0);
		put_chunks(&index, 0, 0);
		assert_refused(&index, "a name that is not allowed");
		begin(&index);
		put(&index, ENTRY_HARD_LINK, "h", *names[i] == 'a' ? "../a" : names[i], 0);
		assert_refused(&index, "a link's target that is not allowed");
	}
}

static void
directories_lead_nowhere_else(void **state)
{
	static const char *const paths[] = { "..", "a/..", "a//b", "/a", "a/", "." };

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		struct index index;

		begin(&index);
		put(&index, ENTRY_DIRECTORY, "a", NULL, 0);
		put(&index, ENTRY_DIRECTORY, paths[i], NULL, 0);
		assert_refused(&index, "a path that is not allowed");
	}
}

static void
a_directory_comes_after_its_parent_and_once(void **state)
{
	struct index index;

	(void)state;
	begin(&index);
	put(&index, ENTRY_DIRECTORY, "a", NULL, 0);
	put(&index, ENTRY_DIRECTORY, "a/b", NULL, 0);
	put(&index, ENTRY_DIRECTORY, "a.b", NULL, 0);
	assert_fine(&index);
	begin(&index);
	put(&index, ENTRY_DIRECTORY, "a/b", NULL, 0);
	assert_refused(&index, "before its parent");
	begin(&index);
	put(&index, ENTRY_DIRECTORY, "a", NULL, 0);
	put(&index, ENTRY_DIRECTORY, "a.b", NULL, 0);
	put(&index, ENTRY_DIRECTORY, "a/b", NULL, 0);
	assert_refused(&index, "before its parent");
	begin(&index);
	put(&index, ENTRY_DIRECTORY, "b", NULL, 0);
	put(&index, ENTRY_DIRECTORY, "b", NULL, 0);
	assert_refused(&index, "out of order");
	begin(&index);
	put(&index, ENTRY_DIRECTORY, "b", NULL, 0);
	put(&index, ENTRY_DIRECTORY, "a", NULL, 0);
	assert_refused(&index, "out of order");
	setup_index(&index);
	put(&index, ENTRY_DIRECTORY, "", NULL, 0);
	assert_refused(&index, "outside of a root");
}

static void
a_name_comes_once_in_its_directory(void **state)
{
	struct index index;

	(void)state;
	begin(&index);
	put(&index, ENTRY_SYMLINK, "a", "x", 0);
	put(&index, ENTRY_SYMLINK, "a", "y", 0);
	assert_refused(&index, "out of order");
	setup_index(&index);
	put(&index, ENTRY_ROOT, "r", NULL, 0);
	put(&index, ENTRY_SYMLINK, "a", "x", 0);
	assert_refused(&index, "outside of a directory");
}

static void
roots_are_in_order(void **state)
{
	struct index index;

	(void)state;
	begin(&index);
	put(&index, ENTRY_ROOT, "r", NULL, 0);
	assert_refused(&index, "a root out of order");
	setup_index(&index);
	put(&index, ENTRY_ROOT, "", NULL, 0);
	assert_refused(&index, "no label");
}

static void
chunks_give_the_size(void **state)
{
	struct index index;

	(void)state;
	begin(&index);
	put(&index, ENTRY_FILE, "a", NULL, 11);
	put_chunks(&index, 10, 1);
	assert_refused(&index, "chunks of another size");
	begin(&index);
	put(&index, ENTRY_FILE, "a", NULL, CACHE_CHUNK_LIMIT_BYTES);
	put_chunks(&index, CACHE_CHUNK_LIMIT_BYTES, 1);
	assert_fine(&index);
	begin(&index);
	put(&index, ENTRY_FILE, "a", NULL, CACHE_CHUNK_LIMIT_BYTES + 1);
	put_chunks(&index, CACHE_CHUNK_LIMIT_BYTES + 1, 1);
	assert_refused(&index, "damaged");
	begin(&index);
	put(&index, ENTRY_FILE, "a", NULL, 0);
	put_chunks(&index, 0, 1);
	assert_refused(&index, "an empty chunk");
}

static void
a_bundle_is_used_up_by_the_files_after_it(void **state)
{
	struct index index;

	(void)state;
	begin(&index);
	put(&index, ENTRY_BUNDLE, "", NULL, 0);
	put_chunks(&index, 4, 1);
	put(&index, ENTRY_SMALL, "a", NULL, 5);
	assert_refused(&index, "beyond its bundle");
	begin(&index);
	put(&index, ENTRY_BUNDLE, "", NULL, 0);
	put_chunks(&index, 4, 1);
	put(&index, ENTRY_SMALL, "a", NULL, 3);
	assert_refused(&index, "not used up");
	begin(&index);
	put(&index, ENTRY_BUNDLE, "", NULL, 0);
	put_chunks(&index, 4, 1);
	put(&index, ENTRY_ROOT, "s", NULL, 0);
	assert_refused(&index, "not used up");
	begin(&index);
	put(&index, ENTRY_SMALL, "a", NULL, 1);
	assert_refused(&index, "beyond its bundle");
}

static void
every_cut_is_refused_or_an_end(void **state)
{
	struct index whole;

	(void)state;
	begin(&whole);
	put(&whole, ENTRY_BUNDLE, "", NULL, 0);
	put_chunks(&whole, 4, 1);
	put(&whole, ENTRY_SMALL, "a", NULL, 4);
	put(&whole, ENTRY_FILE, "b", NULL, 20);
	put_chunks(&whole, 10, 2);
	for (size_t size = 0; size < whole.writer.buf.size; size++) {
		struct index part;
		AUTO_ERROR struct error *err = NULL;

		setup_index(&part);
		wire_put_bytes(&part.writer, whole.writer.buf.data, size);
		err = read_all(&part);
		assert_true(!err || error_is(err, ERROR_CONTENT));
	}
	assert_fine(&whole);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_entry_comes_back_as_it_was_put),
		cmocka_unit_test(names_lead_nowhere_else),
		cmocka_unit_test(directories_lead_nowhere_else),
		cmocka_unit_test(a_directory_comes_after_its_parent_and_once),
		cmocka_unit_test(a_name_comes_once_in_its_directory),
		cmocka_unit_test(roots_are_in_order),
		cmocka_unit_test(chunks_give_the_size),
		cmocka_unit_test(a_bundle_is_used_up_by_the_files_after_it),
		cmocka_unit_test(every_cut_is_refused_or_an_end),
	};

	return cmocka_run_group_tests_name("tree_index", tests, NULL, NULL);
}
