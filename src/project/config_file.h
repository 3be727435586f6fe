/* SPDX-License-Identifier: Apache-2.0 */
/* config_file.h - a YAML file as a tree whose values know their position
 *
 * One document of texts, lists and maps; keys are unique texts (YAML 1.1 as libyaml reads it).
 * Aliases, anchors, tags, a second document, a byte order mark and NULs are refused, so that
 * readers see the values as they are.
 */
#ifndef OCIFP_PROJECT_CONFIG_FILE_H
#define OCIFP_PROJECT_CONFIG_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"

struct error;
struct strings;

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
	bool plain; /* written without quotes */
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

/* NULL: the map lacks the key. */
const struct config_node *config_find(const struct config_node *map, const char *key);

/* Set an error about a value, or about its key.  Return -1. */
int config_fail(const struct config *config, const struct config_mark *mark, struct error **err,
		const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Adds the position of the value to `err`.  Returns -1. */
int config_wrap(const struct config *config, const struct config_mark *mark, struct error **err);

/* The known keys of a map, by table. */

/* Reads a value into what the field's offset points to. */
typedef int config_reader(const struct config *config, const struct config_node *node,
			  void *ret_value, struct error **err);

enum config_use {
	CONFIG_OPTIONAL,
	CONFIG_MANDATORY,
	CONFIG_ITEMS,   /* optional, and a list: each item is read */
	CONFIG_ENTRIES, /* optional, and a map: each entry is read */
};

struct config_field {
	const char *name;
	config_reader *read;
	size_t offset;
	enum config_use use;
	const char *schema; /* of the value, see below; NULL: a map with a table of its own */
};

/* Allowed values as JSON Schema, for editors (project_schema.h); the reader is stricter.  YAML's
 * numbers and booleans are texts, too. */
#define SCHEMA_TEXT "{\"type\": [\"string\", \"number\", \"boolean\"]}"
#define SCHEMA_TEXTS "{\"type\": \"array\", \"items\": " SCHEMA_TEXT ", \"uniqueItems\": true}"
#define SCHEMA_TEXT_MAP "{\"type\": \"object\", \"additionalProperties\": " SCHEMA_TEXT "}"
#define SCHEMA_TEXT_LISTS "{\"type\": \"object\", \"additionalProperties\": " SCHEMA_TEXTS "}"
#define SCHEMA_BOOL "{\"type\": \"boolean\"}"
#define SCHEMA_ONE_OF(values) "{\"enum\": [" values "]}"

struct config_table {
	const struct config_field *fields;
	size_t count;
};

#define CONFIG_TABLE(array) \
	{ \
		(array), COUNT_OF(array) \
	}

/* `what` names the map in messages: "image 'base'".  An unknown key gets a hint with a similar one.
 */
int config_read_fields(const struct config *config, const struct config_node *node,
		       const char *what, const struct config_table *table, void *ret_struct,
		       struct error **err);

config_reader config_read_text;  /* char *; neither empty nor null */
config_reader config_read_texts; /* struct strings; each once */
config_reader config_read_bool;  /* bool; true or false, without quotes */
config_reader config_read_uint;  /* unsigned */

/* Refuses another kind of value, and names it. */
int config_expect(const struct config *config, const struct config_node *node,
		  enum config_kind kind, struct error **err);

/* The text of a value, which may be empty, borrowed; NULL with *err. */
const char *config_text(const struct config *config, const struct config_node *node,
			struct error **err);

#endif
