#include "base/error.h"
#include "base/strings.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/options/target_options.h"
#include "cli/output/page.h"
#include "image/resolve/target.h"
#include "repository/repository.h"

static char *
format_text(const struct strings *tags)
{
	AUTO_PAGE struct page page = { 0 };

	for (size_t i = 0; i < tags->count; i++) {
		page_add(&page, "%s\n", QUOTED(tags->items[i]));
	}
	return page_take(&page);
}

static json_t *
format_object(const char *repository, const struct strings *tags)
{
	json_t *list = json_array();

	for (size_t i = 0; i < tags->count; i++)
		json_array_append_new(list, json_string(tags->items[i]));
	return json_pack("{s:s, s:o}", "repository", repository, "tags", list);
}

static void
tell_others(struct context *context, const struct strings *others)
{
	AUTO_FREE char *more =
		others->count == 1 ? xstrdup("") : xasprintf(" and %zu more", others->count - 1);

	context_notice(context, "left out '%s'%s: not a valid tag", QUOTED(others->items[0]), more);
}

static int
run_tags(struct context *context, const void *values, const struct strings *operands,
	 struct error **err)
{
	AUTO_TARGET struct target target = { 0 };
	AUTO_REPOSITORY struct repository *repository = NULL;
	AUTO_STRINGS struct strings tags = { 0 };
	AUTO_STRINGS struct strings others = { 0 };
	AUTO_FREE char *text = NULL;

	(void)values;
	if (target_of_place(context, operands, &target, err) < 0)
		return -1;
	repository = repository_open(context_session(context), &target.candidates[0],
				     REPOSITORY_READ, err);
	if (!repository || repository_list_tags(repository, &tags, &others, err) < 0)
		return -1;
	if (others.count > 0)
		tell_others(context, &others);
	if (tags.count == 0 && !context->options.json)
		return 0;
	text = format_text(&tags);
	return context_result(context, text, format_object(repository_name(repository), &tags),
			      err);
}

const struct command cmd_tags = {
	.name = "tags",
	.summary = "list the tags of a repository",
	.usage = "[IMAGE|REPOSITORY]",
	.groups = OPTIONS_NETWORK | OPTIONS_PROJECT,
	.operands_max = 1,
	.run = run_tags,
};
