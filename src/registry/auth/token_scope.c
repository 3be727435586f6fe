/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/auth/token_scope.h"

#include <string.h>

#include "base/limits.h"
#include "base/text.h"
#include "base/xalloc.h"

static const char placeholder[] = "repository:user/image:pull";

bool
scope_add(struct strings *scopes, const char *text)
{
	bool added = false;

	while (*text) {
		size_t size = strcspn(text, " ");
		AUTO_FREE char *scope = xstrndup(text, size);

		if (*scope && strcmp(scope, placeholder) != 0 && !strings_has(scopes, scope) &&
		    scopes->count < SCOPES_LIMIT_COUNT) {
			strings_add(scopes, scope);
			added = true;
		}
		text += size;
		text += strspn(text, " ");
	}
	return added;
}

bool
scope_add_asked(struct strings *scopes, const char *text)
{
	AUTO_STRINGS struct strings asked = { 0 };
	bool added = false;

	(void)scope_add(&asked, text);
	for (size_t i = 0; i < asked.count; i++)
		if (text_ends(asked.items[i], ":pull") || text_ends(asked.items[i], ":push") ||
		    text_ends(asked.items[i], ":pull,push") ||
		    text_ends(asked.items[i], ":push,pull"))
			added |= scope_add(scopes, asked.items[i]);
	return added;
}

bool
scope_is_pull(const struct strings *scopes)
{
	for (size_t i = 0; i < scopes->count; i++)
		if (!text_ends(scopes->items[i], ":pull"))
			return false;
	return scopes->count > 0;
}

char *
scope_join(const struct strings *scopes)
{
	char *joined = xstrdup("");

	for (size_t i = 0; i < scopes->count; i++) {
		AUTO_FREE char *before = joined;

		joined = xasprintf("%s%s%s", before, *before ? " " : "", scopes->items[i]);
	}
	return joined;
}
