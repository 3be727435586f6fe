/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/workers.h"
#include "base/xalloc.h"
#include "cache/format/frame.h"
#include "cache/format/tree_index.h"
#include "cache/tree/tree_writer.h"
#include "tree_room.h"

/* A cache of one pack, in memory and in the file "pack". */
struct cache {
	struct wire_writer index;
	struct chunk_table table;
	int pack_fd;
	uint64_t most_bytes;
	bool executables;
	bool lacks_pack; /* it never comes */
	int64_t shift_ns;
};

static void
setup_cache(struct cache *cache)
{
	*cache = (struct cache){
		.index = { .buf = BUF_INIT(MIB) },
		.pack_fd = open("pack", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600),
		.most_bytes = GIB,
	};
	assert_true(cache->pack_fd >= 0);
	chunk_table_add_pack(&cache->table);
}

static void
release_cache(struct cache *cache)
{
	buf_release(&cache->index.buf);
	chunk_table_release(&cache->table);
	(void)close(cache->pack_fd);
}

/* Into the pack, under the digest of `named`. */
static struct chunk_ref
add_lying_chunk(struct cache *cache, const char *bytes, size_t size, const char *named)
{
	CLEANUP(frame_coder_free_at) struct frame_coder *coder = frame_coder_new();
	struct digest digest = digest_of(DIGEST_SHA256, named, size);
	AUTO_ERROR struct error *err = NULL;
	size_t capacity = frame_bound(size);
	AUTO_FREE char *frame = xcalloc(1, capacity);
	size_t frame_size = 0;

	assert_int_equal(frame_write(coder, bytes, size, frame, capacity, &frame_size, &err), 0);
	assert_int_equal(fd_write_all(cache->pack_fd, frame, frame_size, "pack", &err), 0);
	chunk_table_add(&cache->table, &digest, (uint32_t)frame_size, (uint32_t)size);
	return (struct chunk_ref){ digest, (uint32_t)size };
}

static struct chunk_ref
add_chunk(struct cache *cache, const char *text)
{
	return add_lying_chunk(cache, text, strlen(text), text);
}

static void
put(struct cache *cache, enum tree_entry_kind kind, const char *text, const char *target,
    uint64_t size)
{
	struct tree_entry entry = {
		.kind = kind,
		.text = text,
		.text_size = strlen(text),
		.target = target,
		.target_size = target ? strlen(target) : 0,
		.mode = kind == ENTRY_DIRECTORY ? 0755 : 0640,
		.mtime = { .tv_sec = 1000000000, .tv_nsec = 123456789 },
		.size_bytes = size,
	};

	tree_index_put(&cache->index, &entry);
}

static void
put_root(struct cache *cache)
{
	put(cache, ENTRY_ROOT, "r", NULL, 0);
	put(cache, ENTRY_DIRECTORY, "", NULL, 0);
}

static void
put_file(struct cache *cache, const char *name, const struct chunk_ref *refs, size_t count)
{
	uint64_t size = 0;

	for (size_t i = 0; i < count; i++)
		size += refs[i].size_bytes;
	put(cache, ENTRY_FILE, name, NULL, size);
	tree_index_put_chunks(&cache->index, refs, count);
}

static int
write_with(const struct cache *cache, struct workers *workers, struct error **err)
{
	const struct tree_writer_plan plan = {
		.index = cache->index.buf.data,
		.index_size = cache->index.buf.size,
		.table = &cache->table,
		.label = "r",
		.executables = cache->executables,
		.shift_ns = cache->shift_ns,
		.most_bytes = cache->most_bytes,
	};
	CLEANUP(tree_writer_free_at) struct tree_writer *writer = NULL;
	AUTO_CLOSE int tree_fd = -1;

	shell("rm -rf tree; mkdir -p tree outside; echo mine >outside/canary");
	tree_fd = dir_open_at(AT_FDCWD, "tree");
	writer = tree_writer_new(&plan, tree_fd, err);
	if (!writer || tree_writer_begin(writer, err) < 0 ||
	    (!cache->lacks_pack && tree_writer_pack(writer, 0, cache->pack_fd, workers, err) < 0))
		return -1;
	return tree_writer_finish(writer, err);
}

static void
assert_written(const struct cache *cache)
{
	AUTO_ERROR struct error *err = NULL;
	struct workers *workers = workers_new(3, &err);

	if (write_with(cache, NULL, &err) < 0)
		fail_msg("%s", error_text(err));
	shell("rm -rf alone; mv tree alone");
	if (write_with(cache, workers, &err) < 0)
		fail_msg("%s", error_text(err));
	workers_free(workers);
	shell("diff -r --no-dereference alone tree");
}

/* The outside is as it was. */
static void
assert_refused(const struct cache *cache, enum error_kind kind, const char *why)
{
	AUTO_ERROR struct error *err = NULL;

	assert_int_equal(write_with(cache, NULL, &err), -1);
	assert_int_equal(error_kind(err), kind);
	if (!strstr(error_text(err), why))
		fail_msg("'%s' does not say '%s'", error_text(err), why);
	shell("test \"$(ls outside)\" = canary; test \"$(cat outside/canary)\" = mine");
}

static void
a_pack_that_did_not_come_is_missed(void **state)
{
	struct cache cache;
	struct chunk_ref chunk;

	(void)state;
	setup_cache(&cache);
	chunk = add_chunk(&cache, "content");
	put_root(&cache);
	put_file(&cache, "file", &chunk, 1);
	cache.lacks_pack = true;
	assert_refused(&cache, ERROR_CONTENT, "a pack did not come");
	release_cache(&cache);
}

static void
executables_and_links_to_them_are_written_when_they_are_wanted(void **state)
{
	struct cache cache;
	struct chunk_ref chunk;

	(void)state;
	setup_cache(&cache);
	chunk = add_chunk(&cache, "program");
	put_root(&cache);
	put(&cache, ENTRY_EXECUTABLE, "app", NULL, 7);
	tree_index_put_chunks(&cache.index, &chunk, 1);
	put_file(&cache, "file", &chunk, 1);
	put(&cache, ENTRY_HARD_LINK, "hard", "app", 0);
	put(&cache, ENTRY_HARD_LINK, "other", "file", 0);
	assert_written(&cache);
	shell("test \"$(ls tree | xargs)\" = 'file other'");
	cache.executables = true;
	assert_written(&cache);
	shell("test \"$(ls tree | xargs)\" = 'app file hard other'; test tree/app -ef tree/hard;"
	      "test \"$(cat tree/app)\" = program");
	put(&cache, ENTRY_HARD_LINK, "z", "missing", 0);
	assert_refused(&cache, ERROR_LOCAL, "find a hard link's file");
	release_cache(&cache);
}

static void
files_get_content_mode_and_time(void **state)
{
	struct cache cache;
	struct chunk_ref refs[2];
	struct chunk_ref bundle;

	(void)state;
	setup_cache(&cache);
	refs[0] = add_chunk(&cache, "one ");
	refs[1] = add_chunk(&cache, "two");
	bundle = add_chunk(&cache, "aaabbbbc");
	put_root(&cache);
	put(&cache, ENTRY_BUNDLE, "", NULL, 0);
	tree_index_put_chunks(&cache.index, &bundle, 1);
	put(&cache, ENTRY_SMALL, "a", NULL, 3);
	put_file(&cache, "big", refs, 2);
	put(&cache, ENTRY_HARD_LINK, "hard", "big", 0);
	put(&cache, ENTRY_SMALL, "later", NULL, 4);
	put(&cache, ENTRY_SYMLINK, "link", "../outside/canary", 0);
	put_file(&cache, "zero", NULL, 0);
	put(&cache, ENTRY_DIRECTORY, "d", NULL, 0);
	put(&cache, ENTRY_SMALL, "c", NULL, 1);
	put_file(&cache, "twice", refs, 1);
	assert_written(&cache);
	shell("test \"$(cat tree/big)\" = 'one two'; test \"$(cat tree/a)\" = aaa;"
	      "test \"$(cat tree/later)\" = bbbb; test \"$(cat tree/d/c)\" = c;"
	      "test \"$(cat tree/d/twice)\" = 'one '; test ! -s tree/zero; test -f tree/zero;"
	      "test tree/big -ef tree/hard; test \"$(readlink tree/link)\" = ../outside/canary;"
	      "for f in a big later zero d/c d/twice; do"
	      " test \"$(stat -c '%a %Y' tree/$f)\" = '640 1000000000'; done;"
	      "test \"$(stat -c '%a %Y' tree/d)\" = '755 1000000000';"
	      "stat -c %y tree/zero | grep -q 123456789");
	release_cache(&cache);
}

static void
times_go_back_by_the_shift_and_ninja_forgets(void **state)
{
	struct cache cache;

	(void)state;
	setup_cache(&cache);
	cache.shift_ns = 2200000000;
	put_root(&cache);
	put_file(&cache, ".ninja_log", NULL, 0);
	put_file(&cache, "a", NULL, 0);
	assert_written(&cache);
	shell("test ! -e tree/.ninja_log; stat -c %y tree/a | grep -q '37.923456789'");
	release_cache(&cache);
}

static void
another_root_is_not_written(void **state)
{
	struct cache cache;

	(void)state;
	setup_cache(&cache);
	put(&cache, ENTRY_ROOT, "a", NULL, 0);
	put(&cache, ENTRY_DIRECTORY, "", NULL, 0);
	put_file(&cache, "theirs", NULL, 0);
	put_root(&cache);
	put_file(&cache, "ours", NULL, 0);
	assert_written(&cache);
	shell("test \"$(ls tree)\" = ours");
	release_cache(&cache);
}

static void
a_chunk_that_lies_is_refused(void **state)
{
	struct cache cache;
	struct chunk_ref ref;

	(void)state;
	setup_cache(&cache);
	ref = add_lying_chunk(&cache, "evil", 4, "good");
	put_root(&cache);
	put_file(&cache, "a", &ref, 1);
	assert_refused(&cache, ERROR_CONTENT, "its content is another");
	release_cache(&cache);
}

static void
a_chunk_in_no_pack_is_refused(void **state)
{
	struct cache cache;
	struct chunk_ref ref = { digest_of(DIGEST_SHA256, "x", 1), 1 };

	(void)state;
	setup_cache(&cache);
	put_root(&cache);
	put_file(&cache, "a", &ref, 1);
	assert_refused(&cache, ERROR_CONTENT, "a chunk is in no pack");
	release_cache(&cache);
}

static void
a_pack_that_is_cut_is_refused(void **state)
{
	struct cache cache;
	struct chunk_ref ref;

	(void)state;
	setup_cache(&cache);
	ref = add_chunk(&cache, "content that will be cut short");
	put_root(&cache);
	put_file(&cache, "a", &ref, 1);
	assert_int_equal(ftruncate(cache.pack_fd, 10), 0);
	assert_refused(&cache, ERROR_CONTENT, "");
	release_cache(&cache);
}

static void
more_bytes_than_announced_are_refused(void **state)
{
	struct cache cache;
	struct chunk_ref refs[3];

	(void)state;
	setup_cache(&cache);
	refs[0] = refs[1] = refs[2] = add_chunk(&cache, "1234567890");
	put_root(&cache);
	put_file(&cache, "a", refs, 3);
	cache.most_bytes = 30;
	assert_written(&cache);
	cache.most_bytes = 29;
	assert_refused(&cache, ERROR_CONTENT, "more bytes than the manifest says");
	release_cache(&cache);
}

static void
a_name_of_two_kinds_is_refused(void **state)
{
	struct cache cache;
	struct chunk_ref ref;

	(void)state;
	setup_cache(&cache);
	ref = add_chunk(&cache, "x");
	put_root(&cache);
	put_file(&cache, "a", &ref, 1);
	put(&cache, ENTRY_DIRECTORY, "a", NULL, 0);
	put_file(&cache, "b", &ref, 1);
	assert_refused(&cache, ERROR_LOCAL, "cannot create 'a'");
	release_cache(&cache);
}

/* Were the link there first, the file below it would be written outside. */
static void
a_link_in_the_place_of_a_directory_leads_nowhere(void **state)
{
	struct cache cache;
	struct chunk_ref ref;

	(void)state;
	setup_cache(&cache);
	ref = add_chunk(&cache, "evil");
	put_root(&cache);
	put(&cache, ENTRY_SYMLINK, "d", "../outside", 0);
	put(&cache, ENTRY_DIRECTORY, "d", NULL, 0);
	put_file(&cache, "canary", &ref, 1);
	assert_refused(&cache, ERROR_LOCAL, "cannot make symbolic link 'd'");
	release_cache(&cache);
}

static void
a_hard_link_leads_to_a_file_of_the_tree_alone(void **state)
{
	static const char *const targets[] = { "none", "d", "l/canary" };

	(void)state;
	for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
		struct cache cache;
		AUTO_ERROR struct error *err = NULL;

		setup_cache(&cache);
		put_root(&cache);
		put(&cache, ENTRY_HARD_LINK, "h", targets[i], 0);
		put(&cache, ENTRY_SYMLINK, "l", "../outside", 0);
		put(&cache, ENTRY_DIRECTORY, "d", NULL, 0);
		assert_int_equal(write_with(&cache, NULL, &err), -1);
		assert_non_null(err);
		shell("test \"$(stat -c %h outside/canary)\" = 1");
		release_cache(&cache);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_get_content_mode_and_time),
		cmocka_unit_test(a_pack_that_did_not_come_is_missed),
		cmocka_unit_test(executables_and_links_to_them_are_written_when_they_are_wanted),
		cmocka_unit_test(times_go_back_by_the_shift_and_ninja_forgets),
		cmocka_unit_test(another_root_is_not_written),
		cmocka_unit_test(a_chunk_that_lies_is_refused),
		cmocka_unit_test(a_chunk_in_no_pack_is_refused),
		cmocka_unit_test(a_pack_that_is_cut_is_refused),
		cmocka_unit_test(more_bytes_than_announced_are_refused),
		cmocka_unit_test(a_name_of_two_kinds_is_refused),
		cmocka_unit_test(a_link_in_the_place_of_a_directory_leads_nowhere),
		cmocka_unit_test(a_hard_link_leads_to_a_file_of_the_tree_alone),
	};

	return cmocka_run_group_tests_name("tree_writer", tests, enter_tree, leave_tree);
}
