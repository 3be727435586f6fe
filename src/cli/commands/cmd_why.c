#include <stddef.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/output/page.h"
#include "fingerprint/record.h"
#include "image/document/content.h"
#include "image/resolve/find.h"
#include "image/resolve/inputs.h"
#include "image/resolve/target.h"
#include "project/project.h"

struct why_values {
	const char *against;
};

static const struct option_spec why_options[] = {
	{ "against", 0, OPTION_STRING, offsetof(struct why_values, against), "TAG|REF",
	  "compare with this published image; the tag latest by default" },
	{ 0 },
};

/* Where the differences are gathered, as text and as JSON. */
struct differences {
	struct page page;
	json_t *array;
};

static const char *const kind_names[] = {
	[RECORD_FILE] = "file",
	[RECORD_ARG] = "arg",
	[RECORD_IMAGE] = "image",
	[RECORD_NEEDS] = "needs",
};

static const char *const change_names[] = {
	[RECORD_ADDED] = "added",
	[RECORD_REMOVED] = "removed",
	[RECORD_CHANGED] = "changed",
};

static json_t *
value_json(const struct record_entry *entry)
{
	AUTO_FREE char *shown = entry ? text_quote(entry->value, entry->value_size) : NULL;

	return shown ? json_string(shown) : json_null();
}

static void
add_difference(void *context, enum record_change change, const struct record_entry *before,
	       const struct record_entry *after)
{
	struct differences *differences = context;
	const struct record_entry *entry = after ? after : before;
	AUTO_FREE char *key = text_quote_string(entry->key);

	page_add(&differences->page, "%s %s %s\n", change_names[change], kind_names[entry->kind],
		 key);
	json_array_append_new(differences->array,
			      json_pack("{s:s, s:s, s:s, s:o, s:o}", "change", change_names[change],
					"kind", kind_names[entry->kind], "key", key, "before",
					value_json(before), "after", value_json(after)));
}

static int
find_target(const struct project *project, const char *name, const char *against,
	    struct target *ret_target, struct error **err)
{
	if (against && location_is(against))
		return target_of_location(against, ret_target, err);
	return target_of_project(project, name, against ? against : "latest", ret_target, err);
}

static int
get_published(struct context *context, const struct target *target, struct buf *record,
	      struct error **err)
{
	struct session *session = context_session(context);
	AUTO_FOUND_IMAGE struct found_image found = { 0 };
	AUTO_FREE char *name = NULL;
	struct content content = { 0 };

	if (find_required_image(session, target, &found, err) < 0) {
		if (error_is(*err, ERROR_ABSENT))
			error_set_hint(err, "compare with another one: --against TAG");
		return -1;
	}
	name = target_name(target, found.place);
	content.repository = found.repository;
	content.cache = session_find_store(session);
	if (inputs_get(&content, &found.root, record, err) < 0)
		return error_wrap(err, "'%s'", name);
	return 0;
}

static int
compare(struct buf *before, struct buf *after, struct differences *differences, struct error **err)
{
	AUTO_RECORD struct record published = { 0 };
	AUTO_RECORD struct record local = { 0 };

	if (record_parse(before->data, before->size, &published, err) < 0 ||
	    record_parse(after->data, after->size, &local, err) < 0)
		return -1;
	if (record_compare(&published, &local, add_difference, differences) == 0)
		page_add(&differences->page, "nothing differs\n");
	return 0;
}

static int
tell(struct context *context, const struct target *target, struct differences *differences,
     struct error **err)
{
	AUTO_FREE char *name = target_name(target, 0);
	AUTO_FREE char *text = page_take(&differences->page);

	return context_result(
		context, text,
		json_pack("{s:s, s:o}", "against", name, "differences", differences->array), err);
}

static int
run_why(struct context *context, const void *opaque, const struct strings *operands,
	struct error **err)
{
	const struct why_values *values = opaque;
	const char *name = operands->count > 0 ? operands->items[0] : NULL;
	AUTO_TARGET struct target local = { 0 };
	AUTO_TARGET struct target published = { 0 };
	AUTO_BUF struct buf record = BUF_INIT(RECORD_LIMIT_BYTES);
	struct differences differences = { 0 };
	struct project *project = context_project(context, err);

	if (!project || target_of_project(project, name, NULL, &local, err) < 0 ||
	    find_target(project, name, values->against, &published, err) < 0)
		return -1;
	context_log_in_at(context, &published.candidates[0]);
	if (get_published(context, &published, &record, err) < 0)
		return -1;
	differences.array = json_array();
	if (compare(&record, &local.record, &differences, err) == 0)
		return tell(context, &published, &differences, err);
	json_decref(differences.array);
	page_release(&differences.page);
	return -1;
}

const struct command cmd_why = {
	.name = "why",
	.summary = "show which inputs changed since an image was published",
	.usage = "[--against TAG|REF] [IMAGE]",
	.options = why_options,
	.values_size = sizeof(struct why_values),
	.groups = OPTIONS_NETWORK | OPTIONS_STORE | OPTIONS_PROJECT,
	.operands_max = 1,
	.run = run_why,
};
