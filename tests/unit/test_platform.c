/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/error.h"
#include "oci/platform.h"

static struct platform
parse(const char *text)
{
	AUTO_ERROR struct error *err = NULL;
	struct platform platform = { 0 };

	if (platform_parse(text, &platform, &err) < 0)
		fail_msg("%s", error_text(err));
	return platform;
}

static void
variant_that_goes_without_saying_is_not_said(void **state)
{
	static const char *const rows[][2] = {
		{ "linux/amd64", NULL },  { "linux/amd64/v1", NULL }, { "linux/amd64/v3", "v3" },
		{ "linux/arm64", NULL },  { "linux/arm64/v9", "v9" }, { "linux/arm", "v7" },
		{ "linux/arm/v6", "v6" }, { "linux/s390x", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		AUTO_PLATFORM struct platform platform = parse(rows[i][0]);
		AUTO_PLATFORM struct platform plain = { 0 };

		platform_copy_plain(&platform, &plain);
		assert_true(platform_equal(&platform, &plain));
		if (rows[i][1])
			assert_string_equal(plain.variant, rows[i][1]);
		else
			assert_null(plain.variant);
	}
}

static void
names_are_normalised(void **state)
{
	static const char *const rows[][2] = {
		{ "linux/amd64", "linux/amd64" },
		{ "linux/amd64/v1", "linux/amd64" },
		{ "linux/amd64/v3", "linux/amd64/v3" },
		{ "linux/x86_64", "linux/amd64" },
		{ "linux/x86-64", "linux/amd64" },
		{ "Linux/AMD64", "linux/amd64" },
		{ "linux/arm64", "linux/arm64" },
		{ "linux/arm64/v8", "linux/arm64" },
		{ "linux/arm64/8", "linux/arm64" },
		{ "linux/aarch64", "linux/arm64" },
		{ "linux/arm64/v9", "linux/arm64/v9" },
		{ "linux/arm", "linux/arm/v7" },
		{ "linux/arm/v7", "linux/arm/v7" },
		{ "linux/arm/7", "linux/arm/v7" },
		{ "linux/arm/v6", "linux/arm/v6" },
		{ "linux/armhf", "linux/arm/v7" },
		{ "linux/armel", "linux/arm/v6" },
		{ "linux/i386", "linux/386" },
		{ "linux/i686", "linux/386" },
		{ "linux/s390x", "linux/s390x" },
		{ "linux/riscv64/rva22u64", "linux/riscv64/rva22u64" },
		{ "macos/arm64", "darwin/arm64" },
		{ "windows/amd64", "windows/amd64" },
		{ "linux/loongarch64", "linux/loong64" },
		{ "linux/arm64/v8.0", "linux/arm64" },
		{ "linux/arm64/v9.0", "linux/arm64/v9" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		AUTO_PLATFORM struct platform platform = parse(rows[i][0]);
		AUTO_FREE char *text = platform_format(&platform);

		assert_string_equal(text, rows[i][1]);
	}
}

static void
what_is_no_platform_is_refused_with_an_example(void **state)
{
	static const char *const texts[] = { "",
					     "linux",
					     "amd64",
					     "linux/",
					     "/amd64",
					     "linux//v8",
					     "linux/arm64/",
					     "linux/arm64/v8/x",
					     "linux,amd64",
					     "linux/am d64",
					     "linux/amd64\n",
					     "*/amd64" };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct platform platform;
		AUTO_ERROR struct error *err = NULL;

		if (platform_parse(texts[i], &platform, &err) == 0)
			fail_msg("'%s' was taken", texts[i]);
		assert_int_equal(error_kind(err), ERROR_USAGE);
		assert_non_null(strstr(error_hint(err), "linux/arm64"));
	}
}

struct fit_row {
	const char *wanted;
	const char *offered; /* best first, then what does not fit after "|" */
};

static const struct fit_row fit_rows[] = {
	{ "linux/amd64", "linux/amd64|linux/amd64/v2 linux/arm64 linux/386 windows/amd64" },
	{ "linux/amd64/v1", "linux/amd64|linux/amd64/v2" },
	{ "linux/amd64/v3", "linux/amd64/v3 linux/amd64/v2 linux/amd64|linux/amd64/v4" },
	{ "linux/arm64",
	  "linux/arm64/v8|linux/arm64/v9 linux/arm64/v8.1 linux/arm/v7 linux/amd64" },
	{ "linux/arm64/v8", "linux/arm64|linux/arm" },
	{ "linux/arm64/v8.2", "linux/arm64/v8.2 linux/arm64/v8.1 linux/arm64/v8|linux/arm64/v8.3" },
	{ "linux/arm64/v9.1",
	  "linux/arm64/v9.1 linux/arm64/v9 linux/arm64/v8.6 "
	  "linux/arm64|linux/arm64/v8.7 linux/arm64/v9.2 linux/arm64/v8x linux/arm64/v8.10" },
	{ "linux/arm/v7", "linux/arm/v7 linux/arm/v6 linux/arm/v5|linux/arm/v8 linux/arm64" },
	{ "linux/arm", "linux/arm/v7 linux/arm/v6 linux/arm/v5|linux/arm/v8" },
	{ "linux/arm/v6", "linux/armel linux/arm/v5|linux/arm" },
	{ "linux/arm/v5", "linux/arm/v5|linux/arm/v6" },
	{ "linux/s390x", "linux/s390x|linux/s390x/z15" },
	{ "linux/riscv64/rva22u64", "linux/riscv64/rva22u64 linux/riscv64|linux/riscv64/rva20u64" },
	{ "darwin/arm64", "macos/arm64|linux/arm64" },
};

static unsigned
fit(const char *offered, const char *wanted)
{
	AUTO_PLATFORM struct platform left = parse(offered);
	AUTO_PLATFORM struct platform right = parse(wanted);

	return platform_fit(&left, &right);
}

static void
lower_variants_fit_and_the_nearest_fits_best(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(fit_rows) / sizeof(fit_rows[0]); i++) {
		char text[256] = "";
		unsigned last = UINT32_MAX;
		char *rest = text;
		char *fitting;

		strncat(text, fit_rows[i].offered, sizeof(text) - 1);
		fitting = strsep(&rest, "|");
		for (char *item; (item = strsep(&fitting, " "));) {
			unsigned value = fit(item, fit_rows[i].wanted);

			if (value == 0 || (value >= last && last != UINT32_MAX))
				fail_msg("%s for %s", item, fit_rows[i].wanted);
			last = value;
		}
		for (char *item; (item = strsep(&rest, " "));)
			if (fit(item, fit_rows[i].wanted) != 0)
				fail_msg("%s for %s", item, fit_rows[i].wanted);
	}
}

static void
equal_means_the_same_after_normalising(void **state)
{
	AUTO_PLATFORM struct platform plain = parse("linux/arm64");
	struct platform raw = { .os = (char *)(uintptr_t) "linux",
				.architecture = (char *)(uintptr_t) "aarch64",
				.variant = (char *)(uintptr_t) "v8" };

	(void)state;
	assert_true(platform_equal(&plain, &raw));
	raw.variant = (char *)(uintptr_t) "v9";
	assert_false(platform_equal(&plain, &raw));
	assert_false(platform_equal(&plain, &(struct platform){ 0 }));
}

static void
a_windows_version_binds_only_when_both_have_one(void **state)
{
	AUTO_PLATFORM struct platform a = parse("windows/amd64");
	struct platform b = a;

	(void)state;
	b.os_version = (char *)(uintptr_t) "10.0.17763.1";
	assert_int_not_equal(platform_fit(&b, &a), 0);
	assert_int_not_equal(platform_fit(&b, &b), 0);
	assert_false(platform_equal(&a, &b));
	a.os_version = strdup("10.0.20348.1");
	assert_int_equal(platform_fit(&b, &a), 0);
}

static void
the_host_is_a_platform(void **state)
{
	AUTO_PLATFORM struct platform host = { 0 };
	AUTO_FREE char *text = NULL;

	(void)state;
	platform_host(&host);
	text = platform_format(&host);
	assert_int_equal(strncmp(text, "linux/", 6), 0);
	assert_null(strchr(text, '_'));
	assert_int_not_equal(platform_fit(&host, &host), 0);
}

static void
a_list_knows_its_members(void **state)
{
	AUTO_PLATFORMS struct platforms platforms = { 0 };
	AUTO_PLATFORMS struct platforms copy = { 0 };
	AUTO_PLATFORM struct platform amd64 = parse("linux/amd64");
	AUTO_PLATFORM struct platform arm64 = parse("linux/arm64/v8");
	AUTO_FREE char *none = platforms_format(&platforms, ", ");
	AUTO_FREE char *text = NULL;

	(void)state;
	assert_string_equal(none, "");
	platforms_add(&platforms, &amd64);
	assert_false(platforms_has(&platforms, &arm64));
	platforms_add(&platforms, &arm64);
	assert_true(platforms_has(&platforms, &arm64));
	platforms_copy(&platforms, &copy);
	platforms_release(&platforms);
	text = platforms_format(&copy, ", ");
	assert_string_equal(text, "linux/amd64, linux/arm64");
}

static void
unknown_is_no_image(void **state)
{
	AUTO_PLATFORM struct platform unknown = parse("unknown/unknown");
	AUTO_PLATFORM struct platform known = parse("linux/amd64");

	(void)state;
	assert_true(platform_is_unknown(&unknown));
	assert_false(platform_is_unknown(&known));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_normalised),
		cmocka_unit_test(variant_that_goes_without_saying_is_not_said),
		cmocka_unit_test(what_is_no_platform_is_refused_with_an_example),
		cmocka_unit_test(lower_variants_fit_and_the_nearest_fits_best),
		cmocka_unit_test(equal_means_the_same_after_normalising),
		cmocka_unit_test(a_windows_version_binds_only_when_both_have_one),
		cmocka_unit_test(the_host_is_a_platform),
		cmocka_unit_test(a_list_knows_its_members),
		cmocka_unit_test(unknown_is_no_image),
	};

	return cmocka_run_group_tests_name("platform", tests, NULL, NULL);
}
