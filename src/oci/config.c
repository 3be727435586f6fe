/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/config.h"

#include "base/error.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "oci/document.h"

struct config_fields {
	const char *created;
	const json_t *rootfs;
	const json_t *config;
	const json_t *diff_ids;
	const char *user;
	const char *working_dir;
	const json_t *environment;
	const json_t *entrypoint;
	const json_t *command;
	const json_t *labels;
};

static const struct field top_fields[] = {
	FIELD("created", FIELD_STRING, false, config_fields, created),
	FIELD("rootfs", FIELD_OBJECT, true, config_fields, rootfs),
	FIELD("config", FIELD_OBJECT, false, config_fields, config),
};

static const struct field rootfs_fields[] = {
	FIELD("diff_ids", FIELD_ARRAY, true, config_fields, diff_ids),
};

static const struct field run_fields[] = {
	FIELD("User", FIELD_STRING, false, config_fields, user),
	FIELD("WorkingDir", FIELD_STRING, false, config_fields, working_dir),
	FIELD("Env", FIELD_ARRAY, false, config_fields, environment),
	FIELD("Entrypoint", FIELD_WORDS, false, config_fields, entrypoint),
	FIELD("Cmd", FIELD_WORDS, false, config_fields, command),
	FIELD("Labels", FIELD_STRINGS, false, config_fields, labels),
};

static int
read_fields(const json_t *document, struct config_fields *raw, struct error **err)
{
	if (DOCUMENT_READ(document, top_fields, raw, err) < 0)
		return -1;
	if (DOCUMENT_READ(raw->rootfs, rootfs_fields, raw, err) < 0)
		return error_wrap(err, "rootfs");
	if (!raw->config)
		return 0;
	if (DOCUMENT_READ(raw->config, run_fields, raw, err) < 0)
		return error_wrap(err, "config");
	return 0;
}

static int
parse_strings(const json_t *array, const char *name, struct strings *strings, struct error **err)
{
	const json_t *item;
	size_t i;

	json_array_foreach (array, i, item) {
		if (!json_is_string(item))
			return error_set(err, ERROR_CONTENT, "%s[%zu] is not a string", name, i);
		strings_add(strings, json_string_value(item));
	}
	return 0;
}

/* Docker accepts a string in place of a list with one item. */
static int
parse_words(const json_t *words, const char *name, struct strings *strings, struct error **err)
{
	if (!json_is_string(words))
		return parse_strings(words, name, strings, err);
	strings_add(strings, json_string_value(words));
	return 0;
}

static int
parse_diff_id(const json_t *item, struct digest *ret_diff_id, struct error **err)
{
	if (!json_is_string(item))
		return error_set(err, ERROR_CONTENT, "it is not a string");
	return digest_parse(json_string_value(item), ret_diff_id, err);
}

int
image_config_parse(const void *bytes, size_t size, struct image_config *ret_config,
		   struct error **err)
{
	AUTO_JSON json_t *document = document_parse(bytes, size, err);
	AUTO_CONFIG struct image_config config = { 0 };
	struct config_fields raw = { 0 };
	size_t count;

	if (!document || platform_parse_json(document, &config.platform, err) < 0 ||
	    read_fields(document, &raw, err) < 0)
		return -1;
	count = json_array_size(raw.diff_ids);
	if (count > LAYERS_LIMIT_COUNT) {
		error_set(err, ERROR_CONTENT, "the image has more than %d layers",
			  LAYERS_LIMIT_COUNT);
		return error_set_class(err, CLASS_LIMIT);
	}
	config.diff_ids = xcalloc(count + 1, sizeof(*config.diff_ids));
	for (size_t i = 0; i < count; i++)
		if (parse_diff_id(json_array_get(raw.diff_ids, i), &config.diff_ids[i], err) < 0)
			return error_wrap(err, "diff_ids[%zu]", i);
	config.diff_id_count = count;
	if (parse_strings(raw.environment, "Env", &config.environment, err) < 0 ||
	    parse_words(raw.entrypoint, "Entrypoint", &config.entrypoint, err) < 0 ||
	    parse_words(raw.command, "Cmd", &config.command, err) < 0)
		return -1;
	config.created = xstrdup_null(raw.created);
	config.user = xstrdup_null(raw.user);
	config.working_dir = xstrdup_null(raw.working_dir);
	config.labels = json_deep_copy(raw.labels);
	if (json_is_array(json_object_get(document, "history")))
		config.history = json_deep_copy(json_object_get(document, "history"));
	*ret_config = config;
	config = (struct image_config){ 0 };
	return 0;
}

int
image_config_check_layers(const struct image_config *config, size_t layer_count, struct error **err)
{
	if (config->diff_id_count == layer_count)
		return 0;
	return error_set(err, ERROR_CONTENT, "the config has %zu diff_ids for %zu layers",
			 config->diff_id_count, layer_count);
}

void
image_config_release(struct image_config *config)
{
	platform_release(&config->platform);
	free(config->diff_ids);
	free(config->created);
	free(config->user);
	free(config->working_dir);
	strings_release(&config->environment);
	strings_release(&config->entrypoint);
	strings_release(&config->command);
	json_decref(config->labels);
	json_decref(config->history);
	*config = (struct image_config){ 0 };
}
