/* SPDX-License-Identifier: Apache-2.0 */
#include "project/dockerfile.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "oci/reference.h"
#include "project/named_files.h"

static const char blanks[] = " \t";

/* Words without quotes; of a JSON array, without brackets and commas. */
static void
split_words(const char *text, struct strings *words)
{
	const char *separators = *text == '[' ? " \t[]\"," : " \t\"'";

	while (*(text += strspn(text, separators))) {
		size_t size = strcspn(text, separators);

		strings_take(words, xstrndup(text, size));
		text += size;
	}
}

void
dockerfile_release(struct dockerfile *dockerfile)
{
	for (size_t i = 0; i < dockerfile->stage_count; i++) {
		struct stage *stage = &dockerfile->stages[i];

		free(stage->name);
		free(stage->workdir);
		free(stage->base);
		strings_release(&stage->sources);
		strings_release(&stage->inputs);
		strings_release(&stage->absent);
	}
	free(dockerfile->stages);
	strings_release(&dockerfile->arguments);
}

const struct stage *
dockerfile_stage(const struct dockerfile *dockerfile, const char *name)
{
	uint64_t number;

	for (size_t i = 0; i < dockerfile->stage_count; i++)
		if (dockerfile->stages[i].name && strcasecmp(dockerfile->stages[i].name, name) == 0)
			return &dockerfile->stages[i];
	return text_parse_uint(name, UINT16_MAX, &number) && number < dockerfile->stage_count
		       ? &dockerfile->stages[number]
		       : NULL;
}

/* Inputs from the context in COPY, ADD or a mount of RUN. */
static void
take_path(const struct dockerfile *dockerfile, const char *named, struct stage *stage)
{
	const char *path = named + strspn(named, "/");
	AUTO_FREE char *below = *dockerfile->context ? xasprintf("%s/%s", dockerfile->context, path)
						     : xstrdup(path);

	if (!*path || strcmp(path, ".") == 0 || strcmp(path, "./") == 0) {
		stage->copies_all = true;
	} else if (strstr(path, "://") || strchr(path, '$') || text_starts(path, "<<")) {
		return;
	} else if (strpbrk(path, "*?[")) {
		named_files_match(dockerfile->directory, below, &stage->inputs);
	} else {
		named_files_add(dockerfile->directory, below, &stage->inputs);
		named_files_note_absent(dockerfile->directory, below, &stage->absent);
	}
}

/* "type=bind,source=PATH,target=PATH" of RUN: a file of the context, or without a source all of it.
 */
static void
take_mount(const struct dockerfile *dockerfile, char *mount, struct stage *stage)
{
	const char *source = ".";
	const char *field;
	bool is_bind = true;

	while ((field = strsep(&mount, ","))) {
		if (text_starts(field, "type="))
			is_bind = strcmp(field, "type=bind") == 0;
		else if (text_starts(field, "source=") || text_starts(field, "src="))
			source = strchr(field, '=') + 1;
	}
	if (is_bind)
		take_path(dockerfile, source, stage);
}

/* Flags stand before the words: "--from=STAGE", "--mount=type=cache,from=STAGE". */
static const char *
take_flags(const struct dockerfile *dockerfile, const char *rest, struct stage *stage,
	   bool *ret_from_stage)
{
	while (text_starts(rest, "--")) {
		size_t size = strcspn(rest, blanks);
		AUTO_FREE char *flag = xstrndup(rest, size);
		const char *from = strstr(flag, "from=");

		if (from) {
			from += strlen("from=");
			strings_take(&stage->sources, xstrndup(from, strcspn(from, ",")));
			*ret_from_stage = true;
		} else if (text_starts(flag, "--mount=")) {
			take_mount(dockerfile, flag + strlen("--mount="), stage);
		}
		rest += size;
		rest += strspn(rest, blanks);
	}
	return rest;
}

/* The last word is the destination. */
static void
take_copy(const struct dockerfile *dockerfile, const char *rest, struct stage *stage)
{
	AUTO_STRINGS struct strings words = { 0 };
	bool is_from_stage = false;

	rest = take_flags(dockerfile, rest, stage, &is_from_stage);
	if (is_from_stage)
		return;
	split_words(rest, &words);
	for (size_t i = 0; i + 1 < words.count; i++)
		take_path(dockerfile, words.items[i], stage);
}

/* As in docker: without a host it is on Docker Hub. */
static char *
whole_reference(const char *name)
{
	size_t size = strcspn(name, "/");
	AUTO_FREE char *first = xstrndup(name, size);

	if (!name[size])
		return xasprintf("docker.io/library/%s", name);
	return strpbrk(first, ".:") || strcmp(first, "localhost") == 0
		       ? xstrdup(name)
		       : xasprintf("docker.io/%s", name);
}

/* Expands "${NAME}" and "$NAME" with the defaults; NULL: one has none, or the result is too long.
 */
static char *
expand(const struct dockerfile *dockerfile, const char *text)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789_";
	AUTO_FREE char *result = xstrdup("");

	while (*text) {
		size_t plain = strcspn(text, "$");
		const char *name = text + plain + 1;
		size_t size;
		const char *value = NULL;
		AUTO_FREE char *before = result;

		if (!text[plain]) {
			result = xasprintf("%s%s", before, text);
			break;
		}
		name += *name == '{';
		size = strspn(name, letters);
		for (size_t i = 0; i < dockerfile->arguments.count && !value; i++)
			if (strncmp(dockerfile->arguments.items[i], name, size) == 0 &&
			    dockerfile->arguments.items[i][size] == '=')
				value = dockerfile->arguments.items[i] + size + 1;
		result = xasprintf("%s%.*s%s", before, (int)plain, text, value ? value : "");
		if (!value || strlen(result) > PATH_LIMIT_BYTES)
			return NULL;
		text = name + size + (name[size] == '}');
	}
	return TAKE_PTR(result);
}

static char *
find_base(const struct dockerfile *dockerfile, const char *name)
{
	AUTO_REFERENCE struct reference reference = { 0 };
	AUTO_ERROR struct error *invalid = NULL;
	AUTO_FREE char *expanded = expand(dockerfile, name);
	AUTO_FREE char *whole = expanded ? whole_reference(expanded) : NULL;

	if (!whole || strcmp(expanded, "scratch") == 0 ||
	    reference_parse(whole, &reference, &invalid) < 0 ||
	    reference.digest.algorithm != DIGEST_NONE)
		return NULL;
	return TAKE_PTR(whole);
}

/* FROM [--platform=P] IMAGE [AS STAGE] */
static void
take_from(struct dockerfile *dockerfile, const char *rest)
{
	AUTO_STRINGS struct strings words = { 0 };
	struct stage stage = { 0 };
	const struct stage *parent;
	bool ignored;

	if (dockerfile->stage_count >= SURVEY_STAGES_LIMIT_COUNT)
		return;
	rest = take_flags(dockerfile, rest, &stage, &ignored);
	split_words(rest, &words);
	if (words.count == 0)
		return;
	parent = dockerfile_stage(dockerfile, words.items[0]);
	if (parent)
		strings_add(&stage.sources, words.items[0]);
	else
		stage.base = find_base(dockerfile, words.items[0]);
	if (words.count == 3 && strcasecmp(words.items[1], "AS") == 0)
		stage.name = xstrdup(words.items[2]);
	if (parent && parent->workdir)
		stage.workdir = xstrdup(parent->workdir);
	dockerfile->stages =
		xgrow(dockerfile->stages, dockerfile->stage_count, sizeof(*dockerfile->stages));
	dockerfile->stages[dockerfile->stage_count++] = stage;
}

static char *
without_quotes(const char *text)
{
	char *plain = xcalloc(strlen(text) + 1, 1);
	size_t length = 0;

	for (; *text; text++)
		if (!strchr("\"'", *text))
			plain[length++] = *text;
	return plain;
}

static void
take_line(struct dockerfile *dockerfile, const char *line)
{
	size_t size = strcspn(line, blanks);
	AUTO_FREE char *word = xstrndup(line, size);
	const char *rest = line + size + strspn(line + size, blanks);
	struct stage *stage = dockerfile->stage_count > 0
				      ? &dockerfile->stages[dockerfile->stage_count - 1]
				      : NULL;
	bool ignored;

	if (strcasecmp(word, "FROM") == 0) {
		take_from(dockerfile, rest);
	} else if (!stage) {
		if (strcasecmp(word, "ARG") == 0 && strchr(rest, '='))
			strings_take(&dockerfile->arguments, without_quotes(rest));
	} else if (strcasecmp(word, "COPY") == 0 || strcasecmp(word, "ADD") == 0) {
		take_copy(dockerfile, rest, stage);
	} else if (strcasecmp(word, "RUN") == 0) {
		(void)take_flags(dockerfile, rest, stage, &ignored);
	} else if (strcasecmp(word, "WORKDIR") == 0 && *rest == '/' && !strchr(rest, '$') &&
		   text_is_printable_ascii(rest)) {
		free(stage->workdir);
		stage->workdir = xstrndup(rest, strcspn(rest, blanks));
		for (size_t end = strlen(stage->workdir); end > 1 && stage->workdir[--end] == '/';)
			stage->workdir[end] = '\0';
	}
}

/* A here-document of RUN or COPY: "<<WORD", "<<-WORD" or "<<'WORD'", up to the line WORD.  Without
 * that line the file ends here. */
static void
skip_text(const char *line, char **rest)
{
	const char *word = strstr(line, "<<");
	AUTO_FREE char *end = NULL;

	if (!word || (strncasecmp(line, "RUN", 3) != 0 && strncasecmp(line, "COPY", 4) != 0))
		return;
	word += strspn(word, "<-\"'");
	end = xstrndup(word, strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"));
	for (char *text; *end && (text = strsep(rest, "\n"));)
		if (strcmp(text + strspn(text, "\t"), end) == 0)
			return;
}

/* A backslash continues a line; comments may stand between. */
void
dockerfile_read(struct dockerfile *dockerfile, char *text)
{
	AUTO_BUF struct buf whole = BUF_INIT(strlen(text));
	AUTO_ERROR struct error *never = NULL;
	char *line;

	while ((line = strsep(&text, "\n"))) {
		size_t size;
		bool goes_on;

		line += strspn(line, blanks);
		size = strlen(line);
		if (size > 0 && line[size - 1] == '\r')
			line[--size] = '\0';
		if (*line == '#')
			continue;
		goes_on = size > 0 && line[size - 1] == '\\';
		if (goes_on)
			line[size - 1] = ' ';
		if (buf_append_text(&whole, line, &never) < 0)
			return;
		if (goes_on)
			continue;
		take_line(dockerfile, whole.data);
		skip_text(whole.data, &text);
		buf_clear(&whole);
	}
}
