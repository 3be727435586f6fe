#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/error.h"

static void
refuses_to_grow_past_its_limit(void **state)
{
	AUTO_BUF struct buf buf = BUF_INIT(4);
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	assert_int_equal(buf_append(&buf, "abcd", 4, &err), 0);
	assert_int_equal(buf_append(&buf, "e", 1, &err), -1);
	assert_int_equal(error_kind(err), ERROR_CONTENT);
	assert_string_equal(buf.data, "abcd");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_to_grow_past_its_limit),
	};

	return cmocka_run_group_tests_name("buf", tests, NULL, NULL);
}
