/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <time.h>

#include "base/error.h"
#include "store/store.h"
#include "store/uses.h"
#include "store_room.h"

static struct store *
open_own(void)
{
	AUTO_ERROR struct error *err = NULL;
	struct store *store = store_open_own("own", &(struct store_options){ 0 }, &err);

	if (!store)
		fail_msg("%s", error_text(err));
	return store;
}

static void
set(struct store *store, const char *name, const struct descriptor *descriptor)
{
	AUTO_ERROR struct error *err = NULL;

	if (store_set_reference(store, name, descriptor, &err) < 0)
		fail_msg("%s", error_text(err));
}

static void
find(struct store *store, const char *name)
{
	AUTO_DESCRIPTOR struct descriptor descriptor = { 0 };
	AUTO_ERROR struct error *err = NULL;
	bool found = false;

	assert_int_equal(store_find_reference(store, name, &descriptor, &found, &err), 0);
	assert_true(found);
}

static void
a_reference_has_the_times_when_it_came_and_was_used(void **state)
{
	AUTO_STORE struct store *store = open_own();
	struct descriptor image = add_manifest(store, "layer", NULL);
	AUTO_ERROR struct error *err = NULL;
	bool found = false;

	(void)state;
	assert_int_equal(use_find(store, "a/b:1").last_s, 0);
	set(store, "a/b:1", &image);
	assert_in_range(use_find(store, "a/b:1").since_s, time(NULL) - 60, time(NULL));
	assert_in_range(use_find(store, "a/b:1").last_s, time(NULL) - 60, time(NULL));
	assert_int_equal(store_remove_reference(store, "a/b:1", &found, &err), 0);
	assert_int_equal(use_find(store, "a/b:1").last_s, 0);
}

static void
each_use_is_noted_and_the_time_of_its_coming_stays(void **state)
{
	AUTO_STORE struct store *store = open_own();
	struct descriptor image = add_manifest(store, "layer", NULL);
	struct use before;

	(void)state;
	set(store, "a/b:1", &image);
	run("for f in own/.ocifp/used/*; do echo 1000 >$f; touch -d @2000 $f; done");
	before = use_find(store, "a/b:1");
	assert_int_equal(before.since_s, 1000);
	assert_int_equal(before.last_s, 2000);
	find(store, "a/b:1");
	assert_int_equal(use_find(store, "a/b:1").since_s, 1000);
	assert_true(use_find(store, "a/b:1").last_s > 2000);
	run("touch -d @2000 own/.ocifp/used/*");
	set(store, "a/b:1", &image);
	assert_int_equal(use_find(store, "a/b:1").since_s, 1000);
	assert_true(use_find(store, "a/b:1").last_s > 2000);
}

static void
what_stands_in_its_place_is_not_read(void **state)
{
	AUTO_STORE struct store *store = open_own();
	struct descriptor image = add_manifest(store, "layer", NULL);

	(void)state;
	set(store, "a/b:1", &image);
	run("for f in own/.ocifp/used/*; do rm $f; mkfifo $f; done");
	assert_int_equal(use_find(store, "a/b:1").last_s, 0);
	use_note(store, "a/b:1");
	run("for f in own/.ocifp/used/*; do rm $f; ln -s /etc/hostname $f; done");
	assert_int_equal(use_find(store, "a/b:1").last_s, 0);
	run("for f in own/.ocifp/used/*; do rm $f; echo x >$f; done");
	assert_int_equal(use_find(store, "a/b:1").since_s, 0);
}

static void
a_layout_of_another_tool_gets_no_notes(void **state)
{
	AUTO_STORE struct store *store = create_store("layout");
	struct descriptor image = add_manifest(store, "layer", NULL);

	(void)state;
	set(store, "1", &image);
	find(store, "1");
	assert_false(is_there("layout/.ocifp/used"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_reference_has_the_times_when_it_came_and_was_used,
						enter_room, leave_room),
		cmocka_unit_test_setup_teardown(each_use_is_noted_and_the_time_of_its_coming_stays,
						enter_room, leave_room),
		cmocka_unit_test_setup_teardown(what_stands_in_its_place_is_not_read, enter_room,
						leave_room),
		cmocka_unit_test_setup_teardown(a_layout_of_another_tool_gets_no_notes, enter_room,
						leave_room),
	};

	return cmocka_run_group_tests_name("uses", tests, NULL, NULL);
}
