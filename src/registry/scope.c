#include "registry/scope.h"

#include <string.h>

#include "base/limits.h"
#include "base/text.h"
#include "base/xalloc.h"

static const char placeholder[] = "repository:user/image:pull";

void
scope_add(struct strings *scopes, const char *text)
{
	while (*text) {
		size_t size = strcspn(text, " ");
		AUTO_FREE char *scope = xstrndup(text, size);

		if (size > 0 && strcmp(scope, placeholder) != 0 && !strings_has(scopes, scope) &&
		    scopes->count < SCOPES_LIMIT_COUNT)
			strings_add(scopes, scope);
		text += size;
		text += strspn(text, " ");
	}
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
