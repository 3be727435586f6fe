/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/xalloc.h"

static const uint64_t ns_per_ms = 1000000;
static const uint64_t ns_per_s = 1000000000;

struct duration_unit {
	const char *name;
	uint64_t ns;
};

/* A longer name stands before a shorter one that it starts with. */
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

/* The digits behind a point, which may be none of them: ".5" of a second is 500000000. */
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

/* 0: there is none. */
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
	/* Rounded up: what is not 0 must not become 0, which often means "none". */
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
