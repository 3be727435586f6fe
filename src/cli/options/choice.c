#include "cli/options/choice.h"

#include <string.h>

bool
choice_is(const char *text, size_t size)
{
	return strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-|") >= size && size > 0 &&
	       memchr(text, '|', size);
}

bool
choice_has(const char *choice, const char *word)
{
	size_t size = strlen(word);

	for (const char *at = choice; at; at = strchr(at, '|')) {
		at += *at == '|';
		if (strcspn(at, "|") == size && strncmp(at, word, size) == 0)
			return size > 0;
	}
	return false;
}
