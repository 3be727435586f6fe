/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "oci/reference.h"
#include "reference_rows.h"

#define ROW_COUNT (sizeof(reference_rows) / sizeof(reference_rows[0]))

static void
assert_text(const char *actual, const char *expected)
{
	if (expected)
		assert_string_equal(actual, expected);
	else
		assert_null(actual);
}

static void
valid_row(void **state)
{
	const struct reference_row *row = *state;
	AUTO_REFERENCE struct reference reference = { 0 };
	AUTO_REFERENCE struct reference again = { 0 };
	AUTO_ERROR struct error *err = NULL;
	AUTO_FREE char *text = NULL;

	assert_int_equal(reference_parse(row->text, &reference, &err), 0);
	assert_string_equal(reference.host, row->host);
	assert_string_equal(reference.name, row->name);
	assert_text(reference.tag, row->tag);
	assert_string_equal(digest_text(&reference.digest).text, row->digest ? row->digest : "");
	text = reference_format(&reference);
	assert_int_equal(reference_parse(text, &again, &err), 0);
	assert_string_equal(again.host, reference.host);
	assert_string_equal(again.name, reference.name);
	assert_text(again.tag, reference.tag);
	assert_true(digest_equal(&again.digest, &reference.digest));
}

static void
refused_row(void **state)
{
	const struct reference_row *row = *state;
	struct reference reference = { .host = (char *)(uintptr_t) "untouched" };
	AUTO_ERROR struct error *err = NULL;

	assert_int_equal(reference_parse(row->text, &reference, &err), -1);
	assert_int_equal(error_kind(err), ERROR_USAGE);
	assert_string_equal(reference.host, "untouched");
	assert_null(reference.name);
	assert_true(text_is_printable_ascii(error_text(err)) || strstr(row->text, "\xc3"));
	assert_null(strstr(error_text(err), "secret"));
	if (error_hint(err))
		assert_null(strstr(error_hint(err), "secret"));
}

static void
a_password_is_never_repeated(void **state)
{
	static const char *const texts[] = {
		"user:secret@ghcr.io",
		"user:secret@ghcr.io:443",
		"user:s/secret@ghcr.io",
		"user:secret@secret@ghcr.io",
		"user:secret@ghcr.io/a:b@nothing",
		"https://user:secret@ghcr.io",
		"user:secret@",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct reference reference;
		AUTO_ERROR struct error *err = NULL;

		assert_int_equal(reference_parse(texts[i], &reference, &err), -1);
		assert_null(strstr(error_text(err), "secret"));
		assert_true(!error_hint(err) || !strstr(error_hint(err), "secret"));
	}
}

static void
assert_hint(const char *text, const char *expected)
{
	struct reference reference;
	AUTO_ERROR struct error *err = NULL;

	assert_int_equal(reference_parse(text, &reference, &err), -1);
	if (expected)
		assert_non_null(strstr(error_hint(err), expected));
	else
		assert_null(error_hint(err));
}

static void
a_name_without_host_gets_the_hint_that_would_work(void **state)
{
	(void)state;
	assert_hint("debian:12", "'docker.io/library/debian:12'");
	assert_hint("debian", "'docker.io/library/debian'");
	assert_hint("owner/app:1", "'docker.io/owner/app:1'");
	assert_hint("debian@" SHA256, "'docker.io/library/debian@" SHA256 "'");
	assert_hint("node:20.1", "'docker.io/library/node:20.1'");
	assert_hint("127.0.0.1:5000", NULL);
	assert_hint("localhost:5000", NULL);
	assert_hint("ghcr.io", NULL);
	assert_hint("[::1]:5000", NULL);
	assert_hint("", NULL);
	assert_hint("-x", NULL);
	assert_hint("Debian", NULL);
	assert_hint("user@ghcr.io/a", "ocifp login");
}

static void
assert_docker_name(const char *text, const char *expected)
{
	AUTO_FREE char *name = reference_docker_name(text);

	assert_text(name, expected);
}

static void
docker_means_its_own_registry_and_the_latest(void **state)
{
	(void)state;
	assert_docker_name("app", "docker.io/library/app:latest");
	assert_docker_name("my/app:v1", "docker.io/my/app:v1");
	assert_docker_name("docker.io/library/app:v1", "docker.io/library/app:v1");
	assert_docker_name("127.0.0.1:5000/app", "127.0.0.1:5000/app:latest");
	assert_docker_name("localhost/app", "localhost/app:latest");
	assert_docker_name("App", NULL);
	assert_docker_name("", NULL);
}

static void
a_copy_is_independent(void **state)
{
	AUTO_REFERENCE struct reference reference = { 0 };
	AUTO_REFERENCE struct reference copy = { 0 };
	AUTO_ERROR struct error *err = NULL;
	AUTO_FREE char *text = NULL;
	AUTO_FREE char *repository = NULL;

	(void)state;
	assert_int_equal(reference_parse("h.io/a:t@" SHA512, &reference, &err), 0);
	reference_copy(&reference, &copy);
	reference_release(&reference);
	assert_null(reference.host);
	text = reference_format(&copy);
	assert_string_equal(text, "h.io/a:t@" SHA512);
	repository = reference_repository(&copy);
	assert_string_equal(repository, "h.io/a");
}

static void
parts_are_judged_alone(void **state)
{
	(void)state;
	assert_true(reference_host_is_valid("ghcr.io"));
	assert_true(reference_host_is_valid("Registry:5000"));
	assert_true(reference_host_is_valid("localhost"));
	assert_true(reference_host_is_valid("[::1]:443"));
	assert_false(reference_host_is_valid("registry"));
	assert_false(reference_host_is_valid("ghcr.io."));
	assert_false(reference_host_is_valid("ghcr.io/a"));
	assert_false(reference_host_is_valid(""));
	assert_true(reference_name_is_valid("a/b"));
	assert_false(reference_name_is_valid(""));
	assert_false(reference_name_is_valid("a:b"));
	assert_true(reference_tag_is_valid("v1"));
	assert_false(reference_tag_is_valid(""));
	assert_false(reference_tag_is_valid("a/b"));
}

static struct CMUnitTest
row_test(const struct reference_row *row)
{
	AUTO_FREE char *quoted = text_quote_string(row->text);
	const char *verb = row->host ? "valid" : "refused";

	/* TAP takes what follows a '#' for a directive. */
	for (char *c = quoted; *c; c++)
		if (*c == '#')
			*c = '~';
	return (struct CMUnitTest){
		.name = xasprintf("%s-%s", verb, quoted),
		.test_func = row->host ? valid_row : refused_row,
		.initial_state = (void *)(uintptr_t)row,
	};
}

static int
parse_tag_of(int length)
{
	AUTO_FREE char *text = xasprintf("localhost/x:%0*d", length, 0);
	AUTO_REFERENCE struct reference reference = { 0 };
	AUTO_ERROR struct error *failure = NULL;

	return reference_parse(text, &reference, &failure);
}

static void
a_tag_has_a_limit(void **state)
{
	(void)state;
	assert_int_equal(parse_tag_of(TAG_LIMIT_CHARS), 0);
	assert_int_equal(parse_tag_of(TAG_LIMIT_CHARS + 1), -1);
}

#define NAMED_COUNT 6

int
main(void)
{
	struct CMUnitTest tests[NAMED_COUNT + ROW_COUNT] = {
		cmocka_unit_test(a_password_is_never_repeated),
		cmocka_unit_test(a_name_without_host_gets_the_hint_that_would_work),
		cmocka_unit_test(docker_means_its_own_registry_and_the_latest),
		cmocka_unit_test(a_copy_is_independent),
		cmocka_unit_test(parts_are_judged_alone),
		cmocka_unit_test(a_tag_has_a_limit),
	};
	int failed;

	for (size_t i = 0; i < ROW_COUNT; i++)
		tests[NAMED_COUNT + i] = row_test(&reference_rows[i]);
	failed = cmocka_run_group_tests_name("reference", tests, NULL, NULL);
	for (size_t i = NAMED_COUNT; i < NAMED_COUNT + ROW_COUNT; i++)
		free((char *)(uintptr_t)tests[i].name);
	return failed;
}
