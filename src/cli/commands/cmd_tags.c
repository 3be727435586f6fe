/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/error.h"
#include "base/strings.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/options/target_options.h"
#include "cli/output/columns.h"
#include "cli/output/page.h"
#include "image/document/content.h"
#include "image/document/image_tree.h"
#include "image/resolve/target.h"
#include "oci/document.h"
#include "oci/tag_list.h"
#include "repository/repository.h"

struct tags_values {
	bool is_long;
	struct tag_filter filter;
};

static const struct option_spec tags_options[] = {
	{ "long", 'l', OPTION_FLAG, offsetof(struct tags_values, is_long), NULL,
	  "show each tag's date, size, platforms and digest; several requests a tag" },
	TAG_FILTER_OPTIONS(struct tags_values, filter),
	{ 0 },
};

static json_t *
format_object(const char *repository, const struct strings *tags)
{
	return json_pack("{s:s, s:o}", "repository", repository, "tags", json_strings(tags));
}

/* Facts about a tag's image, summed up over its platforms. */
struct summary {
	struct strings platforms;
	uint64_t size_bytes;
	char *created; /* of the first image that has it; NULL: none */
};

static void
summary_release(struct summary *summary)
{
	strings_release(&summary->platforms);
	free(summary->created);
}

static int
add_image(const struct content *content, const struct image_node *node, struct summary *summary,
	  struct error **err)
{
	AUTO_CONFIG struct image_config config = { 0 };

	for (size_t i = 0; i < node->child_count; i++)
		if (add_image(content, &node->children[i], summary, err) < 0)
			return -1;
	if (node->kind != DOCUMENT_MANIFEST || platform_is_unknown(&node->descriptor.platform))
		return 0;
	summary->size_bytes += manifest_layers_bytes(&node->manifest);
	if (!media_type_is_config(node->manifest.config.media_type))
		return 0;
	if (content_get_config(content, &node->manifest, &config, err) < 0)
		return -1;
	if (!summary->created)
		summary->created = xstrdup_null(config.created);
	if (node->descriptor.has_platform)
		strings_take(&summary->platforms, platform_format(&node->descriptor.platform));
	else if (config.platform.os)
		strings_take(&summary->platforms, platform_format(&config.platform));
	return 0;
}

static int
describe_tag(struct context *context, struct repository *repository, const char *tag,
	     struct columns *columns, json_t *images, struct error **err)
{
	struct selection selection = { .leave_out_unsupported = true };
	struct content content = {
		.repository = repository,
		.cache = session_find_store(context_session(context)),
	};
	AUTO_RESOLUTION struct resolution resolution = { 0 };
	AUTO_IMAGE_NODE struct image_node root = { 0 };
	CLEANUP(summary_release) struct summary summary = { 0 };
	AUTO_PAGE struct page platforms = { 0 };

	if (repository_resolve(repository, tag, NULL, &resolution, err) < 0)
		return -1;
	/* It was removed after it was listed. */
	if (resolution.evidence.presence != PRESENCE_PRESENT)
		return 0;
	if (image_tree_get(&content, &selection, &resolution, &root, err) < 0 ||
	    add_image(&content, &root, &summary, err) < 0)
		return -1;
	for (size_t i = 0; i < summary.platforms.count; i++)
		page_add(&platforms, "%s%s", i > 0 ? ", " : "", summary.platforms.items[i]);
	columns_take(columns, summary.created ? xstrndup(summary.created, strlen("2026-11-30"))
					      : xstrdup("-"));
	columns_take(columns, text_bytes(summary.size_bytes));
	columns_add(columns, platforms.text ? platforms.text : "-");
	columns_take(columns, short_digest(digest_text(&root.descriptor.digest).text));
	columns_add(columns, tag);
	json_array_append_new(images, json_pack("{s:s, s:s, s:s?, s:I, s:o}", "tag", tag, "digest",
						digest_text(&root.descriptor.digest).text,
						"created", summary.created, "size_bytes",
						(json_int_t)summary.size_bytes, "platforms",
						json_strings(&summary.platforms)));
	return 0;
}

static int
tell_long(struct context *context, struct repository *repository, const struct strings *tags,
	  struct error **err)
{
	static const char *const titles[] = { "CREATED", "SIZE", "PLATFORMS", "DIGEST", "TAG" };
	AUTO_COLUMNS struct columns columns = { .alignment = "lrlll" };
	AUTO_JSON json_t *images = json_array();
	AUTO_PAGE struct page page = { 0 };
	AUTO_FREE char *text = NULL;
	json_t *object;

	for (size_t i = 0; i < COUNT_OF(titles); i++)
		columns_add(&columns, titles[i]);
	for (size_t i = 0; i < tags->count; i++) {
		AUTO_ERROR struct error *failure = NULL;

		if (describe_tag(context, repository, tags->items[i], &columns, images, &failure) ==
		    0)
			continue;
		/* If one cannot be read, the others are shown nevertheless. */
		if (!error_is(failure, ERROR_CONTENT))
			return error_pass(err, TAKE_PTR(failure));
		context_notice(context, "left out '%s': %s", QUOTED(tags->items[i]),
			       error_text(failure));
	}
	columns_print(&columns, &page);
	text = page_take(&page);
	object = format_object(repository_name(repository), tags);
	json_object_set(object, "images", images);
	return context_result(context, text, object, err);
}

static int
run_tags(struct context *context, const void *opaque, const struct strings *operands,
	 struct error **err)
{
	const struct tags_values *values = opaque;
	AUTO_TARGET struct target target = { 0 };
	AUTO_REPOSITORY struct repository *repository = NULL;
	AUTO_STRINGS struct strings tags = { 0 };
	AUTO_STRINGS struct strings others = { 0 };
	AUTO_FREE char *text = NULL;
	AUTO_PAGE struct page page = { 0 };

	if (target_of_place(context, operands, &target, err) < 0)
		return -1;
	repository = repository_open(context_session(context), &target.candidates[0],
				     REPOSITORY_READ, err);
	if (!repository || repository_list_tags(repository, &tags, &others, err) < 0)
		return -1;
	if (others.count > 0) {
		AUTO_FREE char *more = others.count == 1
					       ? xstrdup("")
					       : xasprintf(" and %zu more", others.count - 1);

		context_notice(context, "left out '%s'%s: not a valid tag", QUOTED(others.items[0]),
			       more);
	}
	tags_choose(&values->filter, &tags);
	if (tags.count == 0 && !context->options.json)
		return 0;
	if (values->is_long)
		return tell_long(context, repository, &tags, err);
	for (size_t i = 0; i < tags.count; i++)
		page_add(&page, "%s\n", QUOTED(tags.items[i]));
	return context_result_page(context, &page,
				   format_object(repository_name(repository), &tags), err);
}

const struct command cmd_tags = {
	.name = "tags",
	.summary = "list the tags of a repository",
	.usage = "[--long] [--include PATTERN] [--exclude PATTERN] [--no-digest-tags] "
		 "[IMAGE|REPOSITORY]",
	.options = tags_options,
	.values_size = sizeof(struct tags_values),
	.groups = OPTIONS_NETWORK | OPTIONS_STORE | OPTIONS_PROJECT,
	.operands_max = 1,
	.run = run_tags,
};
