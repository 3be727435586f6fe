#include "http/warnings.h"

#include <string.h>

#include "base/limits.h"
#include "base/text.h"
#include "base/xalloc.h"

/* The only code, and no agent. */
static const char prefix[] = "299 - \"";

/* A quoted string (RFC 9110, 5.6.4) to its end, which must be that of the header. */
static char *
parse(const char *header)
{
	AUTO_FREE char *text = NULL;
	const char *from = header + strlen(prefix);
	char *to;

	if (!text_starts(header, prefix))
		return NULL;
	text = xstrdup(from);
	to = text;
	for (; *from && *from != '"'; from++) {
		if (from[0] == '\\' && from[1])
			from++;
		*to++ = *from;
	}
	*to = '\0';
	return from[0] == '"' && !from[1] ? TAKE_PTR(text) : NULL;
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
