/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "oci/statement.h"

#define V1 "https://in-toto.io/Statement/v1"

static int
parse(const char *text, struct statement *ret_statement)
{
	AUTO_ERROR struct error *failure = NULL;
	int ret = statement_parse(text, strlen(text), ret_statement, &failure);

	assert_int_equal(ret == 0, failure == NULL);
	if (ret < 0)
		assert_true(error_is(failure, ERROR_CONTENT));
	return ret;
}

static void
assert_refused(const char *text)
{
	struct statement statement = { 0 };

	assert_int_equal(parse(text, &statement), -1);
	assert_null(statement.predicate_type);
}

static void
what_is_written_is_read(void **state)
{
	struct statement_subject subject = { .name = xstrdup("host/name"),
					     .digest = digest_of(DIGEST_SHA512, "x", 1),
					     .fingerprint = xstrdup("abc") };
	AUTO_FREE char *text = statement_format("https://x/y", &subject);
	AUTO_STATEMENT struct statement statement = { 0 };

	(void)state;
	assert_int_equal(parse(text, &statement), 0);
	assert_string_equal(statement.predicate_type, "https://x/y");
	assert_int_equal(statement.subject_count, 1);
	assert_string_equal(statement.subjects[0].name, "host/name");
	assert_string_equal(statement.subjects[0].fingerprint, "abc");
	assert_true(digest_equal(&statement.subjects[0].digest, &subject.digest));
	free(subject.name);
	free(subject.fingerprint);
}

static void
what_a_subject_leaves_out_is_not_said(void **state)
{
	AUTO_STATEMENT struct statement statement = { 0 };

	(void)state;
	assert_int_equal(
		parse("{\"_type\":\"https://in-toto.io/Statement/v0.1\",\"predicateType\":\"t\","
		      "\"subject\":[{\"name\":\"\",\"digest\":{\"gitCommit\":\"12\"}},{}]}",
		      &statement),
		0);
	assert_int_equal(statement.subject_count, 2);
	assert_null(statement.subjects[0].name);
	assert_int_equal(statement.subjects[0].digest.algorithm, DIGEST_NONE);
	assert_null(statement.subjects[1].fingerprint);
}

static void
a_subject_with_two_digests_may_be_known_by_either(void **state)
{
	struct digest first = digest_of(DIGEST_SHA256, "x", 1);
	struct digest second = digest_of(DIGEST_SHA512, "x", 1);
	AUTO_FREE char *text = xasprintf("{\"_type\":\"" V1
					 "\",\"predicateType\":\"t\",\"subject\":[{\"name\":\"n\","
					 "\"digest\":{\"sha512\":\"%s\",\"sha256\":\"%s\"}},{}]}",
					 digest_hex(&second).text, digest_hex(&first).text);
	AUTO_STATEMENT struct statement statement = { 0 };

	(void)state;
	assert_int_equal(parse(text, &statement), 0);
	assert_int_equal(statement.subject_count, 3);
	assert_true(digest_equal(&statement.subjects[0].digest, &first));
	assert_true(digest_equal(&statement.subjects[1].digest, &second));
	assert_string_equal(statement.subjects[1].name, "n");
	assert_null(statement.subjects[2].name);
}

static void
what_is_not_a_statement_is_refused(void **state)
{
	(void)state;
	assert_refused("");
	assert_refused("[]");
	assert_refused("{\"_type\":\"" V1 "\",\"predicateType\":\"t\",\"subject\":[]}");
	assert_refused("{\"_type\":\"" V1 "\",\"predicateType\":\"t\",\"subject\":[7]}");
	assert_refused("{\"_type\":\"" V1 "\",\"subject\":[{}]}");
	assert_refused("{\"_type\":\"https://in-toto.io/Link/v1\",\"predicateType\":\"t\","
		       "\"subject\":[{}]}");
	assert_refused("{\"_type\":\"" V1 "\",\"predicateType\":\"t\","
		       "\"subject\":[{\"digest\":{\"sha256\":\"12\"}}]}");
}

static int
parse_subjects(size_t count)
{
	AUTO_FREE char *items = xcalloc(3 * count + 1, 1);
	AUTO_FREE char *text = NULL;
	AUTO_STATEMENT struct statement statement = { 0 };

	for (size_t i = 0; i < count; i++)
		memcpy(items + 3 * i, i + 1 < count ? "{}," : "{} ", 3);
	text = xasprintf("{\"_type\":\"" V1 "\",\"predicateType\":\"t\",\"subject\":[%s]}", items);
	return parse(text, &statement);
}

static void
subjects_have_a_limit(void **state)
{
	(void)state;
	assert_int_equal(parse_subjects(SUBJECTS_LIMIT_COUNT), 0);
	assert_int_equal(parse_subjects(SUBJECTS_LIMIT_COUNT + 1), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(what_a_subject_leaves_out_is_not_said),
		cmocka_unit_test(a_subject_with_two_digests_may_be_known_by_either),
		cmocka_unit_test(what_is_not_a_statement_is_refused),
		cmocka_unit_test(subjects_have_a_limit),
	};

	return cmocka_run_group_tests_name("statement", tests, NULL, NULL);
}
