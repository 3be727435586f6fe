/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>

#include "base/error.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/inspected.h"
#include "cli/output/columns.h"
#include "cli/output/page.h"
#include "image/document/content.h"

struct tree_values {
	struct target_options target;
	struct platforms platforms;
	bool digests;
};

static const struct option_spec tree_options[] = {
	{ "platform", 0, OPTION_PLATFORMS, offsetof(struct tree_values, platforms), "OS/ARCH",
	  "show only this platform; repeatable" },
	{ "digests", 0, OPTION_FLAG, offsetof(struct tree_values, digests), NULL,
	  "show every document and blob, with whole digests" },
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

/* The platform, or the text in its place; the caller owns it. */
static char *
name_node(const struct content *content, const struct image_node *node)
{
	const struct descriptor *descriptor = &node->descriptor;
	AUTO_PLATFORM struct platform platform = { 0 };
	AUTO_ERROR struct error *ignored = NULL;

	if (node->kind == DOCUMENT_INDEX)
		return xstrdup("index");
	if (descriptor->has_platform && !platform_is_unknown(&descriptor->platform))
		return platform_format(&descriptor->platform);
	if (descriptor_annotation(descriptor, "vnd.docker.reference.type"))
		return xstrdup("attestation");
	if (media_type_is_config(node->manifest.config.media_type) &&
	    content_get_platform(content, &node->manifest, &platform, &ignored) == 0 && platform.os)
		return platform_format(&platform);
	return xstrdup("artifact");
}

/* "linux/amd64  3 layers  402.1 MB  0a1b2c3d4e5f" */
static void
add_node_row(struct columns *columns, const struct content *content, const struct image_node *node)
{
	size_t count =
		node->kind == DOCUMENT_INDEX ? node->child_count : node->manifest.layers.count;
	const char *what = node->kind == DOCUMENT_INDEX ? "manifest" : "layer";
	uint64_t size_bytes = node->kind == DOCUMENT_INDEX ? node->descriptor.size_bytes
							   : manifest_layers_bytes(&node->manifest);

	columns_take(columns, name_node(content, node));
	columns_take(columns, xasprintf("%zu %s%s", count, what, PLURAL_S(count)));
	columns_take(columns, text_bytes(size_bytes));
	columns_take(columns, short_digest(digest_text(&node->descriptor.digest).text));
}

static void
add_picture(struct page *page, const struct content *content, const struct image_node *root,
	    const char *name)
{
	AUTO_COLUMNS struct columns columns = { .alignment = "lrrl" };
	AUTO_FREE char *digest = short_digest(digest_text(&root->descriptor.digest).text);
	size_t count;

	page_add(page, "%s  %s\n", QUOTED(name), digest);
	for (size_t i = 0; i < root->child_count; i++)
		add_node_row(&columns, content, &root->children[i]);
	for (size_t i = 0; i < root->blobs.count; i++) {
		columns_add(&columns, "blob");
		columns_add(&columns, "");
		columns_take(&columns, text_bytes(root->blobs.items[i].size_bytes));
		columns_take(&columns,
			     short_digest(digest_text(&root->blobs.items[i].digest).text));
	}
	if (root->kind != DOCUMENT_INDEX)
		add_node_row(&columns, content, root);
	count = columns_row_count(&columns);
	for (size_t i = 0; i < count; i++) {
		page_add(page, "%s", i + 1 < count ? "|-- " : "`-- ");
		columns_print_row(&columns, i, page);
		page_add(page, "\n");
	}
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
	AUTO_FREE char *name = NULL;

	if (inspected_find_or_built(context, &values->target, operands, &inspected, err) < 0 ||
	    inspected_read(&selection, &inspected, err) < 0)
		return -1;
	name = target_name(&inspected.target, inspected.found.place);
	if (values->digests)
		add_node(&page, 0, &inspected.root);
	else
		add_picture(&page, &inspected.content, &inspected.root, name);
	return context_result_page(context, &page, node_json(&inspected.root), err);
}

const struct command cmd_tree = {
	.name = "tree",
	.summary = "show an image's index, manifests, configs and layers",
	.usage = "[--digests] [--platform OS/ARCH] [--by-hash] [IMAGE|REF]",
	.options = tree_options,
	.values_size = sizeof(struct tree_values),
	.groups = OPTIONS_NETWORK | OPTIONS_STORE | OPTIONS_PROJECT,
	.operands_max = 1,
	.run = run_tree,
};
