/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/error.h"
#include "stream/body.h"

static void
each_response_starts_the_buffer_afresh(void **state)
{
	AUTO_BUF struct buf buf = BUF_INIT(10);
	AUTO_ERROR struct error *err = NULL;
	struct body_buf body;

	(void)state;
	body_buf_init(&body, &buf);
	assert_int_equal(body_begin(&body.body, 0, &err), 0);
	assert_int_equal(body_write(&body.body, "half", 4, &err), 0);
	assert_int_equal(body_begin(&body.body, 0, &err), 0);
	assert_int_equal(body_write(&body.body, "who", 3, &err), 0);
	assert_int_equal(body_write(&body.body, "le", 2, &err), 0);
	assert_int_equal(body_end(&body.body, &err), 0);
	assert_string_equal(buf.data, "whole");
}

static void
a_buffer_wants_everything_and_never_knows_the_end(void **state)
{
	AUTO_BUF struct buf buf = BUF_INIT(10);
	struct body_buf body;

	(void)state;
	body_buf_init(&body, &buf);
	assert_int_equal(body_wanted(&body.body).first, 0);
	assert_int_equal(body_wanted(&body.body).end, 0);
	assert_false(body_is_complete(&body.body));
}

static void
the_limit_of_the_buffer_holds(void **state)
{
	AUTO_BUF struct buf buf = BUF_INIT(5);
	AUTO_ERROR struct error *err = NULL;
	struct body_buf body;

	(void)state;
	body_buf_init(&body, &buf);
	assert_int_equal(body_begin(&body.body, 0, &err), 0);
	assert_int_equal(body_write(&body.body, "12345", 5, &err), 0);
	assert_int_equal(body_write(&body.body, "6", 1, &err), -1);
	assert_int_equal(error_kind(err), ERROR_CONTENT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_response_starts_the_buffer_afresh),
		cmocka_unit_test(a_buffer_wants_everything_and_never_knows_the_end),
		cmocka_unit_test(the_limit_of_the_buffer_holds),
	};

	return cmocka_run_group_tests_name("body", tests, NULL, NULL);
}
