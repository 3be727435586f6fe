/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/utf8.h"
#include "base/xalloc.h"

static const struct {
	const char *text;
	const char *quoted;
} quotes[] = {
	{ "", "" },
	{ "manifest unknown: 'x' \"y\" #1", "manifest unknown: 'x' \"y\" #1" },
	{ "caf\xc3\xa9 \xe6\x97\xa5 \xf0\x9f\x98\x80",
	  "caf\xc3\xa9 \xe6\x97\xa5 \xf0\x9f\x98\x80" },
	/* C0, DEL, C1 */
	{ "a\nb\rc\td\be\a", "a\\x0ab\\x0dc\\x09d\\x08e\\x07" },
	{ "\x1b[31m", "\\x1b[31m" },
	{ "\x1b]8;;http://x\x1b\\y", "\\x1b]8;;http://x\\x1b\\\\y" },
	{ "\x1b]52;c;aGk=\a", "\\x1b]52;c;aGk=\\x07" },
	{ "\x1bP1$q\x1b\\", "\\x1bP1$q\\x1b\\\\" },
	{ "\x7f", "\\x7f" },
	{ "\xc2\x80\xc2\x9b\xc2\x9f\xc2\xa0", "\\xc2\\x80\\xc2\\x9b\\xc2\\x9f\xc2\xa0" },
	/* bidirectional controls and line separators, and their neighbours */
	{ "\xd8\x9c", "\\xd8\\x9c" },
	{ "\xe2\x80\x8d\xe2\x80\x8e\xe2\x80\x8f", "\xe2\x80\x8d\\xe2\\x80\\x8e\\xe2\\x80\\x8f" },
	{ "\xe2\x80\xa7\xe2\x80\xa8\xe2\x80\xa9", "\xe2\x80\xa7\\xe2\\x80\\xa8\\xe2\\x80\\xa9" },
	{ "\xe2\x80\xaa\xe2\x80\xab", "\\xe2\\x80\\xaa\\xe2\\x80\\xab" },
	{ "\xe2\x80\xac\xe2\x80\xad", "\\xe2\\x80\\xac\\xe2\\x80\\xad" },
	{ "\xe2\x80\xae\xe2\x80\xaf", "\\xe2\\x80\\xae\xe2\x80\xaf" },
	{ "\xe2\x81\xa5\xe2\x81\xa6\xe2\x81\xa7", "\xe2\x81\xa5\\xe2\\x81\\xa6\\xe2\\x81\\xa7" },
	{ "\xe2\x81\xa8\xe2\x81\xa9\xe2\x81\xaa", "\\xe2\\x81\\xa8\\xe2\\x81\\xa9\xe2\x81\xaa" },
	/* broken UTF-8 */
	{ "a\x9b\x80\xff", "a\\x9b\\x80\\xff" },
	{ "\xe2\x80", "\\xe2\\x80" },
	{ "\xc0\xaf", "\\xc0\\xaf" },
	{ "\xed\xa0\x80", "\\xed\\xa0\\x80" },
	/* what CI runners take for commands */
	{ "::set-env name=x::y", ":\\:set-env name=x:\\:y" },
	{ "  ::error::x", "  :\\:error:\\:x" },
	{ ":::", ":\\:\\:" },
	{ "x ##[error]y", "x #\\#[error]y" },
	{ "##vso[task.setvariable]", "#\\#vso[task.setvariable]" },
	{ "##VSO[x]", "#\\#VSO[x]" },
	{ "##teamcity[x]", "#\\#teamcity[x]" },
	{ "###[x", "#\\#\\#[x" },
	/* what looks like an escape is told from one */
	{ "\\x1b", "\\\\x1b" },
	{ ":\\:", ":\\\\:" },
};

static void
quoted_text_steers_neither_terminal_nor_runner(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(quotes) / sizeof(quotes[0]); i++) {
		AUTO_FREE char *quoted = text_quote_string(quotes[i].text);

		assert_string_equal(quoted, quotes[i].quoted);
	}
}

static void
what_a_program_wrote_is_one_line(void **state)
{
	AUTO_FREE char *lines = text_quote_message("a\nb \r\n", 6);
	AUTO_FREE char *blank = text_quote_message("\n\n", 2);
	AUTO_FREE char *nothing = text_quote_message(NULL, 0);

	(void)state;
	assert_string_equal(lines, "a b");
	assert_string_equal(blank, "");
	assert_string_equal(nothing, "");
}

static void
a_nul_is_escaped_and_does_not_end_the_text(void **state)
{
	AUTO_FREE char *quoted = text_quote("a\0b", 3);

	(void)state;
	assert_string_equal(quoted, "a\\x00b");
}

static void
assert_harmless(const char *text)
{
	size_t size = strlen(text);

	assert_true(size <= REMOTE_TEXT_LIMIT_BYTES);
	assert_null(strstr(text, "::"));
	assert_null(strstr(text, "##"));
	for (size_t i = 0; i < size;) {
		uint32_t code = 0;
		size_t length = utf8_decode(text + i, size - i, &code);

		assert_int_not_equal(length, 0);
		assert_true(code >= 0x20 && (code < 0x7f || code >= 0xa0));
		assert_false(code >= 0x2028 && code <= 0x202e);
		assert_false(code >= 0x2066 && code <= 0x2069);
		i += length;
	}
}

/* Bytes that matter, in every order that 20,000 draws give. */
static void
no_mixture_of_bytes_gets_through(void **state)
{
	static const char bytes[] = ":#[\\x\x1b\n\x7f\x80\x9b\xa6\xae\xc2\xe2\x81\xf0\xff vso";
	uint32_t random = 1;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		AUTO_FREE char *quoted = NULL;
		char text[24];

		for (size_t i = 0; i < sizeof(text); i++) {
			random = random * 1664525 + 1013904223;
			text[i] = bytes[(random >> 16) % (sizeof(bytes) - 1)];
		}
		quoted = text_quote(text, sizeof(text));
		assert_harmless(quoted);
	}
}

static void
quotes_up_to_its_limit_and_cuts_one_byte_past(void **state)
{
	char text[REMOTE_TEXT_LIMIT_BYTES + 2];
	AUTO_FREE char *whole = NULL;
	AUTO_FREE char *cut = NULL;

	(void)state;
	memset(text, 'a', sizeof(text));
	whole = text_quote(text, REMOTE_TEXT_LIMIT_BYTES);
	assert_int_equal(strlen(whole), REMOTE_TEXT_LIMIT_BYTES);
	assert_false(text_ends(whole, "."));
	cut = text_quote(text, REMOTE_TEXT_LIMIT_BYTES + 1);
	assert_int_equal(strlen(cut), REMOTE_TEXT_LIMIT_BYTES);
	assert_true(text_ends(cut, "a..."));
}

static void
never_cuts_inside_a_character_or_an_escape(void **state)
{
	static const char *const characters[] = { "\xf0\x9f\x98\x80", "\xe2\x80\xae", "\x1b",
						  "::" };
	const size_t size = 2 * REMOTE_TEXT_LIMIT_BYTES;
	AUTO_FREE char *text = xcalloc(1, size);

	(void)state;
	for (size_t i = 0; i < sizeof(characters) / sizeof(characters[0]); i++) {
		size_t length = strlen(characters[i]);

		for (size_t shift = 0; shift < 12; shift++) {
			AUTO_FREE char *quoted = NULL;
			char *tail;

			memset(text, 'a', size);
			for (size_t at = shift; at + length <= size; at += length)
				memcpy(text + at, characters[i], length);
			quoted = text_quote(text, size);
			assert_harmless(quoted);
			assert_true(text_ends(quoted, "..."));
			tail = strrchr(quoted, '\\');
			assert_true(!tail || tail[1] != 'x' || strlen(tail) == 4 + 3);
		}
	}
}

static void
a_very_long_text_is_cut(void **state)
{
	const size_t size = 10 * MIB;
	AUTO_FREE char *text = xcalloc(1, size);
	AUTO_FREE char *quoted = NULL;

	(void)state;
	memset(text, '\n', size);
	quoted = text_quote(text, size);
	assert_harmless(quoted);
}

static const struct {
	const char *url;
	const char *quoted;
} urls[] = {
	{ "https://h/p", "https://h/p" },
	{ "https://h:5000/p?sig=secret&x", "https://h:5000/p?..." },
	{ "https://h?sig=secret", "https://h?..." },
	{ "https://h/p#token=secret", "https://h/p#..." },
	{ "https://user:secret@h/p", "https://h/p" },
	{ "https://user:se@cret@h/p?q", "https://h/p?..." },
	{ "//user:secret@h/p", "//h/p" },
	{ "user:secret@h/p", "h/p" },
	{ "/v2/x/blobs/uploads/1?_state=secret", "/v2/x/blobs/uploads/1?..." },
	{ "/v2/a@b/c", "/v2/a@b/c" },
	{ "https://h/a@b", "https://h/a@b" },
	{ "https://h/\x1b[0m\n", "https://h/\\x1b[0m\\x0a" },
	{ "", "" },
};

static void
a_quoted_url_shows_no_query_and_no_user(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		AUTO_FREE char *quoted = text_quote_url(urls[i].url);

		assert_string_equal(quoted, urls[i].quoted);
	}
}

static void
starts_and_ends_compare_whole_affixes(void **state)
{
	(void)state;
	assert_true(text_starts("abc", "ab"));
	assert_true(text_starts("abc", ""));
	assert_true(text_starts("abc", "abc"));
	assert_false(text_starts("ab", "abc"));
	assert_false(text_starts("xab", "ab"));
	assert_true(text_ends("abc", "bc"));
	assert_true(text_ends("abc", ""));
	assert_true(text_ends("abc", "abc"));
	assert_false(text_ends("bc", "abc"));
	assert_false(text_ends("bcx", "bc"));
}

static void
printable_ascii_is_space_to_tilde(void **state)
{
	(void)state;
	assert_true(text_is_printable_ascii(""));
	assert_true(text_is_printable_ascii(" ~aZ09"));
	assert_false(text_is_printable_ascii("a\r\nb"));
	assert_false(text_is_printable_ascii("\x1f"));
	assert_false(text_is_printable_ascii("\x7f"));
	assert_false(text_is_printable_ascii("\x80"));
	assert_false(text_is_printable_ascii("a\xc3\xa9"));
}

static void
hex_goes_there_and_back(void **state)
{
	static const uint8_t bytes[] = { 0x00, 0x0f, 0xf0, 0x9a, 0xff };
	uint8_t parsed[sizeof(bytes)] = { 0 };
	char hex[2 * sizeof(bytes) + 1];

	(void)state;
	text_hex(bytes, sizeof(bytes), hex);
	assert_string_equal(hex, "000ff09aff");
	assert_true(text_parse_hex(hex, sizeof(parsed), parsed));
	assert_memory_equal(parsed, bytes, sizeof(bytes));
}

static void
hex_of_another_form_is_refused_and_changes_nothing(void **state)
{
	static const char *const wrong[] = { "",      "0",    "000",  "00000", "0000g",
					     "0000 ", "00FF", "00fg", " 0ff",  "0x00" };

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		uint8_t parsed[2] = { 1, 2 };

		assert_false(text_parse_hex(wrong[i], sizeof(parsed), parsed));
		assert_memory_equal(parsed, ((uint8_t[]){ 1, 2 }), 2);
	}
}

static const struct {
	const char *text;
	uint64_t max;
	bool is_number;
	uint64_t value;
} numbers[] = {
	{ "0", 0, true, 0 },
	{ "007", 10, true, 7 },
	{ "18446744073709551615", UINT64_MAX, true, UINT64_MAX },
	{ "18446744073709551616", UINT64_MAX, false, 0 },
	{ "99999999999999999999999", UINT64_MAX, false, 0 },
	{ "10", 10, true, 10 },
	{ "11", 10, false, 0 },
	{ "", 10, false, 0 },
	{ "-1", UINT64_MAX, false, 0 },
	{ "+1", 10, false, 0 },
	{ " 1", 10, false, 0 },
	{ "1 ", 10, false, 0 },
	{ "1x", 10, false, 0 },
	{ "0x1", 10, false, 0 },
	{ "1.0", 10, false, 0 },
};

static void
a_number_is_decimal_digits_in_range(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		uint64_t value = 42;
		bool is_number = text_parse_uint(numbers[i].text, numbers[i].max, &value);

		assert_int_equal(is_number, numbers[i].is_number);
		assert_true(value == (is_number ? numbers[i].value : 42));
	}
}

static void
a_size_has_binary_units(void **state)
{
	static const struct {
		const char *text;
		uint64_t bytes; /* 7: none */
	} rows[] = {
		{ "0", 0 },
		{ "1000000", 1000000 },
		{ "5b", 5 },
		{ "512m", (uint64_t)512 << 20 },
		{ "2G", (uint64_t)2 << 30 },
		{ "4GiB", (uint64_t)4 << 30 },
		{ "3TiB", (uint64_t)3 << 40 },
		{ "18446744073709551615", UINT64_MAX },
		{ "16777215t", (uint64_t)16777215 << 40 },
		{ "16777216t", 7 },
		{ "18446744073709551616", 7 },
		{ "", 7 },
		{ "m", 7 },
		{ "5biB", 7 },
		{ "5mi", 7 },
		{ "5mb", 7 },
		{ "5 m", 7 },
		{ "-5m", 7 },
		{ "1.5g", 7 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t bytes = 7;

		assert_int_equal(text_parse_size(rows[i].text, &bytes), rows[i].bytes != 7);
		assert_true(bytes == rows[i].bytes);
	}
}

static const struct {
	const char *text;
	int64_t ms; /* -1: none */
} durations[] = {
	{ "0", 0 },
	{ "90", 90000 },
	{ "1.5", 1500 },
	{ "1.5s", 1500 },
	{ "500ms", 500 },
	{ "2m", 120000 },
	{ "1h30m", 5400000 },
	{ "1h0m0.5s", 3600500 },
	{ "2d", 172800000 },
	{ "0.1d", 8640000 },
	{ "44.158818ms", 45 },
	{ "1.000000000000000000000000001s", 1000 },
	{ "1ns", 1 },
	{ "1000000ns", 1 },
	{ "100us", 1 },
	{ "1.5\xc2\xb5s", 1 },
	{ "2000\xce\xbcs", 2 },
	{ "18446744073s", 18446744073000 },
	{ "18446744074s", -1 },
	{ "18446744073709551615", -1 },
	{ "99999999999999999999", -1 },
	{ "213503d213503d", -1 },
	{ "", -1 },
	{ "s", -1 },
	{ "-1s", -1 },
	{ "+1s", -1 },
	{ "1 s", -1 },
	{ "1h30", -1 },
	{ "1.", -1 },
	{ "1.s", -1 },
	{ ".5s", -1 },
	{ "1.5.5s", -1 },
	{ "1w", -1 },
	{ "1S", -1 },
	{ "1e3", -1 },
	{ "Wed, 21 Oct 2015 07:28:00 GMT", -1 },
};

static void
a_duration_is_what_sleep_and_go_print(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(durations) / sizeof(durations[0]); i++) {
		int64_t ms = -1;

		assert_int_equal(text_parse_duration_ms(durations[i].text, &ms),
				 durations[i].ms >= 0);
		assert_true(ms == durations[i].ms);
	}
}

static const struct {
	uint64_t size_bytes;
	const char *text;
} sizes[] = {
	{ 0, "0 B" },
	{ 999, "999 B" },
	{ 1000, "1.0 kB" },
	{ 1049, "1.0 kB" },
	{ 1050, "1.1 kB" },
	{ 999949, "999.9 kB" },
	{ 999950, "1.0 MB" },
	{ 786000000, "786.0 MB" },
	{ 1234567890, "1.2 GB" },
	{ 5000000000000, "5.0 TB" },
	{ 5000000000000000, "5.0 PB" },
	{ 999950000000000000, "1.0 EB" },
	{ UINT64_MAX, "18.4 EB" },
};

static void
sizes_are_in_decimal_units(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		AUTO_FREE char *text = text_bytes(sizes[i].size_bytes);

		assert_string_equal(text, sizes[i].text);
	}
}

static void
a_time_is_what_configs_and_registries_write(void **state)
{
	static const struct {
		const char *text;
		int64_t seconds;
	} times[] = {
		{ "1970-01-01T00:00:00Z", 0 },
		{ "2026-01-02T03:04:05Z", 1767323045 },
		{ "2026-01-02t03:04:05z", 1767323045 },
		{ "2026-01-02T03:04:05.123456789Z", 1767323045 },
		{ "2026-01-02T04:34:05+01:30", 1767323045 },
		{ "2026-01-01T22:04:05.5-05:00", 1767323045 },
		{ "1969-12-31T23:59:59Z", -1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		int64_t seconds = 7;

		assert_true(text_parse_time(times[i].text, &seconds));
		assert_int_equal(seconds, times[i].seconds);
	}
}

static void
what_is_no_whole_time_is_none(void **state)
{
	static const char *const texts[] = {
		"",
		"never",
		"2026-01-02",
		"2026-01-02T03:04:05",
		"2026-01-02T03:04:05.Z",
		"2026-01-02T03:04:05Zx",
		"2026-01-02T03:04:05+01:0",
		"2026-01-02T03:04:05+01:000",
		"2026-01-02 03:04:05Z",
		"2026-00-02T03:04:05Z",
		"2026-13-02T03:04:05Z",
		" 2026-01-02T03:04:05Z",
		"1767323045",
	};
	int64_t seconds;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (text_parse_time(texts[i], &seconds))
			fail_msg("'%s' was taken", texts[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(quoted_text_steers_neither_terminal_nor_runner),
		cmocka_unit_test(what_a_program_wrote_is_one_line),
		cmocka_unit_test(a_nul_is_escaped_and_does_not_end_the_text),
		cmocka_unit_test(no_mixture_of_bytes_gets_through),
		cmocka_unit_test(quotes_up_to_its_limit_and_cuts_one_byte_past),
		cmocka_unit_test(never_cuts_inside_a_character_or_an_escape),
		cmocka_unit_test(a_very_long_text_is_cut),
		cmocka_unit_test(a_quoted_url_shows_no_query_and_no_user),
		cmocka_unit_test(starts_and_ends_compare_whole_affixes),
		cmocka_unit_test(printable_ascii_is_space_to_tilde),
		cmocka_unit_test(hex_goes_there_and_back),
		cmocka_unit_test(hex_of_another_form_is_refused_and_changes_nothing),
		cmocka_unit_test(a_number_is_decimal_digits_in_range),
		cmocka_unit_test(a_size_has_binary_units),
		cmocka_unit_test(a_duration_is_what_sleep_and_go_print),
		cmocka_unit_test(sizes_are_in_decimal_units),
		cmocka_unit_test(a_time_is_what_configs_and_registries_write),
		cmocka_unit_test(what_is_no_whole_time_is_none),
	};

	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
