/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"

#include <ctype.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/compat.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "base/xalloc.h"

static const char cut_mark[] = "...";
static const char hex_digits[] = "0123456789abcdef";

struct quoted {
	char *text; /* REMOTE_TEXT_LIMIT_BYTES and a NUL */
	size_t size;
	size_t keep; /* what stays if the text must be cut: leaves room for the mark */
};

/* False, with the text cut, when the piece does not fit. */
static bool
add(struct quoted *quoted, const char *piece, size_t size)
{
	if (size > REMOTE_TEXT_LIMIT_BYTES - quoted->size) {
		memcpy(quoted->text + quoted->keep, cut_mark, sizeof(cut_mark));
		return false;
	}
	memcpy(quoted->text + quoted->size, piece, size);
	quoted->size += size;
	quoted->text[quoted->size] = '\0';
	if (quoted->size <= REMOTE_TEXT_LIMIT_BYTES - strlen(cut_mark))
		quoted->keep = quoted->size;
	return true;
}

static bool
add_escaped(struct quoted *quoted, const char *bytes, size_t size)
{
	char escaped[4 * 4] = "";

	for (size_t i = 0; i < size; i++) {
		escaped[4 * i] = '\\';
		escaped[4 * i + 1] = 'x';
		escaped[4 * i + 2] = hex_digits[(uint8_t)bytes[i] >> 4];
		escaped[4 * i + 3] = hex_digits[(uint8_t)bytes[i] & 0xf];
	}
	return add(quoted, escaped, 4 * size);
}

/* Unicode's property Bidi_Control, and the separators that some viewers break lines at. */
bool
text_is_harmful(uint32_t code)
{
	if (code < 0x20 || (code >= 0x7f && code < 0xa0))
		return true;
	if (code == 0x61c || code == 0x200e || code == 0x200f)
		return true;
	return (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
}

/* Every runner's command holds "::" or "##"; a backslash between the two is enough. */
static bool
needs_backslash(const struct quoted *quoted, uint32_t code)
{
	if (code == ':' || code == '#')
		return quoted->size > 0 && quoted->text[quoted->size - 1] == (char)code;
	return code == '\\';
}

static bool
add_character(struct quoted *quoted, const char *bytes, size_t size, uint32_t code)
{
	char plain[1 + 4] = "\\";

	if (text_is_harmful(code))
		return add_escaped(quoted, bytes, size);
	if (!needs_backslash(quoted, code))
		return add(quoted, bytes, size);
	memcpy(plain + 1, bytes, size);
	return add(quoted, plain, 1 + size);
}

const char *
text_quote_into(struct quoted_text *quoted_text, const char *bytes, size_t size)
{
	struct quoted quoted = { .text = quoted_text->text };
	bool fits = true;

	quoted.text[0] = '\0';
	for (size_t i = 0; fits && i < size;) {
		uint32_t code;
		size_t length = utf8_decode(bytes + i, size - i, &code);

		if (length > 0)
			fits = add_character(&quoted, bytes + i, length, code);
		else
			fits = add_escaped(&quoted, bytes + i, length = 1);
		i += length;
	}
	return quoted.text;
}

char *
text_quote(const char *bytes, size_t size)
{
	struct quoted_text quoted;

	return xstrdup(text_quote_into(&quoted, bytes, size));
}

char *
text_quote_string(const char *text)
{
	return text_quote(text, strlen(text));
}

char *
text_quote_message(const char *bytes, size_t size)
{
	AUTO_FREE char *line = NULL;

	while (size > 0 && isspace((unsigned char)bytes[size - 1]))
		size--;
	line = xcalloc(1, size + 1);
	for (size_t i = 0; i < size; i++) {
		line[i] = bytes[i];
		if (line[i] == '\n')
			line[i] = ' ';
	}
	return text_quote(line, size);
}

static const char *
authority_start(const char *url)
{
	const char *scheme_end = url + strcspn(url, ":/?#");

	if (text_starts(scheme_end, "://"))
		return scheme_end + 3;
	return text_starts(url, "//") ? url + 2 : url;
}

char *
text_quote_url(const char *url)
{
	const char *authority = authority_start(url);
	const char *at = memrchr(authority, '@', strcspn(authority, "/?#"));
	const char *host = at ? at + 1 : authority;
	size_t shown = strcspn(host, "?#");
	AUTO_FREE char *harmless = NULL;

	harmless = xasprintf("%.*s%.*s%.1s%s", (int)(authority - url), url, (int)shown, host,
			     host + shown, host[shown] ? cut_mark : "");
	return text_quote_string(harmless);
}

char *
text_lower(const char *text)
{
	char *lower = xstrdup(text);

	for (char *at = lower; *at; at++)
		*at = (char)tolower((unsigned char)*at);
	return lower;
}

bool
text_starts(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool
text_ends(const char *text, const char *suffix)
{
	size_t size = strlen(text);
	size_t suffix_size = strlen(suffix);

	return size >= suffix_size && strcmp(text + size - suffix_size, suffix) == 0;
}

bool
text_is_printable_ascii(const char *text)
{
	for (; *text; text++) {
		if (*text < 0x20 || *text > 0x7e)
			return false;
	}
	return true;
}

void
text_hex(const uint8_t *bytes, size_t size, char *ret_hex)
{
	for (size_t i = 0; i < size; i++) {
		*ret_hex++ = hex_digits[bytes[i] >> 4];
		*ret_hex++ = hex_digits[bytes[i] & 0xf];
	}
	*ret_hex = '\0';
}

static uint8_t
nibble(char digit)
{
	return (uint8_t)(digit <= '9' ? digit - '0' : digit - 'a' + 10);
}

bool
text_parse_hex(const char *hex, size_t size, uint8_t *ret_bytes)
{
	if (strspn(hex, hex_digits) != 2 * size || hex[2 * size])
		return false;
	for (size_t i = 0; i < size; i++)
		ret_bytes[i] = (uint8_t)(nibble(hex[2 * i]) << 4 | nibble(hex[2 * i + 1]));
	return true;
}
