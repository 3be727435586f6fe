/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/document.h"

#include "base/strings.h"
#include "base/xalloc.h"

char *
document_format(const json_t *document)
{
	size_t size = json_dumpb(document, NULL, 0, JSON_COMPACT);
	char *text = xcalloc(1, size + 1);

	(void)json_dumpb(document, text, size, JSON_COMPACT);
	return text;
}

json_t *
document_sorted(const json_t *object)
{
	AUTO_STRINGS struct strings keys = { 0 };
	json_t *sorted = json_object();
	const char *key;
	json_t *value;

	/* The iteration macro takes no pointer to const. */
	json_object_foreach ((json_t *)(uintptr_t)object, key, value)
		strings_add(&keys, key);
	strings_sort(&keys);
	for (size_t i = 0; i < keys.count; i++)
		json_object_set(sorted, keys.items[i], json_object_get(object, keys.items[i]));
	return sorted;
}
