/* SPDX-License-Identifier: Apache-2.0 */
#include "base/utf8.h"

#include <string.h>

#include <stdbool.h>

static size_t
length_by_first(uint8_t first)
{
	if (first < 0x80)
		return 1;
	if (first >= 0xc2 && first < 0xe0)
		return 2;
	if (first >= 0xe0 && first < 0xf0)
		return 3;
	if (first >= 0xf0 && first < 0xf5)
		return 4;
	return 0;
}

static bool
is_allowed(uint32_t code, size_t length)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };

	return code >= least[length] && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
}

size_t
utf8_decode(const char *bytes, size_t size, uint32_t *ret_code)
{
	const uint8_t *in = (const uint8_t *)bytes;
	size_t length = size ? length_by_first(in[0]) : 0;
	uint32_t code;

	if (length == 0 || length > size)
		return 0;
	code = length == 1 ? in[0] : in[0] & (0x7fu >> length);
	for (size_t i = 1; i < length; i++) {
		if ((in[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (in[i] & 0x3fu);
	}
	if (!is_allowed(code, length))
		return 0;
	*ret_code = code;
	return length;
}

bool
utf8_is_valid(const char *text)
{
	uint32_t code;

	for (size_t left = strlen(text); left > 0;) {
		size_t size = utf8_decode(text, left, &code);

		if (size == 0)
			return false;
		text += size;
		left -= size;
	}
	return true;
}
