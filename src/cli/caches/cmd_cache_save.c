/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include "base/deadline.h"
#include "base/environment.h"
#include "base/error.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "cache/sources/source_times.h"
#include "cache/transfer/save.h"
#include "cache/tree/cargo_target.h"
#include "cache/tree/parts.h"
#include "cli/caches/cmd_cache.h"
#include "cli/context.h"
#include "cli/output/page.h"
#include "oci/document.h"
#include "project/ci.h"

enum { PRUNED_LIMIT_COUNT = 50 };

/* A build that runs longer is not waited for. */
static const int64_t cargo_lock_timeout_ms = 60000;

/* Called after the scan: files that changed meanwhile, or since the build read them, get no
 * recorded time. */
static int
record_sources(void *context, struct buf *ret_bytes, struct error **err)
{
	struct cache_work *work = context;

	if (!work->spec->preset->has_source_times && work->spec->preset->kind != PRESET_NONE)
		return 0;
	if (sources_check_unchanged(&work->request, &work->sources, err) < 0 ||
	    source_times_drop_touched(&work->request, work->state_folder, &work->sources, err) < 0)
		return -1;
	return sources_encode(&work->sources, ret_bytes, err);
}

static const char *
word_of(enum cache_save_end end)
{
	static const char *const words[] = {
		[CACHE_SAVED] = "saved", [CACHE_UNCHANGED] = "unchanged", [CACHE_TAKEN] = "present",
		[CACHE_EMPTY] = "empty", [CACHE_TOO_LARGE] = "too_large",
	};

	return words[end];
}

static void
describe(struct page *page, const struct cache_spec *spec, const struct cache_saved *saved,
	 int64_t elapsed_ms)
{
	AUTO_FREE char *new = text_bytes(saved->new_bytes);
	AUTO_FREE char *packed = text_bytes(saved->packed_bytes);
	AUTO_FREE char *most = text_bytes(spec->max_bytes);
	double known = saved->packed_bytes > 0
			       ? 100.0 * (double)(saved->packed_bytes - saved->new_bytes) /
					 (double)saved->packed_bytes
			       : 0.0;

	page_add(page, "cache %s: ", spec->name);
	switch (saved->end) {
	case CACHE_SAVED:
		page_add(page, "saved %s (%.1f %% known) in %.1f s\n", new, known,
			 (double)elapsed_ms / 1000);
		break;
	case CACHE_UNCHANGED:
		page_add(page, "nothing new to save\n");
		break;
	case CACHE_TAKEN:
		page_add(page, "not saved: another job saved the same inputs\n");
		break;
	case CACHE_EMPTY:
		page_add(page, "not saved: none of its directories exists%s\n",
			 spec->preset->kind == PRESET_CARGO &&
					 (environment_find("CARGO_TARGET_DIR") ||
					  environment_find("CARGO_BUILD_TARGET_DIR"))
				 ? "; CARGO_TARGET_DIR is set, name that directory with 'paths'"
				 : "");
		break;
	case CACHE_TOO_LARGE:
		page_add(page, "not saved: it has %s, more than 'max: %s'\n", packed, most);
		break;
	}
}

static void
notice(struct context *context, const struct cache_spec *spec, const struct cache_saved *saved)
{
	if (saved->secrets.count > 0) {
		AUTO_FREE char *first = text_quote_string(saved->secrets.items[0]);

		context_notice(context,
			       "cache %s: left out %zu file%s that may hold secrets: '%s'%s",
			       spec->name, saved->secrets.count, PLURAL_S(saved->secrets.count),
			       first, saved->secrets.count > 1 ? ", ..." : "");
	}
	if (saved->dropped_count > 0)
		context_notice(context, "cache %s: left out %" PRIu64 " %s%s %s", spec->name,
			       saved->dropped_count,
			       spec->preset->kind == PRESET_CARGO ? "unit" : "file",
			       PLURAL_S(saved->dropped_count),
			       saved->was_torn        ? "changing all the time"
			       : saved->was_too_large ? "to stay within 'max'"
						      : "not used any more");
	if (saved->changed_count > 0)
		context_notice(context,
			       "cache %s: left out %" PRIu64 " file%s changed while being read",
			       spec->name, saved->changed_count, PLURAL_S(saved->changed_count));
}

static json_t *
describe_json(const struct cache_work *work, const struct cache_saved *saved, int64_t elapsed_ms)
{
	return json_pack(
		"{s:s, s:s, s:s, s:s?, s:s, s:s?, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "name",
		work->spec->name, "result", word_of(saved->end), "repository",
		work->keys.save_repository, "tag", work->keys.exact_tag, "key", work->keys.key,
		"digest",
		saved->manifest.algorithm == DIGEST_NONE ? NULL
							 : digest_text(&saved->manifest).text,
		"new_bytes", (json_int_t)saved->new_bytes, "packed_bytes",
		(json_int_t)saved->packed_bytes, "bytes", (json_int_t)saved->total_bytes,
		"read_bytes", (json_int_t)saved->read_bytes, "files", (json_int_t)saved->file_count,
		"packs", (json_int_t)saved->pack_count, "dropped", (json_int_t)saved->dropped_count,
		"elapsed_ms", (json_int_t)elapsed_ms);
}

/* Once a day.  Few tokens may delete at most registries, and a job does not need to. */
static void
prune(struct context *context, const struct cache_spec *spec, const char *repository)
{
	AUTO_ERROR struct error *failure = NULL;
	size_t count = 0;

	if (cache_command_prune(context, repository, PRUNED_LIMIT_COUNT, &count, &failure) < 0)
		context_notice(context,
			       "cache %s: old caches were not deleted: %s; 'ocifp cache prune "
			       "--yes' does it, with a token that may",
			       spec->name, error_text(failure));
	else if (count > 0)
		context_notice(context, "cache %s: deleted %zu old caches", spec->name, count);
}

static int
save(struct context *context, struct cache_work *work, const struct tree_filter *filter,
     struct page *page, json_t *results, struct error **err)
{
	static const enum cache_save_executables ways[] = {
		[EXECUTABLES_AUTO] = CACHE_SOME_EXECUTABLES,
		[EXECUTABLES_ALWAYS] = CACHE_ALL_EXECUTABLES,
		[EXECUTABLES_NEVER] = CACHE_NO_EXECUTABLES,
	};
	const struct cache_spec *spec = work->spec;
	const struct cache_save_hook hook = { record_sources, work };
	AUTO_FREE char *revision = ci_revision(spec->directory);
	AUTO_CACHE_SAVED struct cache_saved saved = { 0 };
	int64_t start_ms = deadline_now_ms();
	const struct cache_save save = {
		.repository = work->keys.save_repository,
		.parent_repository = spec->repository,
		.exact_tag = work->keys.exact_tag,
		.pointer_tags = &work->keys.pointer_tags,
		.name = spec->name,
		.key = work->keys.key,
		.scope = work->keys.scope,
		.variant = spec->variant,
		.may_prune = work->keys.is_default_branch && (ci_is_github() || ci_is_gitlab()),
		.revision = revision,
		.roots = &work->roots,
		.filter = filter,
		.executables = ways[spec->executables],
		.hook = &hook,
		.record = &work->keys.record,
		.most_bytes = spec->max_bytes,
		.journal_folder = work->state_folder,
	};
	int64_t elapsed_ms;

	if (!work->keys.save_repository) {
		page_add(page, "cache %s: not saved: %s\n", spec->name, work->keys.why_not);
		json_array_append_new(results,
				      json_pack("{s:s, s:s, s:s}", "name", spec->name, "result",
						"not_saved", "why_not", work->keys.why_not));
		return 0;
	}
	if (cache_save(context_session(context), &save, &saved, err) < 0)
		return -1;
	elapsed_ms = deadline_now_ms() - start_ms;
	notice(context, spec, &saved);
	describe(page, spec, &saved, elapsed_ms);
	json_array_append_new(results, describe_json(work, &saved, elapsed_ms));
	if (saved.end != CACHE_SAVED)
		return 0;
	if (saved.is_time_to_prune && save.may_prune)
		prune(context, spec, work->keys.save_repository);
	return cache_add_summary(context, work->keys.save_repository, work->keys.exact_tag,
				 &saved.manifest, elapsed_ms, err);
}

static int
save_one(struct context *context, const struct cache_values *values, const struct cache_spec *spec,
	 struct page *page, json_t *results, struct error **err)
{
	CLEANUP(cache_work_release) struct cache_work work = { 0 };

	if (cache_work_begin(context, values, spec, &work, err) < 0)
		return -1;
	if (!work.keys.save_repository) {
		page_add(page, "cache %s: not saved: %s\n", spec->name, work.keys.why_not);
		json_array_append_new(results,
				      json_pack("{s:s, s:s, s:s}", "name", spec->name, "result",
						"not_saved", "why_not", work.keys.why_not));
		return 0;
	}
	if (spec->preset->kind == PRESET_CARGO) {
		AUTO_CARGO_TARGET struct cargo_target target = { 0 };

		/* Leaves out incremental data and final executables, and keeps cargo out meanwhile.
		 */
		if (cargo_target_open(work.spec, &target, err) < 0 ||
		    cargo_target_lock(&target, cargo_lock_timeout_ms, err) < 0)
			return -1;
		if (target.has_unknown)
			context_notice(context,
				       "cache %s: not a layout of cargo that is known: everything "
				       "is saved",
				       work.spec->name);
		return save(context, &work, &target.filter, page, results, err);
	}
	return save(context, &work, spec->preset->has_free_files ? &parts_are_files : NULL, page,
		    results, err);
}

/* A failure is a notice, because a cache must not fail a job; except with --strict, and for errors
 * in the command line or the project file. */
static int
save_softly(struct context *context, const struct cache_values *values,
	    const struct cache_spec *spec, struct page *page, json_t *results, struct error **err)
{
	AUTO_ERROR struct error *failure = NULL;

	if (save_one(context, values, spec, page, results, &failure) == 0)
		return 0;
	if (values->strict || error_is(failure, ERROR_USAGE)) {
		error_pass(err, TAKE_PTR(failure));
		return error_wrap(err, "cannot save cache '%s'", spec->name);
	}
	page_add(page, "cache %s: not saved: %s\n", spec->name, error_text(failure));
	json_array_append_new(results, json_pack("{s:s, s:s, s:s}", "name", spec->name, "result",
						 "failed", "why_not", error_text(failure)));
	return 0;
}

int
cache_command_save(struct context *context, const struct cache_values *values,
		   const struct cache_specs *specs, struct error **err)
{
	AUTO_JSON json_t *results = json_array();

	for (size_t i = 0; i < specs->count; i++) {
		AUTO_PAGE struct page page = { 0 };
		AUTO_FREE char *text = NULL;

		if (save_softly(context, values, &specs->items[i], &page, results, err) < 0)
			return -1;
		text = page_take(&page);
		text[strcspn(text, "\n")] = '\0';
		context_notice(context, "%s", text);
	}
	return 0;
}

static int
run_save(struct context *context, const void *opaque, const struct strings *operands,
	 struct error **err)
{
	const struct cache_values *values = opaque;
	AUTO_CACHE_SPECS struct cache_specs specs = { 0 };
	AUTO_PAGE struct page page = { 0 };
	json_t *results;

	if (cache_command_specs(context, values, operands, &specs, err) < 0)
		return -1;
	results = json_array();
	for (size_t i = 0; i < specs.count; i++) {
		if (save_softly(context, values, &specs.items[i], &page, results, err) < 0) {
			json_decref(results);
			return -1;
		}
	}
	return context_result_page(context, &page, json_pack("{s:o}", "caches", results), err);
}

static const struct option_spec save_options[] = {
	CACHE_OPTIONS,
	{ "push", 0, OPTION_STRING, CACHE_AT(push), "auto|always|never",
	  "save: where ensure would push (auto), or whatever the event is" },
	{ "strict", 0, OPTION_FLAG, CACHE_AT(strict), NULL, "fail when a cache cannot be saved" },
	{ 0 },
};

const struct command cmd_cache_save = {
	.name = "save",
	.summary = "save directories to a repository",
	.usage = "[--push auto|always|never] [--strict] [--path DIR] [NAME...]",
	.options = save_options,
	.values_size = sizeof(struct cache_values),
	.groups = OPTIONS_NETWORK | OPTIONS_STORE | OPTIONS_PROJECT,
	.operands_max = OPERANDS_ANY,
	.run = run_save,
};
