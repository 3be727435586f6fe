/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "registry/presence.h"

struct row {
	const char *name;
	struct evidence evidence;
	enum absence_proof proof;
};

/* Literals in fields that own their text elsewhere. */
#define TEXT(literal) ((char *)(uintptr_t)(literal))

static const struct row rows[] = {
	{ "a manifest is unknown",
	  { .http_status = 404, .code = TEXT("MANIFEST_UNKNOWN") },
	  ABSENCE_PROVEN },
	{ "a repository is unknown",
	  { .http_status = 404, .code = TEXT("NAME_UNKNOWN"), .message = TEXT("no such name") },
	  ABSENCE_PROVEN },
	{ "not found", { .http_status = 404, .code = TEXT("NOT_FOUND") }, ABSENCE_PROVEN },
	{ "after a challenge that was met",
	  { .http_status = 404,
	    .code = TEXT("MANIFEST_UNKNOWN"),
	    .challenged = true,
	    .authorized = true },
	  ABSENCE_PROVEN },
	{ "after a challenge that was not met",
	  { .http_status = 404, .code = TEXT("MANIFEST_UNKNOWN"), .challenged = true },
	  ABSENCE_NOT_PROVEN },
	{ "the registry dislikes our Accept",
	  { .http_status = 404,
	    .code = TEXT("MANIFEST_UNKNOWN"),
	    .message = TEXT("OCI index found, but Accept header does not support OCI indexes") },
	  ABSENCE_NOT_PROVEN },
	{ "an Accept in other letters",
	  { .http_status = 404, .code = TEXT("NOT_FOUND"), .message = TEXT("not aCCeptable") },
	  ABSENCE_NOT_PROVEN },
	{ "no code", { .http_status = 404 }, ABSENCE_NEEDS_CONFIRMATION },
	{ "no code, but about Accept",
	  { .http_status = 404, .message = TEXT("check ACCEPT") },
	  ABSENCE_NOT_PROVEN },
	{ "a page of a proxy", { .http_status = 404, .is_page = true }, ABSENCE_NOT_PROVEN },
	{ "another host, where a redirect led",
	  { .http_status = 404, .code = TEXT("MANIFEST_UNKNOWN"), .is_elsewhere = true },
	  ABSENCE_NOT_PROVEN },
	{ "a code that is not about absence",
	  { .http_status = 404, .code = TEXT("UNSUPPORTED") },
	  ABSENCE_NOT_PROVEN },
	{ "a code in small letters",
	  { .http_status = 404, .code = TEXT("manifest_unknown") },
	  ABSENCE_NOT_PROVEN },
	{ "unauthorized",
	  { .http_status = 401, .code = TEXT("MANIFEST_UNKNOWN") },
	  ABSENCE_NOT_PROVEN },
	{ "forbidden", { .http_status = 403, .code = TEXT("NAME_UNKNOWN") }, ABSENCE_NOT_PROVEN },
	{ "gone is not missing", { .http_status = 410 }, ABSENCE_NOT_PROVEN },
	{ "rate limited",
	  { .http_status = 429, .code = TEXT("MANIFEST_UNKNOWN") },
	  ABSENCE_NOT_PROVEN },
	{ "a broken server",
	  { .http_status = 500, .code = TEXT("MANIFEST_UNKNOWN") },
	  ABSENCE_NOT_PROVEN },
	{ "no answer", { .http_status = 0, .code = TEXT("NOT_FOUND") }, ABSENCE_NOT_PROVEN },
	{ "a success", { .http_status = 200, .code = TEXT("NOT_FOUND") }, ABSENCE_NOT_PROVEN },
};

static void
only_a_404_with_a_fitting_reason_proves_absence(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (presence_judge_404(&rows[i].evidence) != rows[i].proof)
			fail_msg("%s", rows[i].name);
}

static void
presence_has_three_names(void **state)
{
	(void)state;
	assert_string_equal(presence_name(PRESENCE_PRESENT), "present");
	assert_string_equal(presence_name(PRESENCE_ABSENT), "absent");
	assert_string_equal(presence_name(PRESENCE_UNKNOWN), "unknown");
}

static void
zeroed_evidence_is_unknown(void **state)
{
	AUTO_EVIDENCE struct evidence evidence = { 0 };

	(void)state;
	assert_int_equal(evidence.presence, PRESENCE_UNKNOWN);
	assert_int_equal(presence_judge_404(&evidence), ABSENCE_NOT_PROVEN);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_a_404_with_a_fitting_reason_proves_absence),
		cmocka_unit_test(presence_has_three_names),
		cmocka_unit_test(zeroed_evidence_is_unknown),
	};

	return cmocka_run_group_tests_name("presence", tests, NULL, NULL);
}
