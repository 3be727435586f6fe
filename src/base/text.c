/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"

#include <ctype.h>
#include <string.h>
#include <time.h>

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
	size_t keep; /* kept of a text that is cut: leaves room for "..." */
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

/* Workflow commands contain "::" or "##"; a backslash between the two characters breaks them. */
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

static const uint64_t ns_per_ms = 1000000;
static const uint64_t ns_per_s = 1000000000;

struct duration_unit {
	const char *name;
	uint64_t ns;
};

/* A name stands before a shorter one that is its prefix. */
static const struct duration_unit duration_units[] = {
	{ "ns", 1 },
	{ "us", 1000 },
	{ "\xc2\xb5s", 1000 }, /* U+00B5, which Go prints */
	{ "\xce\xbcs", 1000 }, /* U+03BC, which Go reads too */
	{ "ms", 1000000 },
	{ "s", 1000000000 },
	{ "m", 60 * 1000000000ULL },
	{ "h", 3600 * 1000000000ULL },
	{ "d", 86400 * 1000000000ULL },
};

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Moves *text behind the digits; false for none, or for more than fits. */
static bool
take_digits(const char **text, uint64_t *ret_value)
{
	uint64_t value = 0;

	if (!is_digit(**text))
		return false;
	for (; is_digit(**text); ++*text) {
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(**text - '0'), &value))
			return false;
	}
	*ret_value = value;
	return true;
}

bool
text_parse_uint(const char *text, uint64_t max, uint64_t *ret_value)
{
	uint64_t value;

	if (!take_digits(&text, &value) || *text || value > max)
		return false;
	*ret_value = value;
	return true;
}

bool
text_parse_size(const char *text, uint64_t *ret_bytes)
{
	static const char letters[] = "bkmgtBKMGT";
	const char *letter;
	uint64_t value;
	unsigned shift = 0;

	if (!take_digits(&text, &value))
		return false;
	letter = *text ? strchr(letters, *text) : NULL;
	if (letter) {
		shift = 10 * ((unsigned)(letter - letters) % 5);
		text += shift > 0 && strcmp(text + 1, "iB") == 0 ? 3 : 1;
	}
	if (*text || value > UINT64_MAX >> shift)
		return false;
	*ret_bytes = value << shift;
	return true;
}

/* The digits after a point, possibly none: ".5" of a second is 500000000. */
static bool
take_fraction(const char **text, const char **ret_digits)
{
	*ret_digits = "";
	if (**text != '.')
		return true;
	*ret_digits = ++*text;
	if (!is_digit(**text))
		return false;
	*text += strspn(*text, "0123456789");
	return true;
}

static uint64_t
fraction_ns(const char *digits, uint64_t unit_ns)
{
	uint64_t ns = 0;

	for (; is_digit(*digits); digits++) {
		unit_ns /= 10;
		ns += unit_ns * (uint64_t)(*digits - '0');
	}
	return ns;
}

/* 0: no such unit */
static uint64_t
take_unit_ns(const char **text)
{
	for (size_t i = 0; i < COUNT_OF(duration_units); i++) {
		if (text_starts(*text, duration_units[i].name)) {
			*text += strlen(duration_units[i].name);
			return duration_units[i].ns;
		}
	}
	return 0;
}

bool
text_parse_duration_ms(const char *text, int64_t *ret_ms)
{
	const char *rest = text;
	uint64_t total_ns = 0;

	do {
		bool is_first = rest == text;
		const char *fraction;
		uint64_t count, unit_ns, ns;

		/* Adds one "1.5h" to *total_ns. */
		if (!take_digits(&rest, &count) || !take_fraction(&rest, &fraction))
			return false;
		unit_ns = take_unit_ns(&rest);
		if (unit_ns == 0 && is_first && !*rest)
			unit_ns = ns_per_s;
		if (unit_ns == 0 || __builtin_mul_overflow(count, unit_ns, &ns) ||
		    __builtin_add_overflow(ns, fraction_ns(fraction, unit_ns), &ns) ||
		    __builtin_add_overflow(total_ns, ns, &total_ns))
			return false;
	} while (*rest);
	/* Rounds up, because 0 often means "none". */
	*ret_ms = (int64_t)(total_ns / ns_per_ms + (total_ns % ns_per_ms > 0));
	return true;
}

char *
text_bytes(uint64_t size_bytes)
{
	static const char *const names[] = { "kB", "MB", "GB", "TB", "PB", "EB" };
	uint64_t tenth_unit = 100;
	uint64_t tenths = 0;
	size_t i;

	if (size_bytes < 1000)
		return xasprintf("%u B", (unsigned)size_bytes);
	for (i = 0; i < COUNT_OF(names); i++, tenth_unit *= 1000) {
		tenths = size_bytes / tenth_unit + (size_bytes % tenth_unit >= tenth_unit / 2);
		if (tenths < 10000)
			break;
	}
	return xasprintf("%u.%u %s", (unsigned)(tenths / 10), (unsigned)(tenths % 10), names[i]);
}

/* 0 stands for a digit. */
static bool
has_form(const char *text, const char *form)
{
	for (; *form; text++, form++)
		if (*form == '0' ? !isdigit((unsigned char)*text)
				 : toupper((unsigned char)*text) != *form)
			return false;
	return true;
}

static int
two_digits(const char *at)
{
	return (at[0] - '0') * 10 + at[1] - '0';
}

static const char *
skip_fraction(const char *at)
{
	if (!has_form(at, ".0"))
		return at;
	return at + 1 + strspn(at + 1, "0123456789");
}

static bool
parse_zone(const char *at, int *ret_offset_s)
{
	*ret_offset_s = 0;
	if (has_form(at, "Z"))
		return at[1] == '\0';
	if (!has_form(at, "+00:00") && !has_form(at, "-00:00"))
		return false;
	*ret_offset_s = (two_digits(at + 1) * 60 + two_digits(at + 4)) * (*at == '-' ? -60 : 60);
	return at[6] == '\0';
}

bool
text_parse_time(const char *text, int64_t *ret_s)
{
	static const char form[] = "0000-00-00T00:00:00";
	struct tm time = { 0 };
	int offset_s;

	if (!has_form(text, form) || !parse_zone(skip_fraction(text + strlen(form)), &offset_s))
		return false;
	time.tm_year = two_digits(text) * 100 + two_digits(text + 2) - 1900;
	time.tm_mon = two_digits(text + 5) - 1;
	time.tm_mday = two_digits(text + 8);
	time.tm_hour = two_digits(text + 11);
	time.tm_min = two_digits(text + 14);
	time.tm_sec = two_digits(text + 17);
	if (time.tm_mon < 0 || time.tm_mon > 11)
		return false;
	*ret_s = (int64_t)timegm(&time) - offset_s;
	return true;
}

char *
text_time(int64_t ms)
{
	long long s = (long long)(ms / 1000);

	if (ms < 10000)
		return xasprintf("%lld.%lld s", s, (long long)(ms % 1000 / 100));
	if (s < 60)
		return xasprintf("%lld s", s);
	if (s < 3600)
		return xasprintf("%lld min %02lld s", s / 60, s % 60);
	return xasprintf("%lld h %02lld min", s / 3600, s / 60 % 60);
}
