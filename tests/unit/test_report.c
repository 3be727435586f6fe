/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/error.h"
#include "cli/exit_status.h"
#include "cli/output/json.h"
#include "cli/output/report.h"

static void
each_kind_has_its_own_number(void **state)
{
	static const int numbers[ERROR_KIND_COUNT] = {
		[ERROR_FAILURE] = 1, [ERROR_USAGE] = 2,         [ERROR_ABSENT] = 3,
		[ERROR_DENIED] = 4,  [ERROR_UNAVAILABLE] = 5,   [ERROR_RATE] = 6,
		[ERROR_CONTENT] = 7, [ERROR_PLATFORM] = 8,      [ERROR_REFUSED] = 9,
		[ERROR_LOCAL] = 10,  [ERROR_BUILD] = 11,        [ERROR_TIMEOUT] = 124,
		[ERROR_JOB] = 125,   [ERROR_NOT_INVOKED] = 126, [ERROR_NOT_FOUND] = 127,
	};

	(void)state;
	for (unsigned kind = 0; kind < ERROR_KIND_COUNT; kind++) {
		AUTO_ERROR struct error *error = NULL;

		error_set(&error, (enum error_kind)kind, "x");
		assert_int_equal(exit_status_of(error)->number, numbers[kind]);
	}
	assert_int_equal(exit_status_of(NULL)->number, 0);
}

static void
the_last_line_is_one_line_with_the_hint(void **state)
{
	AUTO_ERROR struct error *error = NULL;
	AUTO_FREE char *line = NULL;

	(void)state;
	error_set(&error, ERROR_LOCAL, "cannot read 'a\nb'");
	error_set_hint(&error, "rename it");
	line = report_line(error);
	assert_string_equal(line, "cannot read 'a\\x0ab'; rename it");
}

static void
the_object_holds_what_the_registry_said(void **state)
{
	AUTO_ERROR struct error *error = NULL;
	AUTO_FREE char *line = NULL;

	(void)state;
	error_set(&error, ERROR_RATE, "too many requests");
	error_set_class(&error, CLASS_SERVER);
	error_set_remote(&error, &(struct error_remote){ .http_status = 429,
							 .code = "TOOMANYREQUESTS",
							 .request_id = "AB:12",
							 .retryable = true });
	line = json_take_line(report_object(error));
	assert_string_equal(
		line,
		"{\"error\":{\"status\":6,\"kind\":\"rate\",\"class\":\"server\","
		"\"message\":\"too many requests\",\"hint\":null,\"http_status\":429,"
		"\"code\":\"TOOMANYREQUESTS\",\"request_id\":\"AB:12\",\"retryable\":true}}\n");
}

static void
an_invalid_byte_does_not_lose_the_object(void **state)
{
	AUTO_ERROR struct error *error = NULL;
	AUTO_FREE char *line = NULL;

	(void)state;
	error_set(&error, ERROR_LOCAL, "cannot read '\xff'");
	line = json_take_line(report_object(error));
	assert_non_null(strstr(line, "cannot read '\\\\xff'"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind_has_its_own_number),
		cmocka_unit_test(the_last_line_is_one_line_with_the_hint),
		cmocka_unit_test(the_object_holds_what_the_registry_said),
		cmocka_unit_test(an_invalid_byte_does_not_lose_the_object),
	};

	return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
