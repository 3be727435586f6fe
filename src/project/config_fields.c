#include "project/config_fields.h"

#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/strings.h"
#include "base/text.h"
#include "base/xalloc.h"

static const char *const kind_names[] = {
	[CONFIG_TEXT] = "a text",
	[CONFIG_LIST] = "a list",
	[CONFIG_MAP] = "a map",
};

/* Fails about a value, under its key where it has one. */
static int
fail_type(const struct config *config, const struct config_node *node, const char *wanted,
	  const char *found, struct error **err)
{
	if (!node->key)
		return config_fail(config, &node->mark, err, "expects %s, not %s", wanted, found);
	return config_fail(config, &node->mark, err, "'%s' expects %s, not %s",
			   QUOTED(node->key ? node->key : ""), wanted, found);
}

/* What YAML takes for null, which nobody means. */
static bool
is_null(const struct config_node *node)
{
	static const char *const nulls[] = { "", "~", "null", "Null", "NULL" };

	if (node->kind != CONFIG_TEXT || !node->plain)
		return false;
	for (size_t i = 0; i < sizeof(nulls) / sizeof(*nulls); i++)
		if (strcmp(node->text, nulls[i]) == 0)
			return true;
	return false;
}

int
config_expect(const struct config *config, const struct config_node *node, enum config_kind kind,
	      struct error **err)
{
	if (is_null(node))
		return fail_type(config, node, kind_names[kind], "nothing", err);
	if (node->kind != kind)
		return fail_type(config, node, kind_names[kind], kind_names[node->kind], err);
	return 0;
}

const char *
config_text(const struct config *config, const struct config_node *node, struct error **err)
{
	return config_expect(config, node, CONFIG_TEXT, err) < 0 ? NULL : node->text;
}

int
config_read_text(const struct config *config, const struct config_node *node, void *ret_value,
		 struct error **err)
{
	const char *text = config_text(config, node, err);

	if (!text)
		return -1;
	if (!*text)
		return fail_type(config, node, "a text", "an empty one", err);
	*(char **)ret_value = xstrdup(text);
	return 0;
}

static int
read_item(const struct config *config, const struct config_node *node, struct strings *texts,
	  struct error **err)
{
	AUTO_FREE char *text = NULL;

	if (config_read_text(config, node, &text, err) < 0)
		return -1;
	if (strings_has(texts, text))
		return config_fail(config, &node->mark, err, "'%s' is given twice", QUOTED(text));
	strings_take(texts, TAKE_PTR(text));
	return 0;
}

int
config_read_texts(const struct config *config, const struct config_node *node, void *ret_value,
		  struct error **err)
{
	if (config_expect(config, node, CONFIG_LIST, err) < 0)
		return -1;
	for (size_t i = 0; i < node->count; i++)
		if (read_item(config, &node->items[i], ret_value, err) < 0)
			return -1;
	return 0;
}

int
config_read_bool(const struct config *config, const struct config_node *node, void *ret_value,
		 struct error **err)
{
	bool is_true = node->plain && strcmp(node->text, "true") == 0;
	bool is_false = node->plain && strcmp(node->text, "false") == 0;

	if (!is_true && !is_false)
		return fail_type(config, node, "true or false", "this", err);
	*(bool *)ret_value = is_true;
	return 0;
}

int
config_read_uint(const struct config *config, const struct config_node *node, void *ret_value,
		 struct error **err)
{
	uint64_t value;

	if (!node->plain || !text_parse_uint(node->text, UINT32_MAX, &value))
		return fail_type(config, node, "a whole number", "this", err);
	*(unsigned *)ret_value = (unsigned)value;
	return 0;
}

static char *
join_names(const struct config_table *table)
{
	char *names = NULL;

	for (size_t i = 0; i < table->count; i++) {
		AUTO_FREE char *before = names;

		names = xasprintf("%s%s%s", before ? before : "", before ? ", " : "",
				  table->fields[i].name);
	}
	return names;
}

static const struct config_field *
find_field(const char *name, const struct config_table *table)
{
	for (size_t i = 0; i < table->count; i++)
		if (strcmp(table->fields[i].name, name) == 0)
			return &table->fields[i];
	return NULL;
}

static int
fail_unknown(const struct config *config, const struct config_node *node, const char *what,
	     const struct config_table *table, struct error **err)
{
	AUTO_FREE char *key = text_quote_string(node->key);
	AUTO_FREE char *names = join_names(table);

	config_fail(config, &node->key_mark, err, "unknown key '%s' in %s", key, what);
	return error_set_hint(err, "known keys: %s", names);
}

static int
check_mandatory(const struct config *config, const struct config_node *node, const char *what,
		const struct config_field *field, struct error **err)
{
	if (!field->mandatory || config_find(node, field->name))
		return 0;
	return config_fail(config, &node->mark, err, "%s has no '%s'", what, field->name);
}

int
config_read_fields(const struct config *config, const struct config_node *node, const char *what,
		   const struct config_table *table, void *ret_struct, struct error **err)
{
	if (config_expect(config, node, CONFIG_MAP, err) < 0)
		return -1;
	for (size_t i = 0; i < node->count; i++) {
		const struct config_node *item = &node->items[i];
		const struct config_field *field = find_field(item->key, table);

		if (!field)
			return fail_unknown(config, item, what, table, err);
		if (field->read(config, item, (char *)ret_struct + field->offset, err) < 0)
			return -1;
	}
	for (size_t i = 0; i < table->count; i++)
		if (check_mandatory(config, node, what, &table->fields[i], err) < 0)
			return -1;
	return 0;
}
