#include "registry/upload_parse.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/xalloc.h"

bool
upload_parse_range(const char *value, uint64_t *ret_taken_bytes)
{
	uint64_t last;

	if (!value)
		return false;
	if (text_starts(value, "bytes=") || text_starts(value, "bytes "))
		value += strlen("bytes=");
	if (!text_starts(value, "0-") ||
	    !text_parse_uint(value + strlen("0-"), INT64_MAX - 1, &last))
		return false;
	*ret_taken_bytes = last == 0 ? 0 : last + 1;
	return true;
}

static uint64_t
unit_bytes(const char *unit)
{
	static const struct {
		const char *name;
		uint64_t bytes;
	} units[] = {
		{ "KiB", KIB }, { "MiB", MIB },    { "GiB", GIB },
		{ "KB", 1000 }, { "MB", 1000000 }, { "GB", 1000000000 },
	};

	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
		if (text_starts(unit, units[i].name))
			return units[i].bytes;
	return 1;
}

bool
upload_parse_limit(const char *message, uint64_t *ret_bytes)
{
	static const char mark[] = "limit of ";
	const char *at = message ? strcasestr(message, mark) : NULL;
	AUTO_FREE char *digits = NULL;
	uint64_t whole;
	uint64_t hundredths = 0;
	uint64_t unit;

	if (!at)
		return false;
	at += strlen(mark);
	digits = xstrndup(at, strspn(at, "0123456789"));
	if (!text_parse_uint(digits, 1 << 20, &whole))
		return false;
	at += strlen(digits);
	/* Two digits are what is printed; what comes after would be less than a chunk anyway. */
	if (at[0] == '.' && strspn(at + 1, "0123456789") >= 2)
		hundredths = (uint64_t)(at[1] - '0') * 10 + (uint64_t)(at[2] - '0');
	at += strspn(at, ".0123456789");
	unit = unit_bytes(at + strspn(at, " "));
	*ret_bytes = whole * unit + hundredths * unit / 100;
	return true;
}
