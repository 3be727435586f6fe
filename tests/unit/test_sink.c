/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "ability.h"
#include "base/error.h"
#include "base/xalloc.h"
#include "stream/sink.h"

/* What reached the bottom of a stack of sinks. */
struct seen {
	char bytes[16];
	size_t size;
	bool committed;
	bool freed;
	bool fails;
	const struct seen *after; /* must be ahead of us */
};

struct spy_sink {
	struct sink sink;
	struct seen *seen;
};

static int
spy_write(struct sink *sink, const void *bytes, size_t size, struct error **err)
{
	struct seen *seen = ((struct spy_sink *)sink)->seen;

	if (seen->fails)
		return error_set(err, ERROR_LOCAL, "the spy fails");
	memcpy(seen->bytes + seen->size, bytes, size);
	seen->size += size;
	if (seen->after)
		assert_true(seen->after->size >= seen->size);
	return 0;
}

static int
spy_finish(struct sink *sink, struct error **err)
{
	struct seen *seen = ((struct spy_sink *)sink)->seen;

	(void)err;
	if (seen->after)
		assert_true(seen->after->committed);
	seen->committed = true;
	return 0;
}

static void
spy_free(struct sink *sink)
{
	((struct spy_sink *)sink)->seen->freed = true;
	free(sink);
}

static struct sink *
sink_spy(struct seen *seen)
{
	static const struct sink_ops ops = { spy_write, spy_finish, spy_free };
	struct spy_sink *self = XNEW(struct spy_sink);

	self->sink.ops = &ops;
	self->seen = seen;
	return &self->sink;
}

static void
what_passed_is_measured(void **state)
{
	struct digest digest = digest_of(DIGEST_SHA256, "hello", 5);
	AUTO_ERROR struct error *err = NULL;
	struct measure measure = { 0 };
	struct seen seen = { 0 };
	AUTO_SINK struct sink *sink = sink_measure(&measure, sink_spy(&seen));

	(void)state;
	assert_int_equal(sink_write(sink, "he", 2, &err), 0);
	assert_int_equal(sink_write(sink, "llo", 3, &err), 0);
	assert_int_equal(measure.size_bytes, 0);
	assert_int_equal(sink_finish(sink, &err), 0);
	assert_int_equal(measure.size_bytes, 5);
	assert_true(digest_equal(&measure.digest, &digest));
	assert_memory_equal(seen.bytes, "hello", 5);
	assert_true(seen.committed);
}

static void
a_tee_serves_its_first_branch_first(void **state)
{
	AUTO_ERROR struct error *err = NULL;
	struct seen first = { 0 };
	struct seen second = { .after = &first };
	AUTO_SINK struct sink *sink = sink_tee(sink_spy(&first), sink_spy(&second));

	(void)state;
	assert_int_equal(sink_write(sink, "abc", 3, &err), 0);
	assert_int_equal(sink_finish(sink, &err), 0);
	assert_memory_equal(second.bytes, "abc", 3);
	assert_true(second.committed);
}

static void
a_tee_fails_with_either_branch(void **state)
{
	(void)state;
	for (int which = 0; which < 2; which++) {
		AUTO_ERROR struct error *err = NULL;
		struct seen first = { .fails = which == 0 };
		struct seen second = { .fails = which == 1 };
		AUTO_SINK struct sink *sink = sink_tee(sink_spy(&first), sink_spy(&second));

		assert_int_equal(sink_write(sink, "abc", 3, &err), -1);
		assert_int_equal(error_kind(err), ERROR_LOCAL);
		sink_free(TAKE_PTR(sink));
		assert_true(first.freed && second.freed);
		assert_false(first.committed || second.committed);
	}
}

static void
a_file_gets_every_byte_and_stays_open(void **state)
{
	AUTO_ERROR struct error *err = NULL;
	FILE *file = tmpfile();
	AUTO_SINK struct sink *sink = sink_fd(fileno(file), "file");
	char bytes[8] = "";

	(void)state;
	assert_int_equal(sink_write(sink, "abc", 3, &err), 0);
	assert_int_equal(sink_write(sink, "de", 2, &err), 0);
	assert_int_equal(sink_finish(sink, &err), 0);
	sink_free(TAKE_PTR(sink));
	assert_int_equal(pread(fileno(file), bytes, sizeof(bytes), 0), 5);
	assert_string_equal(bytes, "abcde");
	(void)fclose(file);
}

static void
a_full_disk_is_a_local_error_that_names_the_file(void **state)
{
	AUTO_ERROR struct error *err = NULL;
	FILE *full = fopen("/dev/full", "w");
	AUTO_SINK struct sink *sink = NULL;

	(void)state;
	need("full_device");
	assert_non_null(full);
	sink = sink_fd(fileno(full), "the report");
	assert_int_equal(sink_write(sink, "abc", 3, &err), -1);
	assert_int_equal(error_kind(err), ERROR_LOCAL);
	assert_non_null(strstr(error_text(err), "the report"));
	(void)fclose(full);
}

static void
nothing_takes_everything(void **state)
{
	AUTO_ERROR struct error *err = NULL;
	AUTO_SINK struct sink *sink = sink_null();

	(void)state;
	assert_int_equal(sink_write(sink, "abc", 3, &err), 0);
	assert_int_equal(sink_finish(sink, &err), 0);
}

struct listener {
	struct observer observer; /* first */
	uint64_t packed_bytes;
};

static void
hear(struct observer *observer, const struct event *event)
{
	assert_int_equal(event->kind, EVENT_PACKED);
	((struct listener *)observer)->packed_bytes += event->bytes;
}

static void
what_passes_is_told_as_it_goes(void **state)
{
	struct listener listener = { .observer.hear = hear };
	struct seen seen = { 0 };
	AUTO_ERROR struct error *err = NULL;
	AUTO_SINK struct sink *sink = sink_count(&listener.observer, EVENT_PACKED, sink_spy(&seen));

	(void)state;
	assert_int_equal(sink_write(sink, "abc", 3, &err), 0);
	assert_int_equal(listener.packed_bytes, 3);
	assert_int_equal(sink_write(sink, "de", 2, &err), 0);
	assert_int_equal(sink_finish(sink, &err), 0);
	assert_int_equal(listener.packed_bytes, 5);
	assert_true(seen.committed);
	assert_int_equal(seen.size, 5);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_passed_is_measured),
		cmocka_unit_test(what_passes_is_told_as_it_goes),
		cmocka_unit_test(a_tee_serves_its_first_branch_first),
		cmocka_unit_test(a_tee_fails_with_either_branch),
		cmocka_unit_test(a_file_gets_every_byte_and_stays_open),
		cmocka_unit_test(a_full_disk_is_a_local_error_that_names_the_file),
		cmocka_unit_test(nothing_takes_everything),
	};

	return cmocka_run_group_tests_name("sink", tests, NULL, NULL);
}
