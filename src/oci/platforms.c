/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/platform.h"

#include <string.h>

#include "base/xalloc.h"

void
platforms_add(struct platforms *platforms, const struct platform *platform)
{
	platforms->items = xgrow(platforms->items, platforms->count, sizeof(*platforms->items));
	platform_copy(platform, &platforms->items[platforms->count++]);
}

bool
platforms_has(const struct platforms *platforms, const struct platform *platform)
{
	for (size_t i = 0; i < platforms->count; i++)
		if (platform_equal(&platforms->items[i], platform))
			return true;
	return false;
}

void
platforms_copy(const struct platforms *platforms, struct platforms *ret_copy)
{
	struct platforms copy = { 0 };

	for (size_t i = 0; i < platforms->count; i++)
		platforms_add(&copy, &platforms->items[i]);
	*ret_copy = copy;
}

char *
platforms_format(const struct platforms *platforms, const char *separator)
{
	char *text = xstrdup("");

	for (size_t i = 0; i < platforms->count; i++) {
		AUTO_FREE char *before = text;
		AUTO_FREE char *name = platform_format(&platforms->items[i]);

		text = xasprintf("%s%s%s", before, i > 0 ? separator : "", name);
	}
	return text;
}

void
platforms_release(struct platforms *platforms)
{
	for (size_t i = 0; i < platforms->count; i++)
		platform_release(&platforms->items[i]);
	free(platforms->items);
	*platforms = (struct platforms){ 0 };
}
