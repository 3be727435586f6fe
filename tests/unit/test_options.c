/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <string.h>

#include "base/error.h"
#include "cli/options/options.h"
#include "oci/platform.h"

struct values {
	bool flag;
	const char *string;
	struct strings list;
	unsigned number;
	int64_t time_ms;
	struct platforms platforms;
};

#define AT(member) offsetof(struct values, member)

static const struct option_spec specs[] = {
	{ "flag", 'f', OPTION_FLAG, AT(flag), NULL, "" },
	{ "string", 's', OPTION_STRING, AT(string), "TEXT", "" },
	{ "list", 'l', OPTION_STRINGS, AT(list), "TEXT", "" },
	{ "number", 0, OPTION_UINT, AT(number), "N", "" },
	{ "time", 0, OPTION_DURATION, AT(time_ms), "TIME", "" },
	{ "platform", 0, OPTION_PLATFORMS, AT(platforms), "OS/ARCH", "" },
	{ "how", 0, OPTION_STRING, AT(string), "auto|never", "" },
	{ 0 },
};

struct parsed {
	struct values values;
	struct option_table tables[2];
	struct operands operands;
	struct error *error;
	int result;
};

enum { MOST_WORDS = 16 };

/* `line` is split at spaces; `options_end`: see struct operands. */
static void
parse_until(struct parsed *parsed, char *line, size_t options_end)
{
	char *argv[MOST_WORDS] = { (char[]){ "command" } };
	int argc = 1;

	for (char *word; (word = strsep(&line, " "));)
		argv[argc++] = word;
	*parsed = (struct parsed){ .tables = { { NULL, NULL }, { specs, NULL } } };
	parsed->tables[1].values = &parsed->values;
	parsed->operands.options_end = options_end;
	parsed->result =
		options_parse(parsed->tables, 2, argc, argv, &parsed->operands, &parsed->error);
}

static void
parse(struct parsed *parsed, char *line)
{
	parse_until(parsed, line, 0);
}

static void
release(struct parsed *parsed)
{
	options_release(parsed->tables, 2);
	strings_release(&parsed->operands.words);
	error_free(parsed->error);
}

static void
every_type_gets_its_value(void **state)
{
	char line[] = "-f --string=a=b -l one --list two --number 7 --time 1m30s "
		      "--platform linux/amd64,linux/arm64";
	struct parsed parsed;

	(void)state;
	parse(&parsed, line);
	assert_int_equal(parsed.result, 0);
	assert_true(parsed.values.flag);
	assert_string_equal(parsed.values.string, "a=b");
	assert_int_equal(parsed.values.list.count, 2);
	assert_string_equal(parsed.values.list.items[1], "two");
	assert_int_equal(parsed.values.number, 7);
	assert_int_equal(parsed.values.time_ms, 90000);
	assert_int_equal(parsed.values.platforms.count, 2);
	assert_string_equal(parsed.values.platforms.items[1].architecture, "arm64");
	release(&parsed);
}

static void
operands_may_stand_between_options(void **state)
{
	char line[] = "first -f second -s x third - -- --flag -z";
	static const char *const wanted[] = { "first", "second", "third", "-", "--flag", "-z" };
	struct parsed parsed;

	(void)state;
	parse(&parsed, line);
	assert_int_equal(parsed.result, 0);
	assert_int_equal(parsed.operands.words.count, 6);
	for (size_t i = 0; i < 6; i++)
		assert_string_equal(parsed.operands.words.items[i], wanted[i]);
	release(&parsed);
}

static void
options_end_with_so_many_words(void **state)
{
	char line[] = "first -f second --flag -- -z";
	static const char *const wanted[] = { "first", "second", "--flag", "--", "-z" };
	struct parsed parsed;

	(void)state;
	parse_until(&parsed, line, 2);
	assert_int_equal(parsed.result, 0);
	assert_true(parsed.values.flag);
	assert_int_equal(parsed.operands.named_count, 2);
	assert_int_equal(parsed.operands.words.count, 5);
	for (size_t i = 0; i < 5; i++)
		assert_string_equal(parsed.operands.words.items[i], wanted[i]);
	release(&parsed);
}

static void
letters_may_be_joined(void **state)
{
	char line[] = "-fsvalue -fl one --how auto --how never";
	struct parsed parsed;

	(void)state;
	parse(&parsed, line);
	assert_int_equal(parsed.result, 0);
	assert_string_equal(parsed.values.string, "never");
	assert_string_equal(parsed.values.list.items[0], "one");
	release(&parsed);
}

static void
mistakes_are_usage_errors(void **state)
{
	static const struct {
		const char *line;
		const char *text;
	} cases[] = {
		{ "--bogus", "option '--bogus' is not known" },
		{ "--bogus=secret", "option '--bogus' is not known" },
		{ "-x", "option '-x' is not known" },
		{ "-fx", "option '-x' is not known" },
		{ "--flag=1", "option '--flag' takes no value" },
		{ "--string", "option '--string' needs a value" },
		{ "-s", "option '-s' needs a value" },
		{ "-s -- x", "option '-s' needs a value before '--'" },
		{ "--string -- x", "option '--string' needs a value before '--'" },
		{ "--fla", "option '--fla' is not known" },
		{ "--str x", "option '--str' is not known" },
		{ "--number 0",
		  "option '--number': invalid number '0': expected a positive number" },
		{ "--number x",
		  "option '--number': invalid number 'x': expected a positive number" },
		{ "--number -1",
		  "option '--number': invalid number '-1': expected a positive number" },
		{ "--number 4294967296",
		  "option '--number': invalid number '4294967296': expected a positive number" },
		{ "--how aut", "option '--how': invalid value 'aut': expected auto|never" },
		{ "--how=", "option '--how': invalid value '': expected auto|never" },
		{ "--time soon", "option '--time': invalid duration 'soon'" },
		{ "--fl --number x", "option '--fl' is not known" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char line[64] = "";
		struct parsed parsed;

		memcpy(line, cases[i].line, strlen(cases[i].line));
		parse(&parsed, line);
		assert_int_equal(parsed.result, -1);
		assert_true(error_is(parsed.error, ERROR_USAGE));
		assert_string_equal(error_text(parsed.error), cases[i].text);
		release(&parsed);
	}
}

static void
a_bad_platform_names_its_option(void **state)
{
	char line[] = "--platform linux/amd64,,";
	struct parsed parsed;

	(void)state;
	parse(&parsed, line);
	assert_int_equal(parsed.result, -1);
	assert_true(error_is(parsed.error, ERROR_USAGE));
	assert_non_null(strstr(error_text(parsed.error), "option '--platform': "));
	release(&parsed);
}

static void
options_behind_a_mistake_still_count(void **state)
{
	char line[] = "--bogus operand --flag";
	struct parsed parsed;

	(void)state;
	parse(&parsed, line);
	assert_int_equal(parsed.result, -1);
	assert_true(parsed.values.flag);
	release(&parsed);
}

static void
a_choice_is_lower_case_with_a_bar(void **state)
{
	(void)state;
	assert_true(choice_is("auto|never", 10));
	assert_false(choice_is("IMAGE|REF", 9));
	assert_false(choice_is("auto", 4));
	assert_false(choice_is("", 0));
	assert_true(choice_has("auto|never", "auto"));
	assert_true(choice_has("auto|never", "never"));
	assert_false(choice_has("auto|never", "nev"));
	assert_false(choice_has("auto|never", "auto|never"));
	assert_false(choice_has("auto|never", ""));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_choice_is_lower_case_with_a_bar),
		cmocka_unit_test(every_type_gets_its_value),
		cmocka_unit_test(operands_may_stand_between_options),
		cmocka_unit_test(options_end_with_so_many_words),
		cmocka_unit_test(letters_may_be_joined),
		cmocka_unit_test(mistakes_are_usage_errors),
		cmocka_unit_test(a_bad_platform_names_its_option),
		cmocka_unit_test(options_behind_a_mistake_still_count),
	};

	return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
