/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/options/options.h"

#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/error.h"
#include "base/strings.h"
#include "base/suggest.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "cli/command.h"
#include "oci/platform.h"

bool
choice_is(const char *text, size_t size)
{
	return strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-|") >= size && size > 0 &&
	       memchr(text, '|', size);
}

bool
choice_has(const char *choice, const char *word)
{
	size_t size = strlen(word);

	for (const char *at = choice; at; at = strchr(at, '|')) {
		at += *at == '|';
		if (strcspn(at, "|") == size && strncmp(at, word, size) == 0)
			return size > 0;
	}
	return false;
}

static int
set_uint(unsigned *target, const char *text, struct error **err)
{
	uint64_t value;

	if (text_parse_uint(text, UINT_MAX, &value) && value > 0) {
		*target = (unsigned)value;
		return 0;
	}
	return error_set(err, ERROR_USAGE, "invalid number '%s': expected a positive number",
			 QUOTED(text));
}

static int
set_string(const struct option_spec *spec, const char **target, const char *text,
	   struct error **err)
{
	AUTO_STRINGS struct strings words = { 0 };

	if (!choice_is(spec->argument, strlen(spec->argument)) ||
	    choice_has(spec->argument, text)) {
		*target = text;
		return 0;
	}
	error_set(err, ERROR_USAGE, "invalid value '%s': expected %s", QUOTED(text),
		  spec->argument);
	/* Its words. */
	for (const char *at = spec->argument; at; at = strchr(at, '|')) {
		at += *at == '|';
		strings_take(&words, xstrndup(at, strcspn(at, "|")));
	}
	(void)suggest_hint(err, &words, text);
	return -1;
}

/* As typed: "local" is this machine, "arm64" means linux/arm64. */
static int
parse_platform(const char *text, struct platform *ret_platform, struct error **err)
{
	AUTO_FREE char *of_linux = NULL;

	if (strcmp(text, "local") == 0) {
		platform_host(ret_platform);
		return 0;
	}
	if (platform_knows_architecture(text))
		of_linux = xasprintf("linux/%s", text);
	return platform_parse(of_linux ? of_linux : text, ret_platform, err);
}

static int
add_platforms(struct platforms *target, const char *list, struct error **err)
{
	for (const char *rest = list; rest; rest = *rest ? rest + 1 : NULL) {
		size_t size = strcspn(rest, ",");
		AUTO_FREE char *text = xstrndup(rest, size);
		AUTO_PLATFORM struct platform platform = { 0 };

		if (parse_platform(text, &platform, err) < 0)
			return -1;
		platforms_add(target, &platform);
		rest += size;
	}
	return 0;
}

static int
set(const struct option_spec *spec, void *target, const char *text, struct error **err)
{
	switch (spec->type) {
	case OPTION_FLAG:
		*(bool *)target = true;
		return 0;
	case OPTION_STRING:
		return set_string(spec, target, text, err);
	case OPTION_STRINGS:
		strings_add(target, text);
		return 0;
	case OPTION_UINT:
		return set_uint(target, text, err);
	case OPTION_DURATION:
		if (text_parse_duration_ms(text, target))
			return 0;
		error_set(err, ERROR_USAGE, "invalid duration '%s'", QUOTED(text));
		return error_set_hint(err, "expected 90, 1.5s, 2m or 1h30m");
	case OPTION_SIZE:
		if (text_parse_size(text, target) && *(uint64_t *)target > 0)
			return 0;
		error_set(err, ERROR_USAGE, "invalid size '%s'", QUOTED(text));
		return error_set_hint(err, "expected a size such as 512m or 20g");
	case OPTION_PLATFORMS:
		return add_platforms(target, text, err);
	case OPTION_REFUSED:
		error_set(err, ERROR_USAGE, "ocifp has no such option");
		return error_set_hint(err, "%s", spec->help);
	}
	return 0;
}

/* The value that getopt_long() returns for the first long option; above every letter. */
enum { FIRST_CODE = UCHAR_MAX + 1 };

/* All tables in getopt_long()'s form: long option i is known[i]. */
struct known_option {
	const struct option_spec *spec;
	void *values;
};

struct parser {
	struct known_option *known;
	struct option *long_options;
	char *letters;
	size_t count;
};

static void
parser_release(struct parser *parser)
{
	free(parser->known);
	free(parser->long_options);
	free(parser->letters);
}

static size_t
count_options(const struct option_table *tables, size_t table_count)
{
	size_t count = 0;

	for (size_t i = 0; i < table_count; i++) {
		for (const struct option_spec *spec = tables[i].specs; spec && spec->name; spec++)
			count++;
	}
	return count;
}

static void
add_option(struct parser *parser, const struct option_spec *spec, void *values)
{
	size_t index = parser->count++;
	bool has_argument = spec->argument;
	char *end = parser->letters + strlen(parser->letters);

	parser->known[index] = (struct known_option){ spec, values };
	parser->long_options[index] = (struct option){
		.name = spec->name,
		.has_arg = has_argument ? required_argument : no_argument,
		.val = FIRST_CODE + (int)index,
	};
	/* The command's own options come first, and hide common ones. */
	if (!spec->letter || strchr(parser->letters, spec->letter))
		return;
	*end++ = spec->letter;
	*end = has_argument ? ':' : '\0';
}

static const struct known_option *
find_known(const struct parser *parser, int code)
{
	if (code >= FIRST_CODE)
		return &parser->known[code - FIRST_CODE];
	for (size_t i = 0; i < parser->count; i++) {
		if (parser->known[i].spec->letter == code)
			return &parser->known[i];
	}
	return NULL;
}

/* `word` is the option as typed; its value is not shown, because it may be a misplaced secret. */
static int
refuse(const char *word, int letter, const char *what, struct error **err)
{
	AUTO_FREE char *option = text_starts(word, "--") || !letter
					 ? xstrndup(word, strcspn(word, "="))
					 : xasprintf("-%c", letter);

	return error_set(err, ERROR_USAGE, "option '%s' %s", QUOTED(option), what);
}

static int
refuse_unknown(const struct parser *parser, const char *word, int letter, struct error **err)
{
	AUTO_STRINGS struct strings names = { 0 };
	/* "-platform" only looks like a row of letters. */
	AUTO_FREE char *meant = xasprintf("%s%s", text_starts(word, "--") ? "" : "-", word);

	meant[strcspn(meant, "=")] = '\0';
	for (size_t i = 0; i < parser->count; i++)
		if (parser->known[i].spec->type != OPTION_REFUSED)
			strings_take(&names, xasprintf("--%s", parser->known[i].spec->name));
	refuse(word, letter, "is not known", err);
	if (strlen(word) > 2)
		(void)suggest_hint(err, &names, meant);
	return -1;
}

static int
take_option(const struct parser *parser, int code, const char *word, struct error **err)
{
	const struct known_option *known;

	/* "-e --": the end of the options was given as a value. */
	if (code != ':' && code != '?' && optarg && strcmp(optarg, "--") == 0 && optarg != word &&
	    !text_ends(word, "=--"))
		return refuse(word, code < FIRST_CODE ? code : 0, "needs a value before '--'", err);
	if (code == ':')
		return refuse(word, optopt < FIRST_CODE ? optopt : 0, "needs a value", err);
	if (code == '?' && optopt >= FIRST_CODE)
		return refuse(word, 0, "takes no value", err);
	if (code == '?')
		return refuse_unknown(parser, word, optopt, err);
	known = find_known(parser, code);
	if (!known ||
	    (code >= FIRST_CODE && !(strcspn(word + 2, "=") == strlen(known->spec->name))))
		return refuse_unknown(parser, word, 0, err);
	if (set(known->spec, (char *)known->values + known->spec->offset, optarg, err) < 0)
		return error_wrap(err, "option '--%s'", known->spec->name);
	return 0;
}

static void
parse_words(const struct parser *parser, int argc, char **argv, struct operands *operands,
	    struct error **first)
{
	/* 0 and not 1 makes glibc forget an earlier command line. */
	optind = 0;
	opterr = 0;
	for (;;) {
		const char *word = argv[optind ? optind : 1];
		struct error *error = NULL;
		/* NOLINTNEXTLINE(concurrency-mt-unsafe): before any thread is started */
		int code = getopt_long(argc, argv, parser->letters, parser->long_options, NULL);

		if (code < 0)
			break;
		if (code == 1) {
			strings_add(&operands->words, optarg);
			if (operands->words.count == operands->options_end)
				break;
		} else if (take_option(parser, code, word, &error) < 0) {
			if (!*first)
				operands->error_at = operands->words.count;
			/* Keeps the first error. */
			if (*first)
				error_free(error);
			else
				*first = error;
		}
	}
	operands->named_count = operands->words.count;
	for (; optind < argc; optind++)
		strings_add(&operands->words, argv[optind]);
}

int
options_parse(const struct option_table *tables, size_t table_count, int argc, char **argv,
	      struct operands *operands, struct error **err)
{
	CLEANUP(parser_release) struct parser parser = { 0 };
	struct error *first = NULL;
	size_t count = count_options(tables, table_count);

	/* The letters start with "-:": operands are returned in place, and a missing argument
	 * differs from an unknown option. */
	parser.known = xcalloc(count + 1, sizeof(*parser.known));
	parser.long_options = xcalloc(count + 1, sizeof(*parser.long_options));
	parser.letters = xcalloc(1, 2 + 2 * count + 1);
	memcpy(parser.letters, "-:", 2);
	for (size_t i = 0; i < table_count; i++) {
		for (const struct option_spec *spec = tables[i].specs; spec && spec->name; spec++)
			add_option(&parser, spec, tables[i].values);
	}
	parse_words(&parser, argc, argv, operands, &first);
	if (!first)
		return 0;
	return error_pass(err, first);
}

void
options_release(const struct option_table *tables, size_t table_count)
{
	for (size_t i = 0; i < table_count; i++) {
		for (const struct option_spec *spec = tables[i].specs; spec && spec->name; spec++) {
			void *target = (char *)tables[i].values + spec->offset;

			if (spec->type == OPTION_STRINGS)
				strings_release(target);
			else if (spec->type == OPTION_PLATFORMS)
				platforms_release(target);
		}
	}
}
