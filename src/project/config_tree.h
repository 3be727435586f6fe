/* config_tree.h - a YAML file as a tree whose every value knows where it stands
 *
 * One document of texts, lists and maps whose keys are texts, each once (YAML 1.1 as libyaml
 * reads it).  Aliases, anchors, tags, a second document, a byte order mark and NULs are refused:
 * the file is for people, who should see what it says.
 */
#ifndef OCIFP_PROJECT_CONFIG_TREE_H
#define OCIFP_PROJECT_CONFIG_TREE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"

struct error;

struct config_mark {
	size_t line; /* from 1 */
	size_t column;
};

enum config_kind { CONFIG_TEXT, CONFIG_LIST, CONFIG_MAP };

struct config_node {
	enum config_kind kind;
	struct config_mark mark;
	char *key; /* in a map; else NULL */
	struct config_mark key_mark;
	char *text; /* of a CONFIG_TEXT */
	bool plain; /* it stands without quotes */
	struct config_node *items;
	size_t count;
};

struct config {
	char *name; /* of the file, for messages */
	struct config_node root;
};

/* All errors are ERROR_USAGE and start with "file:line:column: ". */
int config_parse(const char *name, const char *bytes, size_t size, struct config *ret_config,
		 struct error **err);
void config_release(struct config *config);
#define AUTO_CONFIG_TREE CLEANUP(config_release)

/* NULL: the map has no such key. */
const struct config_node *config_find(const struct config_node *map, const char *key);

/* An error about a value, and about its key.  Both return -1. */
int config_fail(const struct config *config, const struct config_mark *mark, struct error **err,
		const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Says where the value stands of which `err` complains.  Returns -1. */
int config_wrap(const struct config *config, const struct config_mark *mark, struct error **err);

#endif
