/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/output/json.h"

#include <string.h>

#include "base/cleanup.h"
#include "cli/output/page.h"
#include "oci/platform.h"

char *
json_take_line(json_t *object)
{
	AUTO_FREE char *dump = json_dumps(object, JSON_COMPACT | JSON_ENSURE_ASCII);
	AUTO_PAGE struct page page = { 0 };

	json_decref(object);
	for (const char *text = dump ? dump : ""; *text;) {
		/* GitHub's runner takes "##[" for a command anywhere in a line; DEL is the only
		 * control character that jansson does not escape. */
		const char *del = text + strcspn(text, "\x7f");
		const char *mark = strstr(text, "##");
		size_t plain =
			mark && mark < del ? (size_t)(mark + 1 - text) : (size_t)(del - text);
		char special = text[plain];

		/* These two occur in strings only, where the escape means the same. */
		page_add(&page, "%.*s", (int)plain, text);
		if (special)
			page_add(&page, "\\u00%02x", special);
		text += plain + (special ? 1 : 0);
	}
	page_add(&page, "\n");
	return TAKE_PTR(page.text);
}

json_t *
json_platforms(const struct platforms *platforms)
{
	json_t *array = json_array();

	for (size_t i = 0; i < platforms->count; i++) {
		AUTO_FREE char *name = platform_format(&platforms->items[i]);

		json_array_append_new(array, json_string(name));
	}
	return array;
}
