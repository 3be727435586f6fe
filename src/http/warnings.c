/* SPDX-License-Identifier: Apache-2.0 */
#include "http/warnings.h"

#include <string.h>

#include "base/limits.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "http/headers.h"

/* The specification allows code 299 with an unknown agent only. */
static const char prefix[] = "299 - \"";

/* NULL: not one quoted string up to the header's end. */
static char *
parse(const char *header)
{
	const char *at = header + strlen(prefix) - 1;
	AUTO_FREE char *text = NULL;

	if (!text_starts(header, prefix))
		return NULL;
	text = header_take_quoted(&at);
	return *at ? NULL : TAKE_PTR(text);
}

char *
warnings_take(struct warnings *warnings, const char *header)
{
	AUTO_FREE char *text = parse(header);
	size_t size = text ? strlen(text) : 0;

	if (size == 0 || size > WARNINGS_LIMIT_BYTES - warnings->size_bytes ||
	    strings_has(&warnings->told, text))
		return NULL;
	warnings->size_bytes += size;
	strings_add(&warnings->told, text);
	return TAKE_PTR(text);
}

void
warnings_release(struct warnings *warnings)
{
	strings_release(&warnings->told);
	warnings->size_bytes = 0;
}
