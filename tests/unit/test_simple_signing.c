/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/error.h"
#include "oci/simple_signing.h"

#define DIGEST "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define CLAIM(optional) \
	"{\"critical\":{\"identity\":{\"docker-reference\":\"a.b/c\"},\"image\":{" \
	"\"docker-manifest-digest\":\"" DIGEST "\"}," \
	"\"type\":\"cosign container image signature\"},\"optional\":" optional "}"

static void
claim_is_written_as_cosign_writes_it(void **state)
{
	struct simple_signing claim = { .reference = (char[]){ "a.b/c" } };
	AUTO_ERROR struct error *err = NULL;
	AUTO_FREE char *plain = NULL;
	AUTO_FREE char *with = NULL;

	(void)state;
	assert_int_equal(digest_parse(DIGEST, &claim.digest, &err), 0);
	plain = simple_signing_format(&claim);
	assert_string_equal(plain, CLAIM("null"));
	claim.fingerprint = (char[]){ "12" };
	with = simple_signing_format(&claim);
	assert_string_equal(with, CLAIM("{\"dev.ocifp.fingerprint\":\"12\"}"));
}

static void
claim_reads_back_whatever_else_it_says(void **state)
{
	static const struct {
		const char *text;
		const char *fingerprint;
	} cases[] = {
		{ CLAIM("null"), NULL },
		{ CLAIM("{}"), NULL },
		{ CLAIM("{\"creator\":1,\"dev.ocifp.fingerprint\":\"12\"}"), "12" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		AUTO_SIMPLE_SIGNING struct simple_signing claim = { 0 };
		AUTO_ERROR struct error *err = NULL;

		assert_int_equal(
			simple_signing_parse(cases[i].text, strlen(cases[i].text), &claim, &err),
			0);
		assert_string_equal(claim.reference, "a.b/c");
		assert_string_equal(digest_text(&claim.digest).text, DIGEST);
		if (cases[i].fingerprint)
			assert_string_equal(claim.fingerprint, cases[i].fingerprint);
		else
			assert_null(claim.fingerprint);
	}
}

static void
what_is_no_claim_is_refused(void **state)
{
	static const char *const cases[] = {
		"",
		"[]",
		"{}",
		"{\"critical\":[]}",
		CLAIM("[]"),
		CLAIM("{\"dev.ocifp.fingerprint\":1}"),
		CLAIM("null") "x",
		"{\"critical\":{\"identity\":{},\"image\":{\"docker-manifest-digest\":\"" DIGEST
		"\"},\"type\":\"cosign container image signature\"}}",
		"{\"critical\":{\"identity\":{\"docker-reference\":\"a.b/c\"},\"image\":{"
		"\"docker-manifest-digest\":\"sha256:1\"},"
		"\"type\":\"cosign container image signature\"}}",
		"{\"critical\":{\"identity\":{\"docker-reference\":\"a.b/c\"},\"image\":{"
		"\"docker-manifest-digest\":\"" DIGEST "\"},"
		"\"type\":\"atomic container signature\"}}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		AUTO_SIMPLE_SIGNING struct simple_signing claim = { 0 };
		AUTO_ERROR struct error *err = NULL;

		if (simple_signing_parse(cases[i], strlen(cases[i]), &claim, &err) == 0)
			fail_msg("taken: %s", cases[i]);
		assert_int_equal(error_kind(err), ERROR_CONTENT);
		assert_null(claim.reference);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(claim_is_written_as_cosign_writes_it),
		cmocka_unit_test(claim_reads_back_whatever_else_it_says),
		cmocka_unit_test(what_is_no_claim_is_refused),
	};

	return cmocka_run_group_tests_name("simple_signing", tests, NULL, NULL);
}
