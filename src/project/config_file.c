/* SPDX-License-Identifier: Apache-2.0 */
#include "project/config_file.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <yaml.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/strings.h"
#include "base/suggest.h"
#include "base/text.h"
#include "base/xalloc.h"

struct parse {
	const struct config *config;
	yaml_parser_t parser;
	const char *bytes;
	size_t size;
	size_t node_count;
};

static struct config_mark
mark_of(const yaml_mark_t *mark)
{
	return (struct config_mark){ .line = mark->line + 1, .column = mark->column + 1 };
}

/* libyaml's reader reports only the offset of a byte that is not text. */
static struct config_mark
mark_at_offset(const char *bytes, size_t offset)
{
	struct config_mark mark = { .line = 1, .column = 1 };

	for (size_t i = 0; i < offset; i++) {
		mark.column++;
		if (bytes[i] == '\n')
			mark = (struct config_mark){ .line = mark.line + 1, .column = 1 };
	}
	return mark;
}

/* libyaml only reports that it found a character. */
static bool
indents_with_tab(const struct parse *parse, const struct config_mark *mark)
{
	const char *end = parse->bytes + parse->size;
	const char *line = parse->bytes;

	for (size_t number = 1; number < mark->line && line; number++) {
		line = memchr(line, '\n', (size_t)(end - line));
		if (line)
			line++;
	}
	while (line && line < end && *line == ' ')
		line++;
	return line && line < end && *line == '\t';
}

static int
fail_syntax(const struct parse *parse, struct error **err)
{
	const yaml_parser_t *parser = &parse->parser;
	const char *problem = parser->problem ? parser->problem : "no memory";
	struct config_mark mark = mark_of(&parser->problem_mark);

	if (parser->error == YAML_READER_ERROR)
		mark = mark_at_offset(parse->bytes, parser->problem_offset);
	if (indents_with_tab(parse, &mark))
		return config_fail(parse->config, &mark, err,
				   "a tab; YAML is indented with spaces");
	return config_fail(parse->config, &mark, err, "%s%s%s", problem, parser->context ? " " : "",
			   parser->context ? parser->context : "");
}

static int
next_event(struct parse *parse, yaml_event_t *ret_event, struct error **err)
{
	return yaml_parser_parse(&parse->parser, ret_event) ? 0 : fail_syntax(parse, err);
}

static int
check_plainness(const struct parse *parse, const yaml_event_t *event, const yaml_char_t *anchor,
		const yaml_char_t *tag, struct error **err)
{
	struct config_mark mark = mark_of(&event->start_mark);

	if (anchor)
		return config_fail(parse->config, &mark, err, "anchors are not allowed");
	if (tag)
		return config_fail(parse->config, &mark, err, "tags are not allowed");
	return 0;
}

static int
take_text(const struct parse *parse, const yaml_event_t *event, struct config_node *node,
	  struct error **err)
{
	const char *text = (const char *)event->data.scalar.value;

	if (check_plainness(parse, event, event->data.scalar.anchor, event->data.scalar.tag, err) <
	    0)
		return -1;
	if (strlen(text) != event->data.scalar.length)
		return config_fail(parse->config, &node->mark, err, "a string contains a NUL");
	node->kind = CONFIG_TEXT;
	node->text = xstrdup(text);
	node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	return 0;
}

/* Room for one more, zeroed, within the limit of the whole file. */
static struct config_node *
add_item(struct parse *parse, struct config_node *node, const struct config_mark *mark,
	 struct error **err)
{
	if (++parse->node_count > PROJECT_FILE_LIMIT_VALUES) {
		config_fail(parse->config, mark, err, "more than %d values",
			    PROJECT_FILE_LIMIT_VALUES);
		return NULL;
	}
	node->items = xgrow(node->items, node->count, sizeof(*node->items));
	node->items[node->count] = (struct config_node){ 0 };
	return &node->items[node->count++];
}

static int read_node(struct parse *parse, const yaml_event_t *event, unsigned depth,
		     struct config_node *ret_node, struct error **err);

static int
read_list(struct parse *parse, unsigned depth, struct config_node *node, struct error **err)
{
	for (;;) {
		CLEANUP(yaml_event_delete) yaml_event_t event = { 0 };
		struct config_mark mark;
		struct config_node *item;

		if (next_event(parse, &event, err) < 0)
			return -1;
		if (event.type == YAML_SEQUENCE_END_EVENT)
			return 0;
		mark = mark_of(&event.start_mark);
		item = add_item(parse, node, &mark, err);
		if (!item || read_node(parse, &event, depth, item, err) < 0)
			return -1;
	}
}

/* The key of the next entry of a map, copied. */
static int
read_key(struct parse *parse, const yaml_event_t *event, const struct config_node *map,
	 struct config_node *ret_key, struct error **err)
{
	struct config_node key = { .mark = mark_of(&event->start_mark) };

	if (event->type == YAML_ALIAS_EVENT)
		return config_fail(parse->config, &key.mark, err, "aliases are not allowed");
	if (event->type != YAML_SCALAR_EVENT)
		return config_fail(parse->config, &key.mark, err, "a key must be a string");
	if (take_text(parse, event, &key, err) < 0)
		return -1;
	if (!config_find(map, key.text)) {
		*ret_key = key;
		return 0;
	}
	config_fail(parse->config, &key.mark, err, "key '%s' is given twice", QUOTED(key.text));
	free(key.text);
	return -1;
}

static int
read_value(struct parse *parse, struct config_node *map, unsigned depth, struct config_node *key,
	   struct error **err)
{
	CLEANUP(yaml_event_delete) yaml_event_t event = { 0 };
	struct config_node *item = add_item(parse, map, &key->mark, err);

	if (!item) {
		free(key->text);
		return -1;
	}
	item->key = key->text;
	item->key_mark = key->mark;
	if (next_event(parse, &event, err) < 0)
		return -1;
	return read_node(parse, &event, depth, item, err);
}

static int
read_map(struct parse *parse, unsigned depth, struct config_node *node, struct error **err)
{
	for (;;) {
		CLEANUP(yaml_event_delete) yaml_event_t event = { 0 };
		struct config_node key;

		if (next_event(parse, &event, err) < 0)
			return -1;
		if (event.type == YAML_MAPPING_END_EVENT)
			return 0;
		if (read_key(parse, &event, node, &key, err) < 0 ||
		    read_value(parse, node, depth, &key, err) < 0)
			return -1;
	}
}

/* After a failure the node keeps what was parsed, for its owner to release. */
static int
read_node(struct parse *parse, const yaml_event_t *event, unsigned depth,
	  struct config_node *ret_node, struct error **err)
{
	ret_node->mark = mark_of(&event->start_mark);
	switch (event->type) {
	case YAML_SCALAR_EVENT:
		return take_text(parse, event, ret_node, err);
	case YAML_ALIAS_EVENT:
		return config_fail(parse->config, &ret_node->mark, err, "aliases are not allowed");
	default:
		if (depth >= PROJECT_FILE_LIMIT_DEPTH)
			return config_fail(parse->config, &ret_node->mark, err,
					   "nested deeper than %d levels",
					   PROJECT_FILE_LIMIT_DEPTH);
		if (event->type == YAML_MAPPING_START_EVENT) {
			ret_node->kind = CONFIG_MAP;
			if (check_plainness(parse, event, event->data.mapping_start.anchor,
					    event->data.mapping_start.tag, err) < 0)
				return -1;
			return read_map(parse, depth + 1, ret_node, err);
		}
		ret_node->kind = CONFIG_LIST;
		if (check_plainness(parse, event, event->data.sequence_start.anchor,
				    event->data.sequence_start.tag, err) < 0)
			return -1;
		return read_list(parse, depth + 1, ret_node, err);
	}
}

/* Start of stream, start of document, the value, end of document, end of stream. */
static int
read_stream(struct parse *parse, struct config_node *root, struct error **err)
{
	for (;;) {
		CLEANUP(yaml_event_delete) yaml_event_t event = { 0 };
		struct config_mark mark;

		if (next_event(parse, &event, err) < 0)
			return -1;
		mark = mark_of(&event.start_mark);
		switch (event.type) {
		case YAML_STREAM_START_EVENT:
		case YAML_DOCUMENT_END_EVENT:
			break;
		case YAML_DOCUMENT_START_EVENT:
			if (parse->node_count > 0)
				return config_fail(parse->config, &mark, err,
						   "a second document is not allowed");
			parse->node_count++;
			break;
		case YAML_STREAM_END_EVENT:
			if (parse->node_count == 0)
				return config_fail(parse->config, &mark, err, "the file is empty");
			return 0;
		default:
			if (read_node(parse, &event, 0, root, err) < 0)
				return -1;
		}
	}
}

static int
check_bytes(const struct config *config, const char *bytes, size_t size, struct error **err)
{
	static const char byte_order_mark[] = { '\xef', '\xbb', '\xbf' };
	const char *nul;
	struct config_mark mark = { .line = 1, .column = 1 };

	if (size == 0)
		return config_fail(config, &mark, err, "the file is empty");
	if (size >= sizeof(byte_order_mark) &&
	    memcmp(bytes, byte_order_mark, sizeof(byte_order_mark)) == 0)
		return config_fail(config, &mark, err, "the file starts with a byte order mark");
	nul = memchr(bytes, '\0', size);
	if (!nul)
		return 0;
	mark = mark_at_offset(bytes, (size_t)(nul - bytes));
	return config_fail(config, &mark, err, "the file contains a NUL");
}

int
config_parse(const char *name, const char *bytes, size_t size, struct config *ret_config,
	     struct error **err)
{
	AUTO_CONFIG_TREE struct config config = { .name = xstrdup(name) };
	struct parse parse = { .config = &config, .bytes = bytes, .size = size };
	int result;

	if (check_bytes(&config, bytes, size, err) < 0)
		return -1;
	if (!yaml_parser_initialize(&parse.parser))
		return error_set(err, ERROR_FAILURE, "cannot start the YAML parser");
	yaml_parser_set_encoding(&parse.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parse.parser, (const unsigned char *)bytes, size);
	result = read_stream(&parse, &config.root, err);
	yaml_parser_delete(&parse.parser);
	if (result < 0)
		return -1;
	*ret_config = config;
	config = (struct config){ 0 };
	return 0;
}

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

static const char *const kind_names[] = {
	[CONFIG_TEXT] = "a text",
	[CONFIG_LIST] = "a list",
	[CONFIG_MAP] = "a map",
};

/* An error about a value, at its key if it has one. */
static int
fail_type(const struct config *config, const struct config_node *node, const char *wanted,
	  const char *found, struct error **err)
{
	if (!node->key)
		return config_fail(config, &node->mark, err, "expects %s, not %s", wanted, found);
	return config_fail(config, &node->mark, err, "'%s' expects %s, not %s",
			   QUOTED(node->key ? node->key : ""), wanted, found);
}

static int
fail_value(const struct config *config, const struct config_node *node, const char *wanted,
	   struct error **err)
{
	AUTO_FREE char *found = node->kind == CONFIG_TEXT ? xasprintf("'%s'", QUOTED(node->text))
							  : xstrdup(kind_names[node->kind]);

	return fail_type(config, node, wanted, found, err);
}

/* Texts that YAML reads as null.  They are refused: a value was forgotten, or a text not quoted. */
static bool
is_null(const struct config_node *node)
{
	static const char *const nulls[] = { "", "~", "null", "Null", "NULL" };

	if (node->kind != CONFIG_TEXT || !node->plain)
		return false;
	for (size_t i = 0; i < COUNT_OF(nulls); i++)
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

int
config_read_texts(const struct config *config, const struct config_node *node, void *ret_value,
		  struct error **err)
{
	if (config_expect(config, node, CONFIG_LIST, err) < 0)
		return -1;
	for (size_t i = 0; i < node->count; i++) {
		AUTO_FREE char *copy = NULL;

		if (config_read_text(config, &node->items[i], &copy, err) < 0)
			return -1;
		if (strings_has(ret_value, copy))
			return config_fail(config, &node->items[i].mark, err, "'%s' is given twice",
					   QUOTED(copy));
		strings_take(ret_value, TAKE_PTR(copy));
	}
	return 0;
}

int
config_read_bool(const struct config *config, const struct config_node *node, void *ret_value,
		 struct error **err)
{
	bool is_true = node->plain && strcmp(node->text, "true") == 0;
	bool is_false = node->plain && strcmp(node->text, "false") == 0;

	if (!is_true && !is_false)
		return fail_value(config, node, "true or false", err);
	*(bool *)ret_value = is_true;
	return 0;
}

int
config_read_uint(const struct config *config, const struct config_node *node, void *ret_value,
		 struct error **err)
{
	uint64_t value;

	if (!node->plain || !text_parse_uint(node->text, UINT32_MAX, &value))
		return fail_value(config, node, "a whole number", err);
	*(unsigned *)ret_value = (unsigned)value;
	return 0;
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
	AUTO_FREE char *names = NULL;
	AUTO_STRINGS struct strings known = { 0 };

	for (size_t i = 0; i < table->count; i++)
		strings_add(&known, table->fields[i].name);
	config_fail(config, &node->key_mark, err, "unknown key '%s' in %s", key, what);
	if (suggest_hint(err, &known, node->key))
		return -1;
	names = strings_join(&known, ", ");
	return error_set_hint(err, "known keys: %s; a newer ocifp may know it", names);
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

		/* Keys for other programs. */
		if (!field && text_starts(item->key, "x-"))
			continue;
		if (!field)
			return fail_unknown(config, item, what, table, err);
		if (field->use == CONFIG_OPTIONAL || field->use == CONFIG_MANDATORY) {
			if (field->read(config, item, (char *)ret_struct + field->offset, err) < 0)
				return -1;
			continue;
		}
		if (config_expect(config, item,
				  field->use == CONFIG_ITEMS ? CONFIG_LIST : CONFIG_MAP, err) < 0)
			return -1;
		for (size_t j = 0; j < item->count; j++)
			if (field->read(config, &item->items[j], (char *)ret_struct + field->offset,
					err) < 0)
				return -1;
	}
	for (size_t i = 0; i < table->count; i++) {
		if (table->fields[i].use == CONFIG_MANDATORY &&
		    !config_find(node, table->fields[i].name))
			return config_fail(config, &node->mark, err, "%s has no '%s'", what,
					   table->fields[i].name);
	}
	return 0;
}
