/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/strings.h"
#include "base/xalloc.h"
#include "cache/tree/filter.h"
#include "cache/tree/parts.h"
#include "cache/tree/tree_scan.h"
#include "tree_room.h"

static enum tree_choice
take(void *context, size_t root, const char *path, const struct stat *info)
{
	(void)context;
	(void)root;
	(void)path;
	(void)info;
	return TREE_TAKE;
}

/* Of "a1" and "a2/x" the first letter; "z..." is obsolete. */
static char *
name(void *context, size_t root, const char *path, bool is_directory)
{
	(void)context;
	(void)root;
	(void)is_directory;
	return *path ? xstrndup(path, 1) : NULL;
}

static bool
is_obsolete(void *context, size_t root, const char *path)
{
	(void)context;
	(void)root;
	return *path == 'z';
}

static const struct tree_filter filter = {
	.choose = take,
	.part = name,
	.is_obsolete = is_obsolete,
	.counts_use = true,
};

struct room {
	struct cache_roots roots;
	struct tree_scan scan;
	struct parts parts;
};

static void
release(struct room *room)
{
	parts_release(&room->parts);
	tree_scan_release(&room->scan);
	cache_roots_release(&room->roots);
}

/* What lies in "tree", as a file system that notes reads would have it. */
static void
look(struct room *room)
{
	AUTO_ERROR struct error *err = NULL;
	AUTO_FREE char *here = getcwd(NULL, 0);
	AUTO_FREE char *directory = xasprintf("%s/tree", here);

	cache_roots_add(&room->roots, "tree", directory);
	if (tree_scan(&room->roots, &filter, false, &room->scan, &err) < 0)
		fail_msg("%s", error_text(err));
	parts_make(&room->scan, &filter, &room->parts);
	room->parts.can_tell = true;
}

static const struct part *
part(const struct room *room, const char *wanted)
{
	for (size_t i = 0; i < room->parts.count; i++)
		if (strcmp(room->parts.items[i].name, wanted) == 0)
			return &room->parts.items[i];
	fail_msg("no part %s", wanted);
	return NULL;
}

static void
count_with(struct room *room, const char *before)
{
	AUTO_BUF struct buf use = BUF_INIT(KIB);
	AUTO_ERROR struct error *err = NULL;

	assert_int_equal(buf_append_text(&use, before, &err), 0);
	parts_count_use(&room->parts, &use);
}

#define RESTORED "touch -d '2024-01-02 03:04:05.6' $f; touch -a -d '2024-01-02 03:04:04.6' $f;"

static void
what_nobody_read_since_it_was_restored_is_unused(void **state)
{
	CLEANUP(release) struct room room = { .roots = { 0 } };

	(void)state;
	shell("mkdir -p tree/a tree/b tree/c; cd tree; for f in a/1 a/2 b/1 b/2 c/1; do echo "
	      ">$f;" RESTORED
	      " done; touch -a -d '2024-01-02 03:04:05.7' a/2; touch -m b/1; ln b/2 d");
	look(&room);
	assert_int_equal(room.parts.count, 4);
	assert_false(part(&room, "a")->is_unused);
	assert_false(part(&room, "b")->is_unused);
	assert_true(part(&room, "c")->is_unused);
	assert_true(part(&room, "d")->is_unused);
}

static void
after_three_saves_without_use_a_part_is_dropped(void **state)
{
	CLEANUP(release) struct room room = { .roots = { 0 } };
	AUTO_BUF struct buf use = BUF_INIT(KIB);
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	shell("mkdir tree; cd tree; for f in a b c d; do echo >$f;" RESTORED " done; touch -a d");
	look(&room);
	count_with(&room, "ocifp-cache-use 1\n3 a\n2 b\n3 d\n1 gone\n");
	assert_int_equal(part(&room, "a")->unused_count, 4);
	assert_int_equal(part(&room, "b")->unused_count, 3);
	assert_int_equal(part(&room, "c")->unused_count, 1);
	assert_int_equal(part(&room, "d")->unused_count, 0);
	assert_int_equal(parts_drop_unused(&room.parts), 1);
	assert_true(part(&room, "a")->is_dropped);
	parts_leave_out(&room.parts, &room.scan);
	assert_int_equal(room.scan.file_count, 3);
	assert_int_equal(room.scan.total_bytes, 3);
	assert_int_equal(parts_write_use(&room.parts, &use, &err), 0);
	assert_string_equal(use.data, "ocifp-cache-use 1\n3 b\n1 c\n");
}

static void
where_reads_are_not_noted_nothing_is_unused(void **state)
{
	CLEANUP(release) struct room room = { .roots = { 0 } };
	AUTO_BUF struct buf use = BUF_INIT(KIB);
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	shell("mkdir tree; cd tree; for f in a z; do echo >$f;" RESTORED " done");
	look(&room);
	room.parts.can_tell = false;
	count_with(&room, "ocifp-cache-use 1\n3 a\n");
	assert_int_equal(part(&room, "a")->unused_count, 0);
	assert_int_equal(parts_write_use(&room.parts, &use, &err), 0);
	assert_int_equal(use.size, 0);
	assert_int_equal(parts_drop_unused(&room.parts), 1); /* "z" is obsolete */
	assert_true(part(&room, "z")->is_dropped);
}

static void
an_obsolete_part_that_was_used_stays(void **state)
{
	CLEANUP(release) struct room room = { .roots = { 0 } };

	(void)state;
	shell("mkdir tree; cd tree; for f in z; do echo >$f;" RESTORED " done; touch -a z");
	look(&room);
	assert_int_equal(parts_drop_unused(&room.parts), 0);
}

static void
counts_that_a_stranger_wrote_are_read_with_care(void **state)
{
	static const char *const words[] = {
		"",
		"other\n3 a\n",
		"ocifp-cache-use 1\n33 a\n",
		"ocifp-cache-use 1\n a\n",
		"ocifp-cache-use 1\n3\n",
		"ocifp-cache-use 1\n-3 a\n",
		"ocifp-cache-use 1\n\n0 a\n",
	};

	(void)state;
	shell("mkdir tree; cd tree; for f in a; do echo >$f;" RESTORED " done");
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		CLEANUP(release) struct room room = { .roots = { 0 } };

		look(&room);
		count_with(&room, words[i]);
		assert_int_equal(part(&room, "a")->unused_count, 1);
	}
}

static void
the_least_used_are_chosen_until_it_is_enough(void **state)
{
	CLEANUP(release) struct room room = { .roots = { 0 } };
	AUTO_STRINGS struct strings names = { 0 };
	AUTO_STRINGS struct strings all = { 0 };

	(void)state;
	shell("mkdir tree; cd tree; for f in a b c; do echo >$f;" RESTORED " done;"
	      "touch -d 2024-03-03 b; touch -d 2024-03-02 c");
	look(&room);
	for (size_t i = 0; i < 3; i++)
		room.parts.items[i].packed_bytes = 10;
	assert_true(parts_choose(&room.parts, 15, &names));
	assert_int_equal(names.count, 2);
	assert_string_equal(names.items[0], "a");
	assert_string_equal(names.items[1], "c");
	assert_int_equal(parts_drop_named(&room.parts, &names), 2);
	assert_false(parts_choose(&room.parts, 15, &all));
	assert_int_equal(all.count, 1);
}

static void
a_directory_is_asked_without_a_change_to_it(void **state)
{
	(void)state;
	shell("mkdir tree; touch -d 2001-01-01 tree");
	(void)parts_can_tell("tree");
	shell("[ $(stat -c %Y tree) -lt 1000000000 ]; [ -z \"$(ls tree)\" ]");
	assert_false(parts_can_tell("missing"));
}

int
main(void)
{
#define IN_TREE(test) cmocka_unit_test_setup_teardown(test, enter_tree, leave_tree)
	const struct CMUnitTest tests[] = {
		IN_TREE(what_nobody_read_since_it_was_restored_is_unused),
		IN_TREE(after_three_saves_without_use_a_part_is_dropped),
		IN_TREE(where_reads_are_not_noted_nothing_is_unused),
		IN_TREE(an_obsolete_part_that_was_used_stays),
		IN_TREE(counts_that_a_stranger_wrote_are_read_with_care),
		IN_TREE(the_least_used_are_chosen_until_it_is_enough),
		IN_TREE(a_directory_is_asked_without_a_change_to_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
