/* SPDX-License-Identifier: Apache-2.0 */
#include "project/project_schema.h"

#include <string.h>

#include "project/reading.h"

static const char name_pattern[] = "^[a-z0-9][a-z0-9_-]*$";
static const char free_pattern[] = "^x-"; /* keys for other programs */

static json_t *
schema_of_table(const struct config_table *table)
{
	json_t *properties = json_object();
	json_t *required = json_array();

	for (size_t i = 0; i < table->count; i++) {
		const struct config_field *field = &table->fields[i];

		if (field->schema)
			json_object_set_new(properties, field->name,
					    json_loads(field->schema, 0, NULL));
		if (field->use == CONFIG_MANDATORY)
			json_array_append_new(required, json_string(field->name));
	}
	return json_pack("{s:s, s:o, s:{s:{}}, s:o, s:b}", "type", "object", "properties",
			 properties, "patternProperties", free_pattern, "required", required,
			 "additionalProperties", 0);
}

/* A map from names to maps with that table. */
static json_t *
schema_of_named(const struct config_table *table)
{
	return json_pack("{s:s, s:{s:o}, s:b}", "type", "object", "patternProperties", name_pattern,
			 schema_of_table(table), "additionalProperties", 0);
}

json_t *
project_schema(void)
{
	json_t *schema = schema_of_table(&project_table);
	json_t *properties = json_object_get(schema, "properties");

	json_object_set_new(properties, "images", schema_of_named(&project_image_table));
	json_object_set_new(properties, "caches", schema_of_named(&project_cache_table));
	json_object_set_new(properties, "run", schema_of_table(&project_run_table));
	json_object_set_new(schema, "$schema",
			    json_string("http://json-schema.org/draft-07/schema#"));
	json_object_set_new(schema, "title", json_string(".ocifp.yaml, see ocifp.yaml(5)"));
	return schema;
}
