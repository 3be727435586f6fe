/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/error.h"
#include "base/xalloc.h"
#include "store/ingest.h"
#include "store/store.h"
#include "store_room.h"
#include "stream/sink.h"

static void
make_blob(struct store *store, const char *text, struct measure *ret_measure)
{
	AUTO_ERROR struct error *err = NULL;
	AUTO_SINK struct sink *sink = store_new_blob(store, ret_measure, &err);

	if (!sink || sink_write(sink, text, 2, &err) < 0 ||
	    sink_write(sink, text + 2, strlen(text) - 2, &err) < 0 || sink_finish(sink, &err) < 0)
		fail_msg("%s", error_text(err));
}

static void
a_new_blob_has_the_digest_of_what_was_written(void **state)
{
	AUTO_STORE struct store *store = create_store("s");
	struct descriptor expected = blob_of("some text");
	AUTO_FREE char *path = path_of("s", "some text");
	AUTO_ERROR struct error *err = NULL;
	struct measure measure = { 0 };

	(void)state;
	make_blob(store, "some text", &measure);
	assert_true(digest_equal(&measure.digest, &expected.digest));
	assert_int_equal(measure.size_bytes, expected.size_bytes);
	assert_false(is_there(path));
	assert_true(store_has(store, &measure.digest, measure.size_bytes));
	assert_int_equal(store_commit(store, &err), 0);
	assert_holds(path, "some text");
}

static void
what_the_store_has_is_not_kept_twice(void **state)
{
	AUTO_STORE struct store *store = create_store("s");
	AUTO_ERROR struct error *err = NULL;
	struct measure measure = { 0 };

	(void)state;
	make_blob(store, "some text", &measure);
	make_blob(store, "some text", &measure);
	run("test $(ls s/.ocifp/ingest | wc -l) = 1");
	assert_int_equal(store_commit(store, &err), 0);
	make_blob(store, "some text", &measure);
	run("test -z \"$(ls s/.ocifp/ingest 2>/dev/null)\"");
}

static void
one_that_is_given_up_leaves_nothing(void **state)
{
	AUTO_STORE struct store *store = create_store("s");
	AUTO_ERROR struct error *err = NULL;
	struct measure measure = { 0 };
	AUTO_SINK struct sink *sink = store_new_blob(store, &measure, &err);

	(void)state;
	assert_int_equal(sink_write(sink, "some", 4, &err), 0);
	sink_free(TAKE_PTR(sink));
	assert_int_equal(measure.size_bytes, 0);
	run("test -z \"$(ls s/.ocifp/ingest 2>/dev/null)\"");
}

#define IN_ROOM(test) cmocka_unit_test_setup_teardown(test, enter_room, leave_room)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_ROOM(a_new_blob_has_the_digest_of_what_was_written),
		IN_ROOM(what_the_store_has_is_not_kept_twice),
		IN_ROOM(one_that_is_given_up_leaves_nothing),
	};

	return cmocka_run_group_tests_name("new_blob", tests, NULL, NULL);
}
