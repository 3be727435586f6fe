#include <stddef.h>

#include "base/error.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/inspected.h"
#include "cli/output/page.h"

struct tree_values {
	struct target_options target;
	struct platforms platforms;
};

static const struct option_spec tree_options[] = {
	{ "platform", 0, OPTION_PLATFORMS, offsetof(struct tree_values, platforms), "OS/ARCH",
	  "show only this platform; repeatable" },
	TARGET_OPTIONS(struct tree_values, target),
	{ 0 },
};

static void
add_line(struct page *page, unsigned depth, const char *what, const struct descriptor *descriptor)
{
	AUTO_FREE char *size = text_bytes(descriptor->size_bytes);
	AUTO_FREE char *platform =
		descriptor->has_platform ? platform_format(&descriptor->platform) : NULL;
	AUTO_FREE char *shown = platform ? text_quote_string(platform) : NULL;

	page_add(page, "%*s%s %s %s%s%s (%s)\n", (int)(2 * depth), "", what,
		 digest_text(&descriptor->digest).text, size, shown ? " " : "", shown ? shown : "",
		 QUOTED(descriptor->media_type));
}

static void
add_node(struct page *page, unsigned depth, const struct image_node *node)
{
	bool is_index = node->kind == DOCUMENT_INDEX;

	add_line(page, depth, is_index ? "index" : "manifest", &node->descriptor);
	for (size_t i = 0; i < node->child_count; i++)
		add_node(page, depth + 1, &node->children[i]);
	for (size_t i = 0; i < node->blobs.count; i++)
		add_line(page, depth + 1, "blob", &node->blobs.items[i]);
	if (is_index)
		return;
	add_line(page, depth + 1, "config", &node->manifest.config);
	for (size_t i = 0; i < node->manifest.layers.count; i++)
		add_line(page, depth + 1, "layer", &node->manifest.layers.items[i]);
}

static json_t *
node_json(const struct image_node *node)
{
	json_t *object = descriptor_json(&node->descriptor);
	json_t *children = json_array();

	for (size_t i = 0; i < node->child_count; i++)
		json_array_append_new(children, node_json(&node->children[i]));
	for (size_t i = 0; i < node->blobs.count; i++)
		json_array_append_new(children, descriptor_json(&node->blobs.items[i]));
	if (node->kind == DOCUMENT_INDEX) {
		json_object_set_new(object, "manifests", children);
		return object;
	}
	json_object_set_new(object, "config", descriptor_json(&node->manifest.config));
	for (size_t i = 0; i < node->manifest.layers.count; i++)
		json_array_append_new(children, descriptor_json(&node->manifest.layers.items[i]));
	json_object_set_new(object, "layers", children);
	return object;
}

static int
run_tree(struct context *context, const void *opaque, const struct strings *operands,
	 struct error **err)
{
	const struct tree_values *values = opaque;
	struct selection selection = {
		.platforms = platforms_said(&values->platforms),
		.leave_out_unsupported = true,
	};
	AUTO_INSPECTED struct inspected inspected = { 0 };
	AUTO_PAGE struct page page = { 0 };
	AUTO_FREE char *text = NULL;

	if (inspected_find(context, &values->target, operands, &inspected, err) < 0 ||
	    inspected_read(context, &selection, &inspected, err) < 0)
		return -1;
	add_node(&page, 0, &inspected.root);
	text = page_take(&page);
	return context_result(context, text, node_json(&inspected.root), err);
}

const struct command cmd_tree = {
	.name = "tree",
	.summary = "show an image's index, manifests, configs and layers",
	.usage = "[--platform OS/ARCH] [--by-hash] [IMAGE|REF]",
	.options = tree_options,
	.values_size = sizeof(struct tree_values),
	.groups = OPTIONS_NETWORK | OPTIONS_STORE | OPTIONS_PROJECT,
	.operands_max = 1,
	.run = run_tree,
};
