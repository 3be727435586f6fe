/* SPDX-License-Identifier: Apache-2.0 */
#include <stdbool.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/utf8.h"
#include "fuzz.h"

static bool
is_harmless(uint32_t code)
{
	return code >= 0x20 && (code < 0x7f || code >= 0xa0) && (code < 0x2028 || code > 0x202e) &&
	       (code < 0x2066 || code > 0x2069);
}

static bool
is_harmless_text(const char *text, size_t size)
{
	for (size_t i = 0; i < size;) {
		uint32_t code = 0;
		size_t length = utf8_decode(text + i, size - i, &code);

		if (length == 0 || !is_harmless(code))
			return false;
		i += length;
	}
	return !strstr(text, "::") && !strstr(text, "##");
}

static void
check_quoted(const char *quoted)
{
	size_t size = strlen(quoted);

	INSIST(size <= REMOTE_TEXT_LIMIT_BYTES);
	INSIST(is_harmless_text(quoted, size));
}

static void
check_url(const char *quoted)
{
	const char *end = quoted + strcspn(quoted, "?#");

	INSIST(!*end || strspn(end + 1, ".") == strlen(end + 1));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FREE char *text = fuzz_text(data, size);
	AUTO_FREE char *quoted = text_quote((const char *)data, size);
	AUTO_FREE char *url = text_quote_url(text);
	int64_t ms = -1;

	check_quoted(quoted);
	check_quoted(url);
	check_url(url);
	if (text_parse_duration_ms(text, &ms))
		INSIST(ms >= 0);
	else
		INSIST(ms == -1);
	return 0;
}
