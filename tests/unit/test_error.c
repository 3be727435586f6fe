/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "base/error.h"

static void
wrapping_puts_the_intent_before_the_cause(void **state)
{
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	assert_int_equal(error_set(&err, ERROR_UNAVAILABLE, "connection %s", "refused"), -1);
	assert_int_equal(error_wrap(&err, "layer %d", 3), -1);
	assert_int_equal(error_wrap(&err, "cannot pull '%s'", "x"), -1);
	assert_string_equal(error_text(err), "cannot pull 'x': layer 3: connection refused");
	assert_int_equal(error_kind(err), ERROR_UNAVAILABLE);
}

static void
what_is_passed_on_is_the_same_error(void **state)
{
	AUTO_ERROR struct error *err = NULL;
	struct error *failure = NULL;
	const struct error *same;

	(void)state;
	error_set(&failure, ERROR_RATE, "too fast");
	same = failure;
	assert_int_equal(error_pass(&err, failure), -1);
	assert_ptr_equal(err, same);
}

static void
text_that_was_set_is_no_format_when_wrapped(void **state)
{
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	error_set(&err, ERROR_CONTENT, "%s", "100%n %s");
	error_wrap(&err, "outer");
	assert_string_equal(error_text(err), "outer: 100%n %s");
}

static void
errno_decides_the_kind(void **state)
{
	static const struct {
		int errnum;
		enum error_kind kind;
	} cases[] = {
		{ ENOENT, ERROR_LOCAL },   { EACCES, ERROR_LOCAL },   { ENOSPC, ERROR_LOCAL },
		{ EIO, ERROR_LOCAL },      { ENOMEM, ERROR_FAILURE }, { EMFILE, ERROR_FAILURE },
		{ ENFILE, ERROR_FAILURE }, { EAGAIN, ERROR_FAILURE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		AUTO_ERROR struct error *err = NULL;

		assert_int_equal(error_set_errno(&err, cases[i].errnum, "x"), -1);
		assert_int_equal(error_kind(err), cases[i].kind);
	}
}

static void
a_full_disk_has_its_class_and_its_remedy(void **state)
{
	static const int full[] = { ENOSPC, EDQUOT };
	AUTO_ERROR struct error *other = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(full) / sizeof(full[0]); i++) {
		AUTO_ERROR struct error *err = NULL;

		error_set_path(&err, full[i], "write", "f");
		assert_string_equal(error_class(err), "space");
		assert_non_null(strstr(error_hint(err), "free some space"));
	}
	error_set_path(&other, EROFS, "write", "f");
	assert_null(error_class(other));
	assert_null(error_hint(other));
}

static void
errno_gives_the_cause_in_words(void **state)
{
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	errno = EIO;
	error_set_errno(&err, ENOENT, "cannot open '%s'", "f");
	assert_string_equal(error_text(err), "cannot open 'f': No such file or directory");
}

static void
a_path_in_a_message_is_quoted(void **state)
{
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	assert_int_equal(error_set_path(&err, EACCES, "open", "a\n::error"), -1);
	assert_string_equal(error_text(err), "cannot open 'a\\x0a:\\:error': Permission denied");
	assert_int_equal(error_kind(err), ERROR_LOCAL);
}

static void
the_first_hint_stays(void **state)
{
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	error_set(&err, ERROR_USAGE, "x");
	assert_null(error_hint(err));
	assert_int_equal(error_set_hint(&err, "try %d", 1), -1);
	assert_int_equal(error_set_hint(&err, "try %d", 2), -1);
	assert_string_equal(error_hint(err), "try 1");
}

static void
class_hint_and_kind_survive_wrapping(void **state)
{
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	error_set(&err, ERROR_REFUSED, "x");
	assert_null(error_class(err));
	assert_int_equal(error_set_class(&err, CLASS_TLS), -1);
	error_set_hint(&err, "look");
	error_wrap(&err, "y");
	assert_string_equal(error_class(err), "tls");
	assert_string_equal(error_hint(err), "look");
	assert_true(error_is(err, ERROR_REFUSED));
	assert_false(error_is(err, ERROR_LOCAL));
	assert_false(error_is(NULL, ERROR_LOCAL));
}

static void
what_a_registry_said_is_copied(void **state)
{
	AUTO_ERROR struct error *err = NULL;
	char code[] = "DENIED";
	char id[] = "1234";
	struct error_remote remote = { 403, code, id, false };

	(void)state;
	error_set(&err, ERROR_DENIED, "x");
	assert_int_equal(error_remote(err)->http_status, 0);
	assert_null(error_remote(err)->code);
	assert_int_equal(error_set_remote(&err, &remote), -1);
	code[0] = id[0] = '\0';
	assert_string_equal(error_remote(err)->code, "DENIED");
	assert_string_equal(error_remote(err)->request_id, "1234");
	assert_int_equal(error_remote(err)->http_status, 403);
}

static void
what_a_registry_said_may_be_replaced_even_by_itself(void **state)
{
	AUTO_ERROR struct error *err = NULL;
	struct error_remote remote = { 500, "UNKNOWN", NULL, true };

	(void)state;
	error_set(&err, ERROR_UNAVAILABLE, "x");
	error_set_remote(&err, &remote);
	error_set_remote(&err, error_remote(err));
	assert_string_equal(error_remote(err)->code, "UNKNOWN");
	assert_null(error_remote(err)->request_id);
	assert_true(error_remote(err)->retryable);
}

static void
freeing_nothing_is_fine(void **state)
{
	(void)state;
	error_free(NULL);
}

/* Messages of a child and --status-file carry the name. */
static void
every_class_has_a_name_of_its_own(void **state)
{
	(void)state;
	for (int i = CLASS_NONE + 1; i < ERROR_CLASS_COUNT; i++) {
		AUTO_ERROR struct error *err = NULL;

		error_set(&err, ERROR_FAILURE, "x");
		error_set_class(&err, (enum error_class)i);
		assert_non_null(error_class(err));
		assert_int_equal(error_class_parse(error_class(err)), i);
		assert_true(error_has_class(err, (enum error_class)i));
	}
	assert_int_equal(error_class_parse("never heard of"), CLASS_NONE);
	assert_int_equal(error_class_parse(NULL), CLASS_NONE);
	assert_false(error_has_class(NULL, CLASS_NONE));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_class_has_a_name_of_its_own),
		cmocka_unit_test(wrapping_puts_the_intent_before_the_cause),
		cmocka_unit_test(what_is_passed_on_is_the_same_error),
		cmocka_unit_test(text_that_was_set_is_no_format_when_wrapped),
		cmocka_unit_test(errno_decides_the_kind),
		cmocka_unit_test(a_full_disk_has_its_class_and_its_remedy),
		cmocka_unit_test(errno_gives_the_cause_in_words),
		cmocka_unit_test(a_path_in_a_message_is_quoted),
		cmocka_unit_test(the_first_hint_stays),
		cmocka_unit_test(class_hint_and_kind_survive_wrapping),
		cmocka_unit_test(what_a_registry_said_is_copied),
		cmocka_unit_test(what_a_registry_said_may_be_replaced_even_by_itself),
		cmocka_unit_test(freeing_nothing_is_fine),
	};

	return cmocka_run_group_tests_name("error", tests, NULL, NULL);
}
