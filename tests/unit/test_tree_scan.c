/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "cache/tree/filter.h"
#include "cache/tree/journal.h"
#include "cache/tree/tree_scan.h"
#include "tree_room.h"

static struct cache_roots
root_of(const char *label, const char *name)
{
	AUTO_FREE char *here = getcwd(NULL, 0);
	AUTO_FREE char *directory = xasprintf("%s/%s", here, name);
	struct cache_roots roots = { 0 };

	cache_roots_add(&roots, label, directory);
	return roots;
}

static void
scan(const struct cache_roots *roots, const struct tree_filter *filter, struct tree_scan *ret_scan)
{
	AUTO_ERROR struct error *err = NULL;

	if (tree_scan(roots, filter, false, ret_scan, &err) < 0)
		fail_msg("%s", error_text(err));
}

/* "R:label D: F:name ..." */
static char *
picture(const struct tree_scan *scan)
{
	char *text = xstrdup("");

	for (size_t i = 0; i < scan->count; i++) {
		char *longer =
			xasprintf("%s%s%c:%s", text, i > 0 ? " " : "", (char)scan->entries[i].kind,
				  scanned_text(scan, &scan->entries[i]));

		free(text);
		text = longer;
	}
	return text;
}

static void
entries_come_in_the_order_of_an_index(void **state)
{
	CLEANUP(cache_roots_release) struct cache_roots roots = root_of("r", "tree");
	AUTO_TREE_SCAN struct tree_scan found = { 0 };
	AUTO_FREE char *text = NULL;

	(void)state;
	shell("mkdir -p tree/a/x tree/a.b tree/z; echo 1 >tree/b; echo 2 >tree/a/f; : >tree/a.b/e;"
	      "ln -s b tree/zz; head -c 65536 /dev/zero >tree/z/small;"
	      "head -c 65537 /dev/zero >tree/z/large; ln tree/b tree/z/hard; mkfifo tree/pipe");
	scan(&roots, NULL, &found);
	text = picture(&found);
	assert_string_equal(text, "R:r D: S:b L:zz D:a S:f D:a/x D:a.b F:e D:z H:hard F:large "
				  "S:small");
	assert_int_equal(found.special_count, 1);
	assert_int_equal(found.file_count, 5);
	assert_int_equal(found.total_bytes, 2 + 2 + 65536 + 65537);
}

static void
a_root_that_is_not_there_is_empty(void **state)
{
	CLEANUP(cache_roots_release) struct cache_roots roots = root_of("r", "none");
	AUTO_TREE_SCAN struct tree_scan found = { 0 };

	(void)state;
	scan(&roots, NULL, &found);
	assert_int_equal(found.count, 0);
}

static void
secrets_are_left_out_by_name(void **state)
{
	CLEANUP(cache_roots_release) struct cache_roots roots = root_of("r", "home");
	AUTO_TREE_SCAN struct tree_scan found = { 0 };
	AUTO_FREE char *text = NULL;

	(void)state;
	shell("mkdir -p home/.cargo home/.docker home/x/.git; cd home;"
	      "touch .netrc .npmrc .pypirc .cargo/credentials .cargo/credentials.toml .cargo/config"
	      " .docker/config.json x/.git/config x/config x/config.json x/credentials id_ed25519 "
	      "id_map.rs");
	scan(&roots, NULL, &found);
	text = picture(&found);
	assert_string_equal(text, "R:r D: F:id_map.rs D:.cargo F:config D:.docker D:x F:config "
				  "F:config.json F:credentials D:x/.git");
	assert_int_equal(found.secrets.count, 8);
}

static enum tree_choice
choose(void *context, size_t root, const char *path, const struct stat *info)
{
	(void)context;
	assert_int_equal(root, 0);
	if (S_ISDIR(info->st_mode) && strcmp(path, "debug/incremental") == 0)
		return TREE_LEAVE_OUT;
	return strcmp(path, "debug/app") == 0 ? TREE_EXECUTABLE : TREE_TAKE;
}

static void
a_filter_leaves_out_files_and_whole_directories(void **state)
{
	static const struct tree_filter filter = { .choose = choose };
	CLEANUP(cache_roots_release) struct cache_roots roots = root_of("r", "target");
	AUTO_TREE_SCAN struct tree_scan found = { 0 };
	AUTO_FREE char *text = NULL;

	(void)state;
	shell("mkdir -p target/debug/incremental/x; echo 1 >target/debug/app;"
	      "echo 2 >target/debug/incremental/x/y; : >target/debug/kept");
	scan(&roots, &filter, &found);
	text = picture(&found);
	assert_string_equal(text, "R:r D: D:debug F:kept");
	assert_int_equal(found.executable_bytes, 2);
}

static const struct scanned *
find(const struct tree_scan *scan, const char *name)
{
	for (size_t i = 0; i < scan->count; i++)
		if (strcmp(scanned_text(scan, &scan->entries[i]), name) == 0)
			return &scan->entries[i];
	fail_msg("%s is not there", name);
	return NULL;
}

static void
read_back(const struct cache_roots *roots, struct journal *ret_journal)
{
	AUTO_FREE char *here = getcwd(NULL, 0);
	AUTO_FREE char *folder = xasprintf("%s/journals", here);

	journal_read(folder, roots, ret_journal);
}

static void
note(const struct cache_roots *roots, const struct tree_scan *found, int64_t taken_ns)
{
	AUTO_FREE char *here = getcwd(NULL, 0);
	AUTO_FREE char *folder = xasprintf("%s/journals", here);
	struct digest manifest = digest_of(DIGEST_SHA256, "m", 1);
	AUTO_ERROR struct error *err = NULL;

	assert_int_equal(journal_write(folder, roots, found, taken_ns, &manifest, &err), 0);
}

/* What stat() can tell is what counts: content of the same size and time in another file too. */
static void
a_journal_knows_a_file_until_anything_of_it_changed(void **state)
{
	static const char *const changes[] = {
		"echo x >>tree/a",
		"cp -p tree/a tree/b; mv tree/b tree/a",
		"chmod 600 tree/a",
		"touch -d @1000000000 tree/a",
	};
	CLEANUP(cache_roots_release) struct cache_roots roots = root_of("r", "tree");

	(void)state;
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		AUTO_TREE_SCAN struct tree_scan before = { 0 };
		AUTO_TREE_SCAN struct tree_scan after = { 0 };
		AUTO_JOURNAL struct journal journal = { 0 };

		shell("rm -rf tree; mkdir tree; echo a >tree/a; echo c >tree/c; sleep 0.02");
		scan(&roots, NULL, &before);
		note(&roots, &before, journal_now_ns());
		read_back(&roots, &journal);
		assert_true(journal_knows(&journal, &before, find(&before, "a")));
		shell(changes[i]);
		scan(&roots, NULL, &after);
		assert_false(journal_knows(&journal, &after, find(&after, "a")));
		assert_true(journal_knows(&journal, &after, find(&after, "c")));
	}
}

static void
a_file_as_young_as_the_journal_is_not_known(void **state)
{
	CLEANUP(cache_roots_release) struct cache_roots roots = root_of("r", "tree");
	AUTO_TREE_SCAN struct tree_scan found = { 0 };
	AUTO_JOURNAL struct journal at_once = { 0 };
	AUTO_JOURNAL struct journal later = { 0 };
	const struct scanned *entry;

	(void)state;
	shell("rm -rf tree; mkdir tree; echo a >tree/a");
	scan(&roots, NULL, &found);
	entry = find(&found, "a");
	note(&roots, &found, entry->stamp.ctime_ns);
	read_back(&roots, &at_once);
	assert_false(journal_knows(&at_once, &found, entry));
	note(&roots, &found, entry->stamp.ctime_ns + 1);
	read_back(&roots, &later);
	assert_true(journal_knows(&later, &found, entry));
	assert_true(later.is_whole);
}

static void
a_damaged_journal_knows_nothing(void **state)
{
	CLEANUP(cache_roots_release) struct cache_roots roots = root_of("r", "tree");
	AUTO_TREE_SCAN struct tree_scan found = { 0 };
	AUTO_JOURNAL struct journal journal = { 0 };

	(void)state;
	shell("rm -rf tree; mkdir tree; echo a >tree/a");
	scan(&roots, NULL, &found);
	note(&roots, &found, INT64_MAX);
	shell("for f in journals/*; do head -c 150 $f >cut; mv cut $f; done");
	read_back(&roots, &journal);
	assert_int_equal(journal.count, 0);
	assert_int_equal(journal.manifest.algorithm, DIGEST_NONE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries_come_in_the_order_of_an_index),
		cmocka_unit_test(a_root_that_is_not_there_is_empty),
		cmocka_unit_test(secrets_are_left_out_by_name),
		cmocka_unit_test(a_filter_leaves_out_files_and_whole_directories),
		cmocka_unit_test(a_journal_knows_a_file_until_anything_of_it_changed),
		cmocka_unit_test(a_file_as_young_as_the_journal_is_not_known),
		cmocka_unit_test(a_damaged_journal_knows_nothing),
	};

	return cmocka_run_group_tests_name("tree_scan", tests, enter_tree, leave_tree);
}
