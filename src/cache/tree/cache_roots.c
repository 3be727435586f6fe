/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/tree/cache_roots.h"

#include <stdlib.h>

#include "base/xalloc.h"

void
cache_roots_add(struct cache_roots *roots, const char *label, const char *directory)
{
	roots->items = xgrow(roots->items, roots->count, sizeof(*roots->items));
	roots->items[roots->count++] = (struct cache_root){ xstrdup(label), xstrdup(directory) };
}

void
cache_roots_release(struct cache_roots *roots)
{
	for (size_t i = 0; i < roots->count; i++) {
		free(roots->items[i].label);
		free(roots->items[i].directory);
	}
	free(roots->items);
	*roots = (struct cache_roots){ 0 };
}
