/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <time.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/output/columns.h"
#include "cli/output/page.h"
#include "image/prune/image_gc.h"
#include "oci/annotation.h"
#include "oci/descriptor.h"
#include "oci/document.h"
#include "run/root/volumes.h"
#include "run/roots.h"
#include "store/care.h"
#include "store/folder.h"
#include "store/store.h"
#include "store/uses.h"

struct rm_values {
	struct strings volumes;
	struct strings roots;
};

static int
remove_reference(struct store *store, const char *name, struct error **err)
{
	bool found = false;

	if (store_remove_reference(store, name, &found, err) < 0)
		return error_wrap(err, "cannot remove '%s'", QUOTED(name));
	if (found)
		return 0;
	error_set(err, ERROR_USAGE, "the store does not have reference '%s'", QUOTED(name));
	return error_set_hint(err, "'ocifp store ls' lists them");
}

static int
remove_volume(struct store *store, const char *name, struct error **err)
{
	bool found = false;
	AUTO_STRINGS struct strings volumes = { 0 };
	AUTO_ERROR struct error *unlisted = NULL;
	AUTO_FREE char *start = NULL;

	if (volume_remove(store, STORE_VOLUMES, name, &found, err) < 0)
		return error_wrap(err, "cannot remove volume '%s'", QUOTED(name));
	if (found)
		return 0;
	/* A project's volume is "NAME.ID"; with the NAME alone all matching volumes are listed. */
	start = xasprintf("%s.", name);
	error_set(err, ERROR_USAGE, "the store has no volume '%s'", QUOTED(name));
	if (folder_list(store, STORE_VOLUMES, &volumes, &unlisted) == 0)
		for (size_t i = 0; i < volumes.count; i++)
			if (text_starts(volumes.items[i], start))
				return error_set_hint(err, "a project's volume is '%s'",
						      QUOTED(volumes.items[i]));
	return error_set_hint(err, "'ocifp store ls' lists them");
}

static int
remove_root(struct store *store, const char *name, struct error **err)
{
	bool found = false;

	if (volume_remove(store, STORE_KEPT_ROOTS, name, &found, err) < 0)
		return error_wrap(err, "cannot remove root '%s'", QUOTED(name));
	if (found)
		return 0;
	error_set(err, ERROR_USAGE, "the store has no root '%s'", QUOTED(name));
	return error_set_hint(err, "'ocifp store ls' lists them");
}

static int
run_rm(struct context *context, const void *opaque, const struct strings *operands,
       struct error **err)
{
	const struct rm_values *values = opaque;
	struct store *store = session_store(context_session(context), err);

	if (!store)
		return -1;
	if (operands->count + values->volumes.count + values->roots.count == 0)
		return error_set(err, ERROR_USAGE, "nothing to remove given");
	for (size_t i = 0; i < operands->count; i++)
		if (remove_reference(store, operands->items[i], err) < 0)
			return -1;
	for (size_t i = 0; i < values->volumes.count; i++)
		if (remove_volume(store, values->volumes.items[i], err) < 0)
			return -1;
	for (size_t i = 0; i < values->roots.count; i++)
		if (remove_root(store, values->roots.items[i], err) < 0)
			return -1;
	if (!context->options.json)
		return 0;
	return context_result(context, "",
			      json_pack("{s:o, s:o, s:o}", "removed", json_strings(operands),
					"removed_volumes", json_strings(&values->volumes),
					"removed_kept_roots", json_strings(&values->roots)),
			      err);
}

static const struct option_spec rm_options[] = {
	{ "volume", 0, OPTION_STRINGS, offsetof(struct rm_values, volumes), "NAME",
	  "remove this volume of `ocifp run`; repeatable" },
	{ "root", 0, OPTION_STRINGS, offsetof(struct rm_values, roots), "NAME",
	  "remove what `ocifp run --keep NAME` kept; repeatable" },
	{ 0 },
};

static const struct command cmd_store_rm = {
	.name = "rm",
	.summary = "remove references, volumes or kept roots",
	.usage = "[--volume NAME] [--root NAME] [REF...]",
	.options = rm_options,
	.values_size = sizeof(struct rm_values),
	.groups = OPTIONS_STORE,
	.operands_max = OPERANDS_ANY,
	.run = run_rm,
};

struct gc_values {
	bool dry_run;
	int64_t older_ms;
};

struct fsck_values {
	bool repair;
};

/* No line without references. */
static int
answer(struct context *context, struct page *page, json_t *object, struct error **err)
{
	AUTO_FREE char *text = NULL;

	if (page->size == 0 && !context->options.json) {
		json_decref(object);
		return 0;
	}
	text = page_take(page);
	return context_result(context, text, object, err);
}

/* Empty for unreadable ones. */
static uint64_t
size_of(const struct store *store, const struct descriptor *reference)
{
	AUTO_ERROR struct error *ignored = NULL;
	uint64_t size_bytes = 0;

	return store_reference_size(store, reference, &size_bytes, &ignored) < 0 ? 0 : size_bytes;
}

static json_t *
time_json(int64_t time_s)
{
	return time_s > 0 ? json_integer(time_s) : json_null();
}

static void
add_reference(const struct store *store, const struct descriptor *reference,
	      struct columns *columns, json_t *array)
{
	const char *name = descriptor_annotation(reference, ANNOTATION_REF_NAME);
	struct digest_text digest = digest_text(&reference->digest);
	struct use use = name ? use_find(store, name) : (struct use){ 0 };
	uint64_t size_bytes = size_of(store, reference);
	int64_t now_s = time(NULL);

	columns_take(columns, text_bytes(size_bytes));
	columns_take(columns, text_of_age(use.since_s, now_s));
	columns_take(columns, text_of_age(use.last_s, now_s));
	columns_take(columns, short_digest(digest.text));
	columns_add(columns, name ? name : "-");
	json_array_append_new(
		array,
		json_pack("{s:s?, s:s, s:s?, s:I, s:o, s:o}", "name", name, "digest", digest.text,
			  "media_type", reference->media_type, "size_bytes", (json_int_t)size_bytes,
			  "since", time_json(use.since_s), "last_used", time_json(use.last_s)));
}

static void
add_titles(struct columns *columns, const char *const *titles)
{
	for (; *titles; titles++)
		columns_add(columns, *titles);
}

/* "what: line" */
static json_t *
add_lines(struct page *page, const char *what, const struct strings *lines)
{
	for (size_t i = 0; i < lines->count; i++)
		page_add(page, "%s: %s\n", what, lines->items[i]);
	return json_strings(lines);
}

static int
run_ls(struct context *context, const void *opaque, const struct strings *operands,
       struct error **err)
{
	static const char *const titles[] = { "SIZE", "AGE", "LAST USED", "DIGEST", "NAME", NULL };
	struct store *store = session_store(context_session(context), err);
	AUTO_DESCRIPTORS struct descriptors references = { NULL, 0 };
	AUTO_PAGE struct page page = { 0 };
	AUTO_STRINGS struct strings volumes = { 0 };
	AUTO_STRINGS struct strings roots = { 0 };
	AUTO_COLUMNS struct columns columns = { .alignment = "rllll" };
	json_t *array;
	json_t *names;
	json_t *root_names;

	(void)opaque;
	(void)operands;
	if (!store || store_list_references(store, &references, true, err) < 0 ||
	    folder_list(store, STORE_VOLUMES, &volumes, err) < 0 ||
	    folder_list(store, STORE_KEPT_ROOTS, &roots, err) < 0)
		return -1;
	array = json_array();
	if (references.count > 0)
		add_titles(&columns, titles);
	for (size_t i = 0; i < references.count; i++)
		add_reference(store, &references.items[i], &columns, array);
	columns_print(&columns, &page);
	names = add_lines(&page, "volume", &volumes);
	root_names = add_lines(&page, "root", &roots);
	return answer(context, &page,
		      json_pack("{s:s, s:o, s:o, s:o}", "path", store_path(store), "references",
				array, "volumes", names, "kept_roots", root_names),
		      err);
}

static int
run_gc(struct context *context, const void *opaque, const struct strings *operands,
       struct error **err)
{
	const struct gc_values *values = opaque;
	const char *verb = values->dry_run ? "would remove" : "removed";
	struct store *store = session_store(context_session(context), err);
	AUTO_FREE char *removed = NULL;
	AUTO_FREE char *kept = NULL;
	AUTO_PAGE struct page page = { 0 };
	struct image_gc_result collected;
	const struct gc_result *result = &collected.blobs;
	uint64_t removed_roots;

	(void)operands;
	if (!store || roots_collect(store, values->dry_run, &removed_roots, err) < 0 ||
	    image_gc(store, values->older_ms / 1000, values->dry_run, &collected, err) < 0)
		return -1;
	removed = text_bytes(result->removed_bytes);
	kept = text_bytes(result->kept_bytes);
	page_add(&page, "%s %" PRIu64 " file%s, %s; kept %" PRIu64 ", %s\n", verb,
		 result->removed_count, PLURAL_S(result->removed_count), removed,
		 result->kept_count, kept);
	if (collected.expired.builds > 0)
		page_add(&page, "%s %u local build%s that nothing used for %d days\n", verb,
			 collected.expired.builds, PLURAL_S(collected.expired.builds),
			 BUILT_KEPT_DAYS);
	if (collected.expired.others > 0)
		page_add(&page, "%s %u reference%s that nothing used for that long\n", verb,
			 collected.expired.others, PLURAL_S(collected.expired.others));
	if (collected.removed_trees > 0)
		page_add(&page, "%s %u unpacked tree%s\n", verb, collected.removed_trees,
			 PLURAL_S(collected.removed_trees));
	if (removed_roots > 0)
		page_add(&page, "%s %" PRIu64 " roots of runs that were killed\n", verb,
			 removed_roots);
	return answer(context, &page,
		      json_pack("{s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "dry_run",
				values->dry_run, "removed_count", (json_int_t)result->removed_count,
				"removed_bytes", (json_int_t)result->removed_bytes, "kept_count",
				(json_int_t)result->kept_count, "kept_bytes",
				(json_int_t)result->kept_bytes, "removed_trees",
				(json_int_t)collected.removed_trees, "removed_builds",
				(json_int_t)collected.expired.builds, "removed_references",
				(json_int_t)collected.expired.others, "removed_roots",
				(json_int_t)removed_roots),
		      err);
}

static json_t *
describe_check(struct page *page, const struct fsck_result *result)
{
	AUTO_FREE char *size = text_bytes(result->checked_bytes);
	json_t *object =
		json_pack("{s:I, s:I, s:I}", "checked_count", (json_int_t)result->checked_count,
			  "checked_bytes", (json_int_t)result->checked_bytes, "unfinished_count",
			  (json_int_t)result->unfinished_count);

	json_object_set_new(object, "problems", add_lines(page, "problem", &result->problems));
	json_object_set_new(object, "repaired", add_lines(page, "repaired", &result->repaired));
	json_object_set_new(object, "incomplete",
			    add_lines(page, "incomplete", &result->incomplete));
	page_add(page, "checked %" PRIu64 " blobs, %s; %" PRIu64 " unfinished\n",
		 result->checked_count, size, result->unfinished_count);
	return object;
}

static int
run_fsck(struct context *context, const void *opaque, const struct strings *operands,
	 struct error **err)
{
	const struct fsck_values *values = opaque;
	struct store *store = session_store(context_session(context), err);
	AUTO_FSCK struct fsck_result result = { 0 };
	AUTO_PAGE struct page page = { 0 };
	json_t *object;

	(void)operands;
	if (!store || store_fsck(store, values->repair, &result, err) < 0)
		return -1;
	object = describe_check(&page, &result);
	if (answer(context, &page, object, err) < 0)
		return -1;
	if (result.problems.count <= result.repaired.count)
		return 0;
	error_set(err, ERROR_CONTENT, "'%s' is damaged", QUOTED(store_path(store)));
	return error_set_hint(err, "'ocifp store fsck --repair' moves damaged files to quarantine");
}

static const struct option_spec gc_options[] = {
	{ "dry-run", 'n', OPTION_FLAG, offsetof(struct gc_values, dry_run), NULL,
	  "print what would be removed, and remove nothing" },
	{ "older", 0, OPTION_DURATION, offsetof(struct gc_values, older_ms), "TIME",
	  "remove references, too, that nothing used for this long, such as 30d" },
	{ 0 },
};

static const struct option_spec fsck_options[] = {
	{ "repair", 0, OPTION_FLAG, offsetof(struct fsck_values, repair), NULL,
	  "move damaged content to quarantine" },
	{ 0 },
};

static const struct command cmd_ls = {
	.name = "ls",
	.summary = "list references, volumes and kept roots",
	.usage = "",
	.groups = OPTIONS_STORE,
	.run = run_ls,
};

static const struct command cmd_gc = {
	.name = "gc",
	.summary = "remove content that no reference leads to",
	.usage = "[-n] [--older TIME]",
	.options = gc_options,
	.values_size = sizeof(struct gc_values),
	.groups = OPTIONS_STORE,
	.run = run_gc,
};

static const struct command cmd_fsck = {
	.name = "fsck",
	.summary = "verify every blob and report damage",
	.usage = "[--repair]",
	.options = fsck_options,
	.values_size = sizeof(struct fsck_values),
	.groups = OPTIONS_STORE,
	.run = run_fsck,
};

const struct command cmd_store = {
	.name = "store",
	.summary = "manage the image store",
	.subcommands =
		(const struct command *const[]){ &cmd_ls, &cmd_store_rm, &cmd_gc, &cmd_fsck, NULL },
};
