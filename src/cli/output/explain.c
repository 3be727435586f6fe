/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/output/explain.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "cli/output/page.h"
#include "fingerprint/record.h"

static const char *const kind_names[] = {
	[RECORD_FILE] = "file",
	[RECORD_ARG] = "arg",
	[RECORD_IMAGE] = "image",
	[RECORD_NEEDS] = "needs",
};

static void
add_line(const struct record_entry *entry, struct page *page)
{
	AUTO_FREE char *value = text_quote(entry->value, entry->value_size);

	if (entry->kind == RECORD_FILE)
		page_add(page, "%s %s\n", value, QUOTED(entry->key));
	else
		page_add(page, "%s %s%c%s\n", kind_names[entry->kind], QUOTED(entry->key),
			 entry->kind == RECORD_ARG ? '=' : ' ', value);
}

void
explain_add_lines(const struct record *record, struct page *page)
{
	for (size_t i = 0; i < record->count; i++)
		add_line(&record->entries[i], page);
}

static void
set_hex(json_t *object, const char *name, const char *text)
{
	AUTO_FREE char *member = xasprintf("%s_hex", name);
	AUTO_FREE char *hex = xcalloc(1, 2 * strlen(text) + 1);

	text_hex((const uint8_t *)text, strlen(text), hex);
	json_object_set_new(object, member, json_string(hex));
}

static void
set_text(json_t *object, const char *name, const char *text)
{
	json_t *exact = json_string(text);

	if (exact) {
		json_object_set_new(object, name, exact);
		return;
	}
	json_object_set_new(object, name, json_string(QUOTED(text)));
	set_hex(object, name, text);
}

/* Of "<mode> <size> <sha256>", which record_parse() has checked. */
static void
set_file(json_t *object, const struct record_entry *entry)
{
	AUTO_FREE char *value = xstrndup(entry->value, entry->value_size);
	char *size = strchr(value, ' ');
	char *hash = strrchr(value, ' ');
	uint64_t size_bytes = 0;

	if (!size || !hash)
		return;
	*size = '\0';
	*hash = '\0';
	(void)text_parse_uint(size + 1, INT64_MAX, &size_bytes);
	json_object_set_new(object, "mode", json_string(value));
	json_object_set_new(object, "size", json_integer((json_int_t)size_bytes));
	json_object_set_new(object, "sha256", json_string(hash + 1));
}

static json_t *
entry_object(const struct record_entry *entry)
{
	json_t *object = json_pack("{s:s}", "kind", kind_names[entry->kind]);

	if (entry->kind == RECORD_FILE) {
		set_text(object, "path", entry->key);
		set_file(object, entry);
	} else {
		set_text(object, "name", entry->key);
		set_text(object, "value", entry->value);
	}
	return object;
}

json_t *
explain_array(const struct record *record)
{
	json_t *array = json_array();

	for (size_t i = 0; i < record->count; i++)
		json_array_append_new(array, entry_object(&record->entries[i]));
	return array;
}
