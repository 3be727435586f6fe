/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "cache/format/artifact.h"
#include "cli/caches/cmd_cache.h"
#include "cli/context.h"
#include "cli/output/page.h"
#include "fingerprint/git.h"
#include "image/prune/prune.h"
#include "project/git/git_refs.h"

/* The defaults of `cache prune`. */
static const int64_t default_younger_ms = (int64_t)7 * 24 * 3600 * 1000;
static const unsigned default_newest = 2;

/* The branches and pull requests that a cache may be for. */
struct branches {
	bool are_known;
	struct strings names;
};

static void
branches_release(struct branches *branches)
{
	strings_release(&branches->names);
}

static int
find_branches(struct context *context, const struct cache_values *values, struct branches *branches,
	      struct error **err)
{
	const char *word = values->git ? values->git : "never";
	const char *named = context->options.directory ? context->options.directory : ".";
	AUTO_FREE char *directory = realpath(named, NULL);
	bool asks_origin = strcmp(word, "auto") == 0;
	AUTO_GIT struct git *git = NULL;

	if (strcmp(word, "never") == 0)
		return 0;
	if (!directory || git_open(directory, &git, err) < 0 || !git)
		return *err ? -1
			    : error_set(err, ERROR_USAGE, "--keep-git requires a git repository");
	branches->are_known = true;
	return git_branches_list(git, asks_origin, &branches->names, err);
}

/* No job looks for a cache of a deleted branch. */
static bool
has_ended(void *context, const struct manifest *manifest)
{
	static const char start[] = "branch ";
	const struct branches *branches = context;
	const char *scope = manifest_annotation(manifest, ANNOTATION_CACHE_SCOPE);

	return scope && text_starts(scope, start) &&
	       !strings_has(&branches->names, scope + strlen(start));
}

/* The scope of one pointer tag. */
static const char *const groups[] = { ANNOTATION_CACHE_NAME, ANNOTATION_CACHE_SCOPE,
				      ANNOTATION_CACHE_VARIANT, NULL };

int
cache_command_prune(struct context *context, const char *place, size_t most_count,
		    size_t *ret_count, struct error **err)
{
	AUTO_REPOSITORY struct repository *repository =
		cache_command_open(context, place, REPOSITORY_WRITE, err);
	static const struct strings none;
	const struct prune_rules rules = {
		.tag_patterns = &none,
		.newest_count = default_newest,
		.younger_ms = default_younger_ms,
		.group_by = groups,
		.most_count = most_count,
		.used = &none,
		.used_by = &none,
	};
	AUTO_PRUNE_PLAN struct prune_plan plan = { 0 };

	*ret_count = 0;
	if (!repository || prune_plan_make(repository, &rules, &plan, err) < 0)
		return -1;
	return plan.doomed_count > 0 ? prune_plan_apply(repository, &plan, ret_count, err) : 0;
}

static int
prune_place(struct context *context, const struct cache_values *values, const char *place,
	    const struct branches *branches, struct page *page, json_t *results, struct error **err)
{
	AUTO_REPOSITORY struct repository *repository =
		cache_command_open(context, place, REPOSITORY_WRITE, err);
	static const struct strings none;
	const struct prune_rules rules = {
		.tag_patterns = &none,
		.newest_count = values->newest ? values->newest : default_newest,
		.younger_ms = values->younger_ms ? values->younger_ms : default_younger_ms,
		.most_bytes = values->most_bytes,
		.group_by = groups,
		.has_ended = branches->are_known ? has_ended : NULL,
		.context = (void *)(uintptr_t)branches,
		.may_keep_nothing = true,
		.used = &none,
		.used_by = &none,
	};
	AUTO_PRUNE_PLAN struct prune_plan plan = { 0 };
	AUTO_FREE char *freed = NULL;
	AUTO_FREE char *kept = NULL;
	size_t deleted_count = 0;

	if (!repository || prune_plan_make(repository, &rules, &plan, err) < 0)
		return -1;
	if (values->yes && prune_plan_apply(repository, &plan, &deleted_count, err) < 0)
		return error_wrap(err, "after %zu deletion%s", deleted_count,
				  PLURAL_S(deleted_count));
	freed = text_bytes(plan.freed_bytes);
	kept = text_bytes(plan.kept_bytes);
	page_add(page, "%s: %s %zu cache%s, %s; kept %zu, %s\n", place,
		 values->yes ? "deleted" : "would delete", plan.doomed_count,
		 PLURAL_S(plan.doomed_count), freed, plan.kept_count, kept);
	json_array_append_new(results, json_pack("{s:s, s:b, s:I, s:I, s:I, s:I}", "repository",
						 place, "deleted", values->yes, "doomed_count",
						 (json_int_t)plan.doomed_count, "kept_count",
						 (json_int_t)plan.kept_count, "kept_bytes",
						 (json_int_t)plan.kept_bytes, "freed_bytes",
						 (json_int_t)plan.freed_bytes));
	if (values->most_bytes > 0 && plan.kept_bytes > values->most_bytes)
		context_notice(context,
			       "%s: the newest %u of each branch and pull request take %s; "
			       "use a lower --keep-newest to keep less",
			       place, rules.newest_count, kept);
	return 0;
}

static int
run_prune(struct context *context, const void *opaque, const struct strings *operands,
	  struct error **err)
{
	const struct cache_values *values = opaque;
	AUTO_STRINGS struct strings places = { 0 };
	CLEANUP(branches_release) struct branches branches = { 0 };
	AUTO_PAGE struct page page = { 0 };
	json_t *results;

	if (cache_command_repositories(context, values, operands, &places, err) < 0 ||
	    find_branches(context, values, &branches, err) < 0)
		return -1;
	results = json_array();
	for (size_t i = 0; i < places.count; i++) {
		if (prune_place(context, values, places.items[i], &branches, &page, results, err) <
		    0) {
			json_decref(results);
			return error_wrap(err, "cannot prune '%s'", places.items[i]);
		}
	}
	return context_result_page(context, &page, json_pack("{s:o}", "repositories", results),
				   err);
}

static const struct option_spec prune_options[] = {
	{ "repository", 0, OPTION_STRING, CACHE_AT(repository), "REF",
	  "prune this repository instead of those of the project file" },
	{ "keep-younger", 0, OPTION_DURATION, CACHE_AT(younger_ms), "TIME",
	  "keep caches that were saved within this time (default: 7d)" },
	{ "keep-newest", 0, OPTION_UINT, CACHE_AT(newest), "N",
	  "keep the newest N caches of each branch and pull request (default: 2)" },
	{ "max-size", 0, OPTION_SIZE, CACHE_AT(most_bytes), "SIZE",
	  "keep no more young caches than make this size with the newest ones" },
	{ "keep-git", 0, OPTION_STRING, CACHE_AT(git), "auto|local|never",
	  "delete the caches of branches that are gone; auto: ask origin (default: never)" },
	{ "yes", 0, OPTION_FLAG, CACHE_AT(yes), NULL, "delete them" },
	{ 0 },
};

const struct command cmd_cache_prune = {
	.name = "prune",
	.summary = "delete old caches from a repository",
	.usage = "[--repository REF] [--keep-younger TIME] [--keep-newest N] [--max-size SIZE] "
		 "[--keep-git auto|local|never] [--yes] [NAME...]",
	.options = prune_options,
	.values_size = sizeof(struct cache_values),
	.groups = OPTIONS_NETWORK | OPTIONS_STORE | OPTIONS_PROJECT,
	.operands_max = OPERANDS_ANY,
	.run = run_prune,
};
