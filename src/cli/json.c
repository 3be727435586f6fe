#include "cli/json.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/xalloc.h"

/* Within JSON only strings hold these characters, so that the escape means the same.  GitHub's
 * runner takes "##[" for a command anywhere in a line; DEL is the one control character that
 * jansson does not escape. */
static const char *
escape_of(char previous, char c)
{
	if (c == 0x7f)
		return "\\u007f";
	if (c == '#' && previous == '#')
		return "\\u0023";
	return NULL;
}

static size_t
write_escaped(const char *text, char *out)
{
	size_t used = 0;

	for (char previous = '\0'; *text; previous = *text++) {
		const char *escape = escape_of(previous, *text);
		size_t size = escape ? strlen(escape) : 1;

		memcpy(out + used, escape ? escape : text, size);
		used += size;
	}
	return used;
}

char *
json_take_line(json_t *object)
{
	AUTO_FREE char *text = json_dumps(object, JSON_COMPACT | JSON_ENSURE_ASCII);
	size_t size = text ? strlen(text) : 0;
	char *line = xcalloc(6, size + 1);

	json_decref(object);
	if (text)
		size = write_escaped(text, line);
	line[size] = '\n';
	return line;
}
