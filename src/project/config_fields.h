/* config_fields.h - the known keys of a map, by table, and what their values may be */
#ifndef OCIFP_PROJECT_CONFIG_FIELDS_H
#define OCIFP_PROJECT_CONFIG_FIELDS_H

#include <stdbool.h>
#include <stddef.h>

#include "project/config_tree.h"

struct error;
struct strings;

/* Reads a value into what the field's offset points to. */
typedef int config_reader(const struct config *config, const struct config_node *node,
			  void *ret_value, struct error **err);

struct config_field {
	const char *name;
	config_reader *read;
	size_t offset;
	bool mandatory;
};

struct config_table {
	const struct config_field *fields;
	size_t count;
};

#define CONFIG_TABLE(array) \
	{ \
		(array), sizeof(array) / sizeof(*(array)) \
	}

/* `what` the map is, for messages: "image 'base'".  What an unknown key could have been is told. */
int config_read_fields(const struct config *config, const struct config_node *node,
		       const char *what, const struct config_table *table, void *ret_struct,
		       struct error **err);

config_reader config_read_text;  /* char *; neither empty nor null */
config_reader config_read_texts; /* struct strings; each once */
config_reader config_read_bool;  /* bool; true or false, without quotes */
config_reader config_read_uint;  /* unsigned */

/* Refuses another kind of value by name. */
int config_expect(const struct config *config, const struct config_node *node,
		  enum config_kind kind, struct error **err);

/* The text of a value that may be empty, borrowed; NULL with *err. */
const char *config_text(const struct config *config, const struct config_node *node,
			struct error **err);

#endif
