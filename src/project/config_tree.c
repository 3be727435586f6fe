#include "project/config_tree.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "base/xalloc.h"

static void
node_release(struct config_node *node)
{
	for (size_t i = 0; i < node->count; i++)
		node_release(&node->items[i]);
	free(node->items);
	free(node->key);
	free(node->text);
}

void
config_release(struct config *config)
{
	node_release(&config->root);
	free(config->name);
	*config = (struct config){ 0 };
}

const struct config_node *
config_find(const struct config_node *map, const char *key)
{
	for (size_t i = 0; i < map->count; i++)
		if (map->items[i].key && strcmp(map->items[i].key, key) == 0)
			return &map->items[i];
	return NULL;
}

int
config_wrap(const struct config *config, const struct config_mark *mark, struct error **err)
{
	return error_wrap(err, "%s:%zu:%zu", QUOTED(config->name), mark->line, mark->column);
}

int
config_fail(const struct config *config, const struct config_mark *mark, struct error **err,
	    const char *format, ...)
{
	AUTO_FREE char *text = NULL;
	va_list args;

	va_start(args, format);
	text = xvasprintf(format, args);
	va_end(args);
	error_set(err, ERROR_USAGE, "%s", text);
	return config_wrap(config, mark, err);
}
