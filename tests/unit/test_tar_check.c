/* SPDX-License-Identifier: Apache-2.0 */
/* With the real program, which $OCIFP_LIBEXEC names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "fake_helper.h"
#include "layer/pack/tar_check.h"
#include "stream/compress.h"
#include "stream/sink.h"
#include "tar_file.h"

struct room {
	struct buf tar;
	char content[300000]; /* more than a pipe holds */
};

static int
set_up(void **state)
{
	struct room *room = XNEW(struct room);
	char path[] = "/tmp/ocifp-tar-check-XXXXXX";
	struct tar_file *tar;
	AUTO_CLOSE int fd = mkstemp(path);

	room->tar = BUF_INIT(MIB);
	for (size_t i = 0; i < sizeof(room->content); i++)
		room->content[i] = (char)(i * i >> 7);
	tar = tar_begin(path, "pax");
	tar_add_bytes(tar, "f", room->content, sizeof(room->content));
	tar_end(tar);
	assert_int_equal(fd_read_all(fd, &room->tar, path, NULL), 0);
	assert_int_equal(unlink(path), 0);
	*state = room;
	return 0;
}

static int
tear_down(void **state)
{
	struct room *room = *state;

	buf_release(&room->tar);
	free(room);
	return 0;
}

static int
check(enum compression compression, const void *bytes, size_t size, struct measure *ret_tar,
      struct error **err)
{
	struct sink *check = sink_tar_check(ret_tar, err);
	AUTO_SINK struct sink *sink = NULL;

	assert_non_null(check);
	sink = sink_compress(compression, 0, check);
	return sink_write(sink, bytes, size, err) < 0 ? -1 : sink_finish(sink, err);
}

static void
assert_measured(const struct room *room, enum compression compression)
{
	struct digest expected = digest_of(DIGEST_SHA256, room->tar.data, room->tar.size);
	AUTO_ERROR struct error *err = NULL;
	struct measure tar = { 0 };

	assert_int_equal(check(compression, room->tar.data, room->tar.size, &tar, &err), 0);
	assert_true(digest_equal(&tar.digest, &expected));
	assert_int_equal(tar.size_bytes, room->tar.size);
}

static void
a_tar_is_measured_as_it_is_and_as_it_inflates(void **state)
{
	assert_measured(*state, COMPRESSION_NONE);
	assert_measured(*state, COMPRESSION_GZIP);
	assert_measured(*state, COMPRESSION_ZSTD);
}

static void
assert_refused(enum compression compression, const void *bytes, size_t size)
{
	AUTO_ERROR struct error *err = NULL;
	struct measure tar = { .size_bytes = 1 };

	assert_int_equal(check(compression, bytes, size, &tar, &err), -1);
	assert_true(error_is(err, ERROR_CONTENT));
	assert_int_equal(tar.size_bytes, 1);
}

static void
what_is_cut_short_inside_a_member_is_refused(void **state)
{
	const struct room *room = *state;

	assert_refused(COMPRESSION_NONE, room->tar.data, sizeof(room->content));
	assert_refused(COMPRESSION_GZIP, room->tar.data, sizeof(room->content));
	assert_refused(COMPRESSION_NONE, room->tar.data, 100);
}

static void
one_bit_of_a_header_makes_it_none(void **state)
{
	struct room *room = *state;

	room->tar.data[0] ^= 1;
	assert_refused(COMPRESSION_NONE, room->tar.data, room->tar.size);
	room->tar.data[0] ^= 1;
}

/* Far more than what the child has read when it refuses. */
static void
what_is_no_tar_is_refused_as_such_however_long(void **state)
{
	const struct room *room = *state;

	assert_refused(COMPRESSION_NONE, room->content, sizeof(room->content));
	assert_refused(COMPRESSION_NONE, "", 0);
	assert_refused(COMPRESSION_ZSTD, "text", 4);
}

static void
one_that_is_left_unfinished_ends_its_child(void **state)
{
	AUTO_ERROR struct error *err = NULL;
	struct measure tar;
	struct sink *sink = sink_tar_check(&tar, &err);

	(void)state;
	assert_non_null(sink);
	assert_int_equal(sink_write(sink, "text", 4, &err), 0);
	sink_free(sink);
}

static void
expect_given_up(void)
{
	AUTO_FREE char *bytes = xcalloc(1, MIB);
	AUTO_ERROR struct error *err = NULL;
	struct measure tar;
	struct sink *sink = sink_tar_check(&tar, &err);

	assert_non_null(sink);
	time_flies = true;
	assert_int_equal(sink_write(sink, bytes, MIB, &err), -1);
	assert_string_equal(error_text(err), "the confined helper has made no progress for 300 s");
	sink_free(sink);
}

static void
a_child_that_reads_no_more_is_given_up(void **state)
{
	(void)state;
	with_helper(stopping_helper, expect_given_up);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_tar_is_measured_as_it_is_and_as_it_inflates),
		cmocka_unit_test(what_is_cut_short_inside_a_member_is_refused),
		cmocka_unit_test(one_bit_of_a_header_makes_it_none),
		cmocka_unit_test(what_is_no_tar_is_refused_as_such_however_long),
		cmocka_unit_test(one_that_is_left_unfinished_ends_its_child),
		cmocka_unit_test(a_child_that_reads_no_more_is_given_up),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests_name("tar_check", tests, set_up, tear_down);
}
