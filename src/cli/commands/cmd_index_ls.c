#include <stddef.h>

#include "base/error.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "cli/command.h"
#include "cli/commands/cmd_index.h"
#include "cli/context.h"
#include "cli/inspected.h"
#include "cli/output/page.h"
#include "image/document/content.h"
#include "image/resolve/entries.h"
#include "oci/index.h"

struct ls_values {
	struct target_options target;
};

static const struct option_spec ls_options[] = {
	TARGET_OPTIONS(struct ls_values, target),
	{ 0 },
};

/* What it is for, or what else it is. */
static char *
describe(const struct descriptor *entry)
{
	AUTO_FREE char *platform = entry->has_platform ? platform_format(&entry->platform) : NULL;
	const char *attests = descriptor_annotation(entry, "vnd.docker.reference.type");

	if (attests)
		return text_quote_string(attests);
	if (!image_index_entry_is_image(entry) && entry->artifact_type)
		return text_quote_string(entry->artifact_type);
	return text_quote_string(platform ? platform : "-");
}

static void
add_line(struct page *page, const struct descriptor *entry)
{
	AUTO_FREE char *what = describe(entry);

	page_add(page, "%s %s\n", digest_text(&entry->digest).text, what);
}

static json_t *
index_json(const struct inspected *inspected, const struct image_index *index)
{
	const struct descriptor *root = &inspected->found.root.descriptor;
	json_t *entries = json_array();
	json_t *object;

	for (size_t i = 0; i < index->manifests.count; i++)
		json_array_append_new(entries, descriptor_json(&index->manifests.items[i]));
	object = json_pack("{s:s, s:s, s:o}", "digest", digest_text(&root->digest).text,
			   "media_type", root->media_type, "manifests", entries);
	if (index->annotations)
		json_object_set(object, "annotations", index->annotations);
	return object;
}

static int
run_ls(struct context *context, const void *opaque, const struct strings *operands,
       struct error **err)
{
	const struct ls_values *values = opaque;
	AUTO_LOOKING struct inspected inspected = { 0 };
	AUTO_INDEX struct image_index index = { 0 };
	AUTO_PAGE struct page page = { 0 };
	AUTO_FREE char *text = NULL;
	struct content content = { 0 };

	if (inspected_find(context, &values->target, operands, &inspected, err) < 0)
		return -1;
	content.repository = inspected.found.repository;
	if (entries_get(&content, &inspected.found.root, &index, err) < 0)
		return -1;
	for (size_t i = 0; i < index.manifests.count; i++)
		add_line(&page, &index.manifests.items[i]);
	text = index.manifests.count > 0 ? page_take(&page) : xstrdup("");
	return context_result(context, text, index_json(&inspected, &index), err);
}

const struct command cmd_index_ls = {
	.name = "ls",
	.summary = "list the entries of an index",
	.usage = "[--by-hash] [IMAGE|REF]",
	.options = ls_options,
	.values_size = sizeof(struct ls_values),
	.groups = OPTIONS_NETWORK | OPTIONS_STORE | OPTIONS_PROJECT,
	.operands_max = 1,
	.run = run_ls,
};
