/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/options/derive_options.h"
#include "cli/options/image_options.h"
#include "oci/document.h"

struct append_values {
	const char *base;
	bool annotate_base;
	struct output_options output;
	struct image_options image;
	struct layer_options layer;
};

static const struct option_spec append_options[] = {
	{ "base", 'b', OPTION_STRING, offsetof(struct append_values, base), "REF",
	  "add the layers to this image; 'scratch', the default, is empty" },
	{ "set-base-image-annotations", 0, OPTION_FLAG,
	  offsetof(struct append_values, annotate_base), NULL,
	  "annotate the image with the name and digest of the base" },
	OUTPUT_OPTIONS(struct append_values, output),
	CHANGE_OPTIONS(struct append_values, output),
	LAYER_OPTIONS(struct append_values, layer),
	IMAGE_OPTIONS(struct append_values, image),
	{ 0 },
};

struct layers {
	struct layer_path *items;
	size_t count;
	struct strings texts; /* memory that the items borrow */
};

static void
layers_release(struct layers *layers)
{
	free(layers->items);
	strings_release(&layers->texts);
}

/* "/opt//app/" is "opt/app"; NULL for the root.  The caller's. */
static int
read_prefix(const char *text, char **ret_prefix, struct error **err)
{
	AUTO_FREE char *prefix = NULL;

	while (*(text += strspn(text, "/"))) {
		size_t size = strcspn(text, "/");
		AUTO_FREE char *before = TAKE_PTR(prefix);

		if ((size == 1 && text[0] == '.') || (size == 2 && memcmp(text, "..", 2) == 0) ||
		    (size >= 4 && memcmp(text, ".wh.", 4) == 0))
			return error_set(
				err, ERROR_USAGE,
				"a path in the image cannot have '.', '..' or '.wh.' components");
		prefix = xasprintf("%s%s%.*s", before ? before : "", before ? "/" : "", (int)size,
				   text);
		text += size;
	}
	*ret_prefix = TAKE_PTR(prefix);
	return 0;
}

static const char *
find_last(const char *text, const char *part)
{
	const char *found = NULL;

	for (const char *at = text; (at = strstr(at, part)); at++)
		found = at;
	return found;
}

/* "DIR:/PATH", unless a file has that name. */
static int
read_layer(const char *operand, struct layers *layers, struct error **err)
{
	const char *colon = access(operand, F_OK) == 0 ? NULL : find_last(operand, ":/");
	size_t size = colon ? (size_t)(colon - operand) : strlen(operand);
	char *path = xstrndup(operand, size);
	char *prefix = NULL;

	strings_take(&layers->texts, path);
	if (colon && read_prefix(colon + 1, &prefix, err) < 0)
		return -1;
	if (prefix)
		strings_take(&layers->texts, prefix);
	layers->items[layers->count++] = (struct layer_path){ path, prefix };
	return 0;
}

static int
run_append(struct context *context, const void *opaque, const struct strings *operands,
	   struct error **err)
{
	const struct append_values *values = opaque;
	CLEANUP(layers_release) struct layers layers = { 0 };
	AUTO_JSON json_t *annotations = NULL;
	bool is_scratch = !values->base || strcmp(values->base, "scratch") == 0;
	struct derive_options derive = { .base = is_scratch ? NULL : values->base };
	struct config_change change;

	if (image_options_read(&values->image, &change, &annotations, &derive, err) < 0 ||
	    layer_options_read(&values->layer, &derive, err) < 0)
		return -1;
	layers.items = xcalloc(operands->count + 1, sizeof(*layers.items));
	for (size_t i = 0; i < operands->count; i++)
		if (read_layer(operands->items[i], &layers, err) < 0)
			return error_wrap(err, "layer '%s'", QUOTED(operands->items[i]));
	if (!change.created_by)
		change.created_by = PACKAGE_NAME " append";
	derive.annotate_base = values->annotate_base;
	derive.layers = layers.items;
	derive.layer_count = layers.count;
	return derive_and_tell(context, &values->output, &change, &derive, err);
}

const struct command cmd_append = {
	.name = "append",
	.summary = "make an image from directories and tar files, on a base or from scratch",
	.usage = "[--base REF] -o WHERE|-t REF [--push] LAYER...",
	.options = append_options,
	.values_size = sizeof(struct append_values),
	.groups = OPTIONS_NETWORK | OPTIONS_STORE | OPTIONS_PROJECT,
	.operands_min = 1,
	.operands_max = OPERANDS_ANY,
	.run = run_append,
};
