/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/deadline.h"
#include "base/environment.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "cache/sources/source_times.h"
#include "cache/transfer/restore.h"
#include "cli/caches/cmd_cache.h"
#include "cli/context.h"
#include "cli/output/github.h"
#include "cli/output/page.h"
#include "fingerprint/git.h"
#include "oci/annotation.h"
#include "project/ci.h"

/* The restore of one cache. */
struct return_trip {
	struct context *context;
	struct cache_work work;
	struct cache_place *places;
	struct cache_restore restore;
	struct cache_restored restored;
	struct sources recorded;
	struct strings placed; /* for the times of sources */
	struct source_times_request times;
	struct source_times_result applied;
	int64_t elapsed_ms;
	bool has_failed;
	char *failure; /* one line */
};

static bool
is_ci(void)
{
	return ci_is_known() || environment_find("CI");
}

static int
prepare(void *context, const struct cache_found *found, int64_t *ret_shift_ns, struct error **err)
{
	struct return_trip *trip = context;
	const struct cache_spec *spec;

	if (found->sources->size > 0 &&
	    sources_decode(found->sources->data, found->sources->size, &trip->recorded, err) < 0)
		return -1;
	/* Paths inside the project that this restore fills. */
	spec = trip->work.spec;
	for (size_t i = 0; i < spec->path_count; i++)
		if (spec->paths[i].is_inside &&
		    (found->paths[i] != CACHE_PATH_KEPT || !spec->preset->has_source_times))
			strings_add(&trip->placed, spec->paths[i].label);
	trip->times.newest_ns = found->artifact->newest_ns;
	if (source_times_shift(&trip->times, &trip->recorded, &trip->work.sources,
			       &trip->times.shift_ns, err) < 0)
		return -1;
	*ret_shift_ns = trip->times.shift_ns;
	return 0;
}

static void
plan(struct return_trip *trip, const struct cache_values *values)
{
	const struct cache_keys *keys = &trip->work.keys;
	const struct cache_spec *spec = trip->work.spec;

	trip->places = xcalloc(keys->candidate_count + 1, sizeof(*trip->places));
	for (size_t i = 0; i < keys->candidate_count; i++)
		trip->places[i] =
			(struct cache_place){ keys->candidates[i].repository,
					      keys->candidates[i].tag, keys->candidates[i].scope,
					      keys->candidates[i].kind == CACHE_EXACT };
	trip->restore = (struct cache_restore){
		.places = trip->places,
		.place_count = keys->candidate_count,
		.roots = &trip->work.roots,
		.way = values->replace                      ? PLACEMENT_REPLACE
		       : spec->preset->is_content_addressed ? PLACEMENT_MERGE
							    : PLACEMENT_NEW,
		.dry_run = values->dry_run,
		.journal_folder = trip->work.state_folder,
	};
	trip->times = (struct source_times_request){
		.tree = trip->work.request,
		.state_directory = trip->work.state_folder,
		.placed = &trip->placed,
		.is_ci = is_ci(),
		.by_hand = values->source_times,
	};
}

static int
go(struct return_trip *trip, const struct cache_values *values, const struct cache_spec *spec,
   struct error **err)
{
	const struct cache_restore_hook hook = { prepare, trip };
	int64_t start_ms = deadline_now_ms();

	if (cache_work_begin(trip->context, values, spec, &trip->work, err) < 0)
		return -1;
	plan(trip, values);
	trip->restore.hook = &hook;
	if (cache_restore(context_session(trip->context), &trip->restore, &trip->restored, err) < 0)
		return -1;
	trip->restore.hook = NULL;
	trip->elapsed_ms = deadline_now_ms() - start_ms;
	if (trip->restored.is_hit || !values->strict)
		return 0;
	return error_set(err, ERROR_ABSENT, "no cache of these inputs is there");
}

static bool
has_restored(const struct return_trip *trip)
{
	for (size_t i = 0; i < trip->restored.path_count; i++)
		if (trip->restored.paths[i] == CACHE_PATH_RESTORED)
			return true;
	return false;
}

/* Called once all trees are in place.  Objects must not stay if their sources have no right times.
 */
static int
set_times(struct return_trip *trip, struct error **err)
{
	AUTO_ERROR struct error *undone = NULL;

	if (trip->has_failed || !trip->restored.is_hit || trip->restore.dry_run ||
	    !has_restored(trip) || trip->recorded.count == 0)
		return 0;
	if (source_times_apply(&trip->times, &trip->recorded, &trip->work.sources, &trip->applied,
			       err) == 0)
		return 0;
	if (cache_restore_undo(&trip->restore, &trip->restored, &undone) < 0)
		context_notice(trip->context, "%s", error_text(undone));
	return -1;
}

/* Usage errors are reported before anything is done; other failures are notices, because a cache
 * must not fail a job. */
static int
soften(struct return_trip *trip, const struct cache_values *values, const struct cache_spec *spec,
       struct error *failure, struct error **err)
{
	trip->has_failed = true;
	if (values->strict || error_is(failure, ERROR_USAGE)) {
		error_pass(err, failure);
		return error_wrap(err, "cannot restore cache '%s'", spec->name);
	}
	trip->failure = xstrdup(error_text(failure));
	error_free(failure);
	return 0;
}

static const struct cache_candidate *
candidate_of(const struct return_trip *trip)
{
	return trip->restored.is_hit ? &trip->work.keys.candidates[trip->restored.place] : NULL;
}

static const char *
hit_of(const struct return_trip *trip)
{
	const struct cache_candidate *candidate = candidate_of(trip);

	if (trip->has_failed || !candidate)
		return "miss";
	return candidate->kind == CACHE_EXACT ? "exact" : "partial";
}

/* The number of commits between HEAD and one of its ancestors; 0: none, or unknown, as in a shallow
 * clone. */
static unsigned
count_commits(const char *directory, const char *revision)
{
	AUTO_FREE char *range = xasprintf("%s..HEAD", revision);
	const char *const ask_ancestor[] = { "merge-base", "--is-ancestor", revision, "HEAD",
					     NULL };
	const char *const ask_count[] = { "rev-list", "--count", "--max-count=10000", range, NULL };
	const struct git_question ancestor = { .argv = ask_ancestor };
	const struct git_question count = { .argv = ask_count };
	AUTO_BUF struct buf nothing = BUF_INIT(PATH_LIMIT_BYTES);
	AUTO_BUF struct buf output = BUF_INIT(PATH_LIMIT_BYTES);
	AUTO_ERROR struct error *ignored = NULL;
	AUTO_GIT struct git *git = NULL;

	if (strspn(revision, "0123456789abcdef") != strlen(revision) || strlen(revision) < 40 ||
	    git_open(directory, &git, &ignored) < 0 || !git ||
	    git_read(git, &ancestor, &nothing, &ignored) < 0 ||
	    git_read(git, &count, &output, &ignored) < 0 || output.size == 0)
		return 0;
	return (unsigned)strtoul(output.data, NULL, 10);
}

static void
describe_age(struct page *page, const struct return_trip *trip)
{
	const char *revision =
		manifest_annotation(&trip->restored.artifact.manifest, ANNOTATION_REVISION);
	unsigned commits = revision ? count_commits(trip->work.spec->directory, revision) : 0;
	int64_t age_s = (int64_t)time(NULL) - trip->restored.artifact.created_s;

	if (commits > 0) {
		page_add(page, commits == 1 ? ", %u commit old" : ", %u commits old", commits);
		return;
	}
	if (trip->restored.artifact.created_s <= 0 || age_s < 0)
		return;
	if (age_s >= 172800)
		page_add(page, ", %" PRId64 " days old", age_s / 86400);
	else if (age_s >= 7200)
		page_add(page, ", %" PRId64 " hours old", age_s / 3600);
	else if (age_s >= 120)
		page_add(page, ", %" PRId64 " minutes old", age_s / 60);
	else
		page_add(page, ", just saved");
}

static void
describe(struct page *page, const struct return_trip *trip)
{
	const struct cache_candidate *candidate = candidate_of(trip);
	AUTO_FREE char *size =
		text_bytes(trip->restore.dry_run ? trip->restored.artifact.total_bytes
						 : trip->restored.total_bytes);

	page_add(page, "cache %s: ", trip->work.spec->name);
	if (trip->has_failed) {
		page_add(page, "not restored: %s\n", trip->failure);
		return;
	}
	if (!candidate) {
		page_add(page, "miss\n");
		return;
	}
	page_add(page, "%s", candidate->words);
	describe_age(page, trip);
	if (trip->restore.dry_run)
		page_add(page, ": %s", size);
	else
		page_add(page, ": %s in %.1f s", size, (double)trip->elapsed_ms / 1000);
	for (size_t i = 0; i < trip->restored.path_count; i++) {
		AUTO_FREE char *label = text_quote_string(trip->work.roots.items[i].label);

		if (trip->restored.paths[i] == CACHE_PATH_KEPT)
			page_add(page, "; '%s' has content already, use --replace to replace it",
				 label);
		else if (trip->restored.paths[i] == CACHE_PATH_MISSING)
			page_add(page, "; it has nothing for '%s'", label);
	}
	if (trip->applied.left_alone)
		page_add(page, "; times of sources not set: %s", trip->applied.left_alone);
	else if (trip->applied.unchanged + trip->applied.changed > 0)
		page_add(page, "; %zu source%s unchanged, %zu changed", trip->applied.unchanged,
			 PLURAL_S(trip->applied.unchanged), trip->applied.changed);
	page_add(page, "\n");
}

static json_t *
describe_json(const struct return_trip *trip)
{
	const struct cache_candidate *candidate = candidate_of(trip);
	const struct cache_restored *restored = &trip->restored;

	return json_pack("{s:s, s:s, s:s?, s:s?, s:s?, s:s?, s:s?, s:I, s:I, s:I, s:I, s:I, s:s?}",
			 "name", trip->work.spec->name, "hit", hit_of(trip), "words",
			 candidate ? candidate->words : NULL, "repository",
			 candidate ? candidate->repository : NULL, "tag",
			 candidate ? candidate->tag : NULL, "key", trip->work.keys.key, "digest",
			 candidate ? digest_text(&restored->artifact.digest).text : NULL, "bytes",
			 (json_int_t)restored->total_bytes, "files",
			 (json_int_t)restored->file_count, "sources_unchanged",
			 (json_int_t)trip->applied.unchanged, "sources_changed",
			 (json_int_t)trip->applied.changed, "elapsed_ms",
			 (json_int_t)trip->elapsed_ms, "failure", trip->failure);
}

/* The worst outcome of several caches. */
static int
set_outputs(const struct return_trip *trips, size_t count, struct error **err)
{
	const char *hit = "exact";

	for (size_t i = 0; i < count; i++) {
		const char *this_one = hit_of(&trips[i]);

		if (strcmp(this_one, "miss") == 0 || strcmp(hit, "miss") == 0)
			hit = "miss";
		else if (strcmp(this_one, "partial") == 0)
			hit = "partial";
	}
	if (count == 0 || github_set_output("hit", hit, err) < 0)
		return count == 0 ? 0 : -1;
	return trips[0].work.keys.key ? github_set_output("key", trips[0].work.keys.key, err) : 0;
}

static int
tell(struct context *context, const struct return_trip *trips, size_t count, struct error **err)
{
	AUTO_PAGE struct page page = { 0 };
	AUTO_FREE char *text = NULL;
	json_t *results = json_array();

	for (size_t i = 0; i < count; i++) {
		describe(&page, &trips[i]);
		json_array_append_new(results, describe_json(&trips[i]));
		if (trips[i].applied.notice)
			context_notice(context, "%s", trips[i].applied.notice);
	}
	text = page_take(&page);
	if (context_result(context, text, json_pack("{s:o}", "caches", results), err) < 0)
		return -1;
	if (set_outputs(trips, count, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		const struct cache_candidate *candidate = candidate_of(&trips[i]);

		if (candidate && !trips[i].has_failed && !trips[i].restore.dry_run &&
		    cache_add_summary(context, candidate->repository, candidate->tag,
				      &trips[i].restored.artifact.digest, trips[i].elapsed_ms,
				      err) < 0)
			return -1;
	}
	return 0;
}

static int
restore_all(struct context *context, const struct cache_values *values,
	    const struct cache_specs *specs, struct return_trip *trips, struct error **err)
{
	for (size_t i = 0; i < specs->count; i++) {
		struct error *failure = NULL;

		trips[i].context = context;
		trips[i].work.spec = &specs->items[i];
		if (go(&trips[i], values, &specs->items[i], &failure) < 0 &&
		    soften(&trips[i], values, &specs->items[i], failure, err) < 0)
			return -1;
	}
	for (size_t i = 0; i < specs->count; i++) {
		struct error *failure = NULL;

		if (set_times(&trips[i], &failure) < 0 &&
		    soften(&trips[i], values, &specs->items[i], failure, err) < 0)
			return -1;
	}
	return 0;
}

static void
release_all(struct return_trip *trips, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		cache_work_release(&trips[i].work);
		free(trips[i].places);
		cache_restored_release(&trips[i].restored);
		sources_release(&trips[i].recorded);
		strings_release(&trips[i].placed);
		source_times_result_release(&trips[i].applied);
		free(trips[i].failure);
	}
	free(trips);
}

int
cache_command_restore(struct context *context, const struct cache_values *values,
		      const struct cache_specs *specs, struct error **err)
{
	struct return_trip *trips = xcalloc(specs->count + 1, sizeof(*trips));
	int ret = restore_all(context, values, specs, trips, err);

	for (size_t i = 0; ret == 0 && i < specs->count; i++) {
		AUTO_PAGE struct page page = { 0 };
		AUTO_FREE char *text = NULL;

		describe(&page, &trips[i]);
		text = page_take(&page);
		text[strcspn(text, "\n")] = '\0';
		context_notice(context, "%s", text);
	}
	release_all(trips, specs->count);
	return ret;
}

static int
run_restore(struct context *context, const void *opaque, const struct strings *operands,
	    struct error **err)
{
	const struct cache_values *values = opaque;
	AUTO_CACHE_SPECS struct cache_specs specs = { 0 };
	struct return_trip *trips;
	int ret;

	if (cache_command_specs(context, values, operands, &specs, err) < 0)
		return -1;
	trips = xcalloc(specs.count + 1, sizeof(*trips));
	ret = restore_all(context, values, &specs, trips, err);
	if (ret == 0)
		ret = tell(context, trips, specs.count, err);
	release_all(trips, specs.count);
	return ret;
}

static const struct option_spec restore_options[] = {
	CACHE_OPTIONS,
	{ "replace", 0, OPTION_FLAG, CACHE_AT(replace), NULL,
	  "replace directories that have content" },
	{ "source-times", 0, OPTION_FLAG, CACHE_AT(source_times), NULL,
	  "set the times of sources outside of CI, too" },
	{ "strict", 0, OPTION_FLAG, CACHE_AT(strict), NULL,
	  "fail when a cache is not there or cannot be restored" },
	{ "dry-run", 'n', OPTION_FLAG, CACHE_AT(dry_run), NULL,
	  "print what would be restored, and change nothing" },
	{ 0 },
};

const struct command cmd_cache_restore = {
	.name = "restore",
	.summary = "restore directories from a repository",
	.usage = "[-n] [--strict] [--replace] [--source-times] [--path DIR] [NAME...]",
	.options = restore_options,
	.values_size = sizeof(struct cache_values),
	.groups = OPTIONS_NETWORK | OPTIONS_STORE | OPTIONS_PROJECT,
	.operands_max = OPERANDS_ANY,
	.run = run_restore,
};
