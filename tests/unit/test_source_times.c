/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/strings.h"
#include "base/xalloc.h"
#include "cache/sources/source_times.h"
#include "cache/sources/sources.h"
#include "tree_room.h"

/* Of what was recorded: long ago, and before the caches' own files. */
static const int64_t recorded_ns = 1600000000123456789;
static const int64_t cache_ns = 1600000100000000000;

static const struct strings nothing;
static char *directory;
static char *state_directory;

static int
enter(void **state)
{
	int result = enter_tree(state);

	setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
	setenv("GIT_CONFIG_GLOBAL", "/dev/null", 1);
	shell("git init -q tree; cd tree; mkdir src other; echo a >src/a; echo b >src/b; echo c "
	      ">other/c;"
	      "git add .; git -c user.name=a -c user.email=a@b commit -qm x");
	directory = realpath("tree", NULL);
	state_directory = xasprintf("%s/../state", directory);
	return result;
}

static int
leave(void **state)
{
	free(directory);
	free(state_directory);
	unsetenv("GIT_CONFIG_NOSYSTEM");
	unsetenv("GIT_CONFIG_GLOBAL");
	return leave_tree(state);
}

static struct source_times_request
in_ci(void)
{
	return (struct source_times_request){
		.tree = { .directory = directory, .include = &nothing, .exclude = &nothing },
		.state_directory = state_directory,
		.placed = &nothing,
		.is_ci = true,
		.newest_ns = cache_ns,
	};
}

static struct sources
collect(void)
{
	const struct source_times_request request = in_ci();
	AUTO_ERROR struct error *err = NULL;
	struct sources sources = { 0 };

	if (sources_collect(&request.tree, &sources, &err) < 0)
		fail_msg("%s", error_text(err));
	return sources;
}

/* What a cache saved at this time would have recorded of the tree as it is. */
static struct sources
record_at(int64_t time_ns)
{
	struct sources sources = collect();

	for (size_t i = 0; i < sources.count; i++)
		sources.items[i].mtime_ns = time_ns;
	return sources;
}

/* As if the cache was made from other content. */
static void
alter(struct sources *sources, const char *path)
{
	sources->items[sources_find(sources, path) - sources->items].sha256[0] ^= 1;
}

static int64_t
time_of(const char *path)
{
	AUTO_FREE char *whole = xasprintf("tree/%s", path);
	struct stat status;

	assert_int_equal(lstat(whole, &status), 0);
	return (int64_t)status.st_mtim.tv_sec * 1000000000 + status.st_mtim.tv_nsec;
}

static bool
is_recent(const char *path)
{
	return time_of(path) > ((int64_t)time(NULL) - 60) * 1000000000;
}

static void
apply(const struct source_times_request *request, const struct sources *recorded,
      struct source_times_result *result)
{
	AUTO_SOURCES struct sources now = collect();
	AUTO_ERROR struct error *err = NULL;

	if (source_times_apply(request, recorded, &now, result, &err) < 0)
		fail_msg("%s", error_text(err));
}

static void
apply_in_ci(const struct sources *recorded)
{
	const struct source_times_request request = in_ci();
	AUTO_SOURCE_TIMES_RESULT struct source_times_result result = { 0 };

	apply(&request, recorded, &result);
	assert_null(result.left_alone);
}

static void
is_left_alone(const struct source_times_request *request, const struct sources *recorded,
	      const char *text)
{
	AUTO_SOURCE_TIMES_RESULT struct source_times_result result = { 0 };
	int64_t before = time_of("src/b");

	apply(request, recorded, &result);
	assert_non_null(result.left_alone);
	assert_non_null(strstr(result.left_alone, text));
	assert_int_equal(time_of("src/b"), before);
}

static void
commit(const char *script)
{
	AUTO_FREE char *whole = xasprintf("cd tree; %s; git add -A;"
					  "git -c user.name=a -c user.email=a@b commit -qm x",
					  script);

	shell(whole);
}

static void
what_is_unchanged_gets_its_recorded_time(void **state)
{
	AUTO_SOURCES struct sources recorded = record_at(recorded_ns);

	(void)state;
	apply_in_ci(&recorded);
	assert_int_equal(time_of("src/a"), recorded_ns);
	assert_int_equal(time_of("src"), recorded_ns);
	assert_int_equal(time_of(""), recorded_ns);
}

static void
what_changed_is_new_or_has_another_mode_gets_now(void **state)
{
	AUTO_SOURCES struct sources recorded = record_at(recorded_ns);
	const struct source_times_request request = in_ci();
	AUTO_SOURCE_TIMES_RESULT struct source_times_result result = { 0 };

	(void)state;
	commit("echo A >src/a; chmod +x src/b; echo d >src/d; rm other/c; echo e >other/e;"
	       "touch -d 2001-01-01 src/a src/b src/d src other other/e; git update-index --refresh"
	       " >/dev/null || :");
	apply(&request, &recorded, &result);
	assert_null(result.left_alone);
	assert_true(is_recent("src/a"));
	assert_true(is_recent("src/b"));
	assert_true(is_recent("src/d"));
	assert_true(is_recent("src"));
	assert_true(is_recent("other"));
	assert_int_equal(result.changed, 4);
	assert_int_equal(result.removed, 1);
}

static void
a_directory_keeps_its_time_when_only_contents_changed(void **state)
{
	AUTO_SOURCES struct sources recorded = record_at(recorded_ns);

	(void)state;
	commit("echo A >src/a");
	apply_in_ci(&recorded);
	assert_int_equal(time_of("src"), recorded_ns);
	assert_int_equal(time_of("src/b"), recorded_ns);
	assert_true(is_recent("src/a"));
}

static void
the_latest_time_that_any_cache_asks_for_stays(void **state)
{
	AUTO_SOURCES struct sources old = record_at(recorded_ns);
	AUTO_SOURCES struct sources young = record_at(recorded_ns + 7);

	(void)state;
	apply_in_ci(&young);
	apply_in_ci(&old);
	assert_int_equal(time_of("src/a"), recorded_ns + 7);
	assert_int_equal(time_of("src"), recorded_ns + 7);
}

static void
a_later_time_of_a_second_cache_counts(void **state)
{
	AUTO_SOURCES struct sources old = record_at(recorded_ns);
	AUTO_SOURCES struct sources young = record_at(recorded_ns + 7);

	(void)state;
	apply_in_ci(&old);
	apply_in_ci(&young);
	assert_int_equal(time_of("src/a"), recorded_ns + 7);
	assert_int_equal(time_of("src"), recorded_ns + 7);
}

/* The branch's cache knew other content, the default branch's this one. */
static void
changed_for_one_cache_is_changed_for_all(void **state)
{
	AUTO_SOURCES struct sources other = { 0 };
	AUTO_SOURCES struct sources same = { 0 };

	(void)state;
	commit("echo A >src/a");
	same = record_at(recorded_ns);
	other = record_at(recorded_ns);
	alter(&other, "src/a");
	apply_in_ci(&other);
	assert_true(is_recent("src/a"));
	apply_in_ci(&same);
	assert_true(is_recent("src/a"));
	assert_int_equal(time_of("src/b"), recorded_ns);
}

static void
changed_beats_a_time_that_was_set_before(void **state)
{
	AUTO_SOURCES struct sources other = record_at(recorded_ns);
	AUTO_SOURCES struct sources same = record_at(recorded_ns);

	(void)state;
	alter(&other, "src/a");
	apply_in_ci(&same);
	assert_int_equal(time_of("src/a"), recorded_ns);
	apply_in_ci(&other);
	assert_true(is_recent("src/a"));
}

/* What a build made of the changed file since then stays younger. */
static void
a_changed_file_is_not_set_again_without_need(void **state)
{
	AUTO_SOURCES struct sources other = record_at(recorded_ns);
	int64_t first;

	(void)state;
	alter(&other, "src/a");
	apply_in_ci(&other);
	first = time_of("src/a");
	apply_in_ci(&other);
	assert_int_equal(time_of("src/a"), first);
}

/* An edit and its reversal: between them a build may have run. */
static void
a_file_that_was_touched_since_is_never_set_back(void **state)
{
	AUTO_SOURCES struct sources recorded = record_at(recorded_ns);
	int64_t touched;

	(void)state;
	shell("sleep 0.02; echo X >tree/src/a; echo a >tree/src/a");
	touched = time_of("src/a");
	apply_in_ci(&recorded);
	assert_int_equal(time_of("src/a"), touched);
	assert_int_equal(time_of("src/b"), recorded_ns);
	shell("echo X >tree/src/b; echo b >tree/src/b");
	touched = time_of("src/b");
	apply_in_ci(&recorded);
	assert_int_equal(time_of("src/b"), touched);
}

static void
a_tree_where_somebody_works_is_left_alone(void **state)
{
	AUTO_SOURCES struct sources recorded = record_at(recorded_ns);
	struct source_times_request request = in_ci();
	AUTO_SOURCE_TIMES_RESULT struct source_times_result result = { 0 };

	(void)state;
	request.is_ci = false;
	is_left_alone(&request, &recorded, "not a CI job; --source-times sets them by hand");
	request.by_hand = true;
	apply(&request, &recorded, &result);
	assert_null(result.left_alone);
	assert_int_equal(time_of("src/a"), recorded_ns);
}

static void
uncommitted_changes_leave_all_times_alone(void **state)
{
	AUTO_SOURCES struct sources recorded = record_at(recorded_ns);
	struct source_times_request request = in_ci();

	(void)state;
	request.by_hand = true;
	shell("echo A >tree/src/a");
	is_left_alone(&request, &recorded, "'src/a' has an uncommitted change");
	shell("git -C tree add .");
	is_left_alone(&request, &recorded, "'src/a' has an uncommitted change");
	shell("rm tree/other/c");
	is_left_alone(&request, &recorded, "'other/c' and 1 more have uncommitted changes");
}

static void
objects_of_others_between_two_times_leave_all_alone(void **state)
{
	AUTO_SOURCES struct sources recorded = record_at(recorded_ns);
	const struct source_times_request request = in_ci();

	(void)state;
	shell("touch -d 2021-01-01 tree/src/b.o");
	is_left_alone(&request, &recorded, "'src/b.o', which git does not track");
	shell("touch -d 2001-01-01 tree/src/b.o");
	apply_in_ci(&recorded);
	assert_int_equal(time_of("src/b"), recorded_ns);
}

static void
what_a_build_made_after_the_checkout_may_stay(void **state)
{
	AUTO_SOURCES struct sources recorded = record_at(recorded_ns);

	(void)state;
	shell("sleep 0.02; touch tree/src/b.o");
	apply_in_ci(&recorded);
	assert_int_equal(time_of("src/b"), recorded_ns);
	assert_true(is_recent("src"));
}

static void
trees_that_this_restore_placed_are_no_objects_of_others(void **state)
{
	AUTO_SOURCES struct sources recorded = record_at(recorded_ns);
	AUTO_STRINGS struct strings placed = { 0 };
	struct source_times_request request = in_ci();
	AUTO_SOURCE_TIMES_RESULT struct source_times_result result = { 0 };

	(void)state;
	strings_add(&placed, "target");
	request.placed = &placed;
	request.tree.exclude = &placed;
	shell("mkdir tree/target; touch -d 2021-01-01 tree/target/b.o");
	apply(&request, &recorded, &result);
	assert_null(result.left_alone);
	assert_int_equal(time_of("src/b"), recorded_ns);
}

static int64_t
shift(const struct source_times_request *request, const struct sources *recorded)
{
	AUTO_SOURCES struct sources now = collect();
	AUTO_ERROR struct error *err = NULL;
	int64_t shift_ns = -1;

	assert_int_equal(source_times_shift(request, recorded, &now, &shift_ns, &err), 0);
	return shift_ns;
}

static void
a_cache_from_the_future_is_set_back_as_a_whole(void **state)
{
	struct source_times_request request = in_ci();
	int64_t future = ((int64_t)time(NULL) + 5400) * 1000000000;
	AUTO_SOURCES struct sources recorded = record_at(future - 5);
	AUTO_SOURCE_TIMES_RESULT struct source_times_result result = { 0 };

	(void)state;
	request.newest_ns = future;
	request.shift_ns = shift(&request, &recorded);
	assert_int_equal(request.shift_ns, (int64_t)2 * 3600 * 1000000000);
	assert_true(future - request.shift_ns < (int64_t)time(NULL) * 1000000000);
	apply(&request, &recorded, &result);
	assert_int_equal(time_of("src/a"), future - 5 - request.shift_ns);
	assert_non_null(strstr(result.notice, "ahead of this machine's clock"));
}

/* A developer's checkout is older than what CI saved, and has other content. */
static void
a_cache_goes_back_behind_sources_whose_times_must_stay(void **state)
{
	struct source_times_request request = in_ci();
	AUTO_SOURCES struct sources recorded = { 0 };
	AUTO_SOURCE_TIMES_RESULT struct source_times_result result = { 0 };

	(void)state;
	request.is_ci = false;
	shell("touch -d @1500000000 tree/src/a tree/src/b");
	recorded = record_at(recorded_ns);
	assert_int_equal(shift(&request, &recorded), 0);
	alter(&recorded, "src/a");
	request.shift_ns = shift(&request, &recorded);
	assert_true(cache_ns - request.shift_ns < (int64_t)1500000000 * 1000000000);
	assert_true(cache_ns - request.shift_ns > (int64_t)(1500000000 - 3700) * 1000000000);
	apply(&request, &recorded, &result);
	assert_non_null(result.left_alone);
	assert_int_equal(time_of("src/a"), (int64_t)1500000000 * 1000000000);
}

static void
a_changed_source_that_looks_older_than_the_cache_is_an_error(void **state)
{
	struct source_times_request request = in_ci();
	AUTO_SOURCES struct sources recorded = { 0 };
	AUTO_SOURCES struct sources now = { 0 };
	AUTO_SOURCE_TIMES_RESULT struct source_times_result result = { 0 };
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	request.is_ci = false;
	shell("touch -d @1500000000 tree/src/a");
	recorded = record_at(recorded_ns);
	alter(&recorded, "src/a");
	now = collect();
	assert_int_equal(source_times_apply(&request, &recorded, &now, &result, &err), -1);
	assert_string_equal(error_class(err), "source_times");
}

static void
a_save_leaves_out_what_changed_during_the_job(void **state)
{
	const struct source_times_request request = in_ci();
	AUTO_SOURCES struct sources recorded = record_at(recorded_ns);
	AUTO_SOURCES struct sources now = { 0 };
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	apply_in_ci(&recorded);
	shell("echo A >tree/src/a");
	now = collect();
	assert_int_equal(source_times_drop_touched(&request.tree, state_directory, &now, &err), 0);
	assert_null(sources_find(&now, "src/a"));
	assert_non_null(sources_find(&now, "src/b"));
	assert_int_equal(now.file_count, 2);
}

static void
two_checkouts_into_one_directory_are_not_fresh(void **state)
{
	const struct source_times_request request = in_ci();
	AUTO_SOURCES struct sources recorded = record_at(recorded_ns);
	AUTO_SOURCES struct sources now = collect();
	AUTO_SOURCE_TIMES_RESULT struct source_times_result result = { 0 };
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	now.items[sources_find(&now, "src/b") - now.items].ctime_ns += (int64_t)3600 * 1000000000;
	assert_int_equal(source_times_apply(&request, &recorded, &now, &result, &err), 0);
	assert_non_null(strstr(result.left_alone, "the checkout is not fresh"));
}

int
main(void)
{
#define IN_TREE(test) cmocka_unit_test_setup_teardown(test, enter, leave)
	const struct CMUnitTest tests[] = {
		IN_TREE(what_is_unchanged_gets_its_recorded_time),
		IN_TREE(what_changed_is_new_or_has_another_mode_gets_now),
		IN_TREE(a_directory_keeps_its_time_when_only_contents_changed),
		IN_TREE(the_latest_time_that_any_cache_asks_for_stays),
		IN_TREE(a_later_time_of_a_second_cache_counts),
		IN_TREE(changed_for_one_cache_is_changed_for_all),
		IN_TREE(changed_beats_a_time_that_was_set_before),
		IN_TREE(a_changed_file_is_not_set_again_without_need),
		IN_TREE(a_file_that_was_touched_since_is_never_set_back),
		IN_TREE(a_tree_where_somebody_works_is_left_alone),
		IN_TREE(uncommitted_changes_leave_all_times_alone),
		IN_TREE(objects_of_others_between_two_times_leave_all_alone),
		IN_TREE(what_a_build_made_after_the_checkout_may_stay),
		IN_TREE(trees_that_this_restore_placed_are_no_objects_of_others),
		IN_TREE(a_cache_from_the_future_is_set_back_as_a_whole),
		IN_TREE(a_cache_goes_back_behind_sources_whose_times_must_stay),
		IN_TREE(a_changed_source_that_looks_older_than_the_cache_is_an_error),
		IN_TREE(a_save_leaves_out_what_changed_during_the_job),
		IN_TREE(two_checkouts_into_one_directory_are_not_fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
