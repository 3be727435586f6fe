/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"

#include <ctype.h>
#include <string.h>
#include <time.h>

#include "base/xalloc.h"

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
