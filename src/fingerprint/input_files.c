/* SPDX-License-Identifier: Apache-2.0 */
#include "fingerprint/input_files.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/xalloc.h"

int
input_files_take(struct input_files *files, char *path, bool named, struct error **err)
{
	if (files->count >= INPUTS_LIMIT_COUNT) {
		free(path);
		error_set(err, ERROR_USAGE, "the inputs are more than %d files",
			  INPUTS_LIMIT_COUNT);
		return error_set_hint(err, "name fewer directories, or exclude some");
	}
	files->items = xgrow(files->items, files->count, sizeof(*files->items));
	files->items[files->count++] = (struct input_file){ .path = path, .named = named };
	return 0;
}

static int
compare_paths(const void *left, const void *right)
{
	const struct input_file *a = left;
	const struct input_file *b = right;

	return strcmp(a->path, b->path);
}

void
input_files_sort(struct input_files *files, size_t first)
{
	if (files->count > first)
		qsort(files->items + first, files->count - first, sizeof(*files->items),
		      compare_paths);
}

void
input_files_unique(struct input_files *files)
{
	size_t kept = 0;

	for (size_t i = 0; i < files->count; i++) {
		struct input_file *file = &files->items[i];

		if (kept > 0 && strcmp(files->items[kept - 1].path, file->path) == 0) {
			files->items[kept - 1].named |= file->named;
			free(file->path);
		} else {
			files->items[kept++] = *file;
		}
	}
	files->count = kept;
}

void
input_files_release(struct input_files *files)
{
	for (size_t i = 0; i < files->count; i++)
		free(files->items[i].path);
	free(files->items);
	*files = (struct input_files){ 0 };
}
