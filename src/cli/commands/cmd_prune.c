/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/options/target_options.h"
#include "cli/output/page.h"
#include "fingerprint/git.h"
#include "image/prune/prune.h"
#include "image/resolve/target.h"
#include "oci/document.h"
#include "project/live.h"
#include "project/project.h"
#include "repository/repository.h"
#include "store/care.h"

struct prune_values {
	struct strings tags;
	unsigned newest;
	int64_t younger_ms;
	const char *git;
	struct strings git_refs;
	unsigned restore;
	bool github_packages;
	bool yes;
	bool dry_run;
};

#define AT(member) offsetof(struct prune_values, member)

static const struct option_spec prune_options[] = {
	{ "keep-tag", 0, OPTION_STRINGS, AT(tags), "PATTERN",
	  "keep tags that match this shell pattern; repeatable" },
	{ "keep-newest", 0, OPTION_UINT, AT(newest), "N", "keep the newest N images" },
	{ "keep-younger", 0, OPTION_DURATION, AT(younger_ms), "TIME",
	  "keep images that were created within this time" },
	{ "keep-git", 0, OPTION_STRING, AT(git), "auto|local|never",
	  "keep the images of git branches and tags; auto: check origin, too" },
	{ "keep-git-ref", 0, OPTION_STRINGS, AT(git_refs), "PATTERN",
	  "use these refs instead of all branches and tags; repeatable" },
	{ "github-packages", 0, OPTION_FLAG, AT(github_packages), NULL,
	  "use GitHub's Packages API (always used for ghcr.io)" },
	{ "restore", 0, OPTION_UINT, AT(restore), "ID",
	  "restore a deleted version of a GitHub package, and do nothing else" },
	{ "yes", 0, OPTION_FLAG, AT(yes), NULL, "delete the images that the plan lists" },
	{ "dry-run", 'n', OPTION_FLAG, AT(dry_run), NULL,
	  "print the plan and delete nothing (default)" },
	{ 0 },
};

static json_t *
node_json(const struct prune_node *node)
{
	json_t *object =
		json_pack("{s:s, s:o, s:s, s:I}", "digest", digest_text(&node->root.digest).text,
			  "tags", json_strings(&node->tags), "why", node->why, "bytes",
			  (json_int_t)node->root.size_bytes);

	if (node->version_id)
		json_object_set_new(object, "version_id",
				    json_integer((json_int_t)node->version_id));
	if (node->dated_by)
		json_object_set_new(object, "created", json_integer((json_int_t)node->created_s));
	return object;
}

static json_t *
plan_json(const struct prune_plan *plan, const char *repository, bool dry_run)
{
	json_t *kept = json_array();
	json_t *doomed = json_array();

	for (size_t i = 0; i < plan->graph.count; i++) {
		const struct prune_node *node = plan->graph.nodes[i];

		if (!node->is_absent)
			json_array_append_new(node->is_kept ? kept : doomed, node_json(node));
	}
	return json_pack("{s:s, s:b, s:o, s:o, s:I}", "repository", repository, "dry_run", dry_run,
			 "kept", kept, "removed", doomed, "freed_bytes",
			 (json_int_t)plan->freed_bytes);
}

static char *
plan_text(const struct prune_plan *plan)
{
	AUTO_FREE char *freed = text_bytes(plan->freed_bytes);
	AUTO_PAGE struct page page = { 0 };

	for (int kept = 1; kept >= 0; kept--)
		for (size_t i = 0; i < plan->graph.count; i++) {
			const struct prune_node *node = plan->graph.nodes[i];

			if (!node->is_absent && node->is_kept == kept) {
				page_add(&page, "%s %s", node->is_kept ? "keep  " : "remove",
					 digest_text(&node->root.digest).text);
				for (size_t j = 0; j < node->tags.count; j++)
					page_add(&page, " %s", QUOTED(node->tags.items[j]));
				page_add(&page, ": %s\n", QUOTED(node->why));
			}
		}
	page_add(&page, "%zu to keep, %zu to remove, %s\n", plan->kept_count, plan->doomed_count,
		 freed);
	return page_take(&page);
}

/* Whether git's refs are used: if there are any, unless the user decides otherwise. */
static int
find_whether_git_counts(const struct context *context, const struct prune_values *values,
			const struct target *target, bool *ret_counts, struct error **err)
{
	AUTO_GIT struct git *git = NULL;

	*ret_counts = values->git || values->git_refs.count > 0;
	if (!target->image || (values->git && strcmp(values->git, "never") == 0)) {
		*ret_counts = false;
		return 0;
	}
	if (git_open(context->project->directory, &git, err) < 0)
		return error_set_hint(err, "--keep-git never leaves the refs aside");
	*ret_counts = *ret_counts || git;
	return 0;
}

static int
check(const struct prune_values *values, const struct target *target, bool asks, struct error **err)
{
	if (values->yes && values->dry_run)
		return error_set(err, ERROR_USAGE, "--yes contradicts --dry-run");
	if ((values->git || values->git_refs.count > 0) && !target->image)
		return error_set(err, ERROR_USAGE,
				 "--keep-git goes with an image of the project file");
	if (asks || values->tags.count > 0 || values->newest > 0 || values->younger_ms > 0)
		return 0;
	error_set(err, ERROR_USAGE, "no retention rule given");
	return error_set_hint(err, "--keep-tag, --keep-newest, --keep-younger, or an image of the "
				   "project file in a git repository");
}

static int
find_live(const struct context *context, const struct prune_values *values, struct live *live,
	  struct error **err)
{
	struct live_options options = {
		.patterns = &values->git_refs,
		.ask_origin = !values->git || strcmp(values->git, "local") != 0,
	};

	return live_find(context->project, &options, live, err);
}

/* Prints the plan first, whatever happens to it. */
static int
prune(struct context *context, const struct prune_values *values, const struct location *place,
      const struct prune_rules *rules, struct error **err)
{
	AUTO_REPOSITORY struct repository *repository =
		repository_open(context_session(context), place,
				values->yes ? REPOSITORY_WRITE : REPOSITORY_READ, err);
	AUTO_PRUNE_PLAN struct prune_plan plan = { 0 };
	AUTO_FREE char *text = NULL;
	size_t count;

	if (!repository || prune_plan_make(repository, rules, &plan, err) < 0)
		return -1;
	text = plan_text(&plan);
	if (context_result(context, text,
			   plan_json(&plan, repository_name(repository), !values->yes), err) < 0)
		return -1;
	if (!values->yes) {
		context_notice(context, "nothing was deleted; --yes deletes");
		return 0;
	}
	if (prune_plan_apply(repository, &plan, &count, err) < 0)
		return -1;
	context_notice(context, "%zu manifests were deleted", count);
	return 0;
}

/* A registry collects garbage by itself; a layout needs gc. */
static int
sweep(struct context *context, const struct location *place, struct error **err)
{
	struct store_options options = session_store_options(context_session(context));
	AUTO_STORE struct store *store = NULL;
	AUTO_FREE char *removed = NULL;
	struct gc_result result;

	if (place->transport != TRANSPORT_LAYOUT)
		return 0;
	store = store_open(place->path, STORE_WRITE, &options, err);
	if (!store || store_gc(store, false, &result, err) < 0)
		return -1;
	removed = text_bytes(result.removed_bytes);
	context_notice(context, "%" PRIu64 " files were removed, %s", result.removed_count,
		       removed);
	return 0;
}

static int
restore(struct context *context, const struct prune_values *values, const struct location *place,
	struct error **err)
{
	AUTO_REPOSITORY struct repository *repository =
		repository_open(context_session(context), place, REPOSITORY_WRITE, err);
	AUTO_FREE char *text = NULL;

	if (!repository || repository_restore(repository, values->restore, err) < 0)
		return error_wrap(err, "cannot restore version %u", values->restore);
	text = xasprintf("version %u was restored", values->restore);
	return context_result(context, text,
			      json_pack("{s:I}", "restored", (json_int_t)values->restore), err);
}

static int
run_prune(struct context *context, const void *opaque, const struct strings *operands,
	  struct error **err)
{
	const struct prune_values *values = opaque;
	AUTO_TARGET struct target target = { 0 };
	AUTO_LIVE struct live live = { 0 };
	bool asks;
	struct prune_rules rules = {
		.tag_patterns = &values->tags,
		.newest_count = values->newest,
		.younger_ms = values->younger_ms,
		.used = &live.names,
		.used_by = &live.refs,
	};

	if (target_of_place(context, operands, &target, err) < 0)
		return -1;
	context->options.session.registry.github_packages = values->github_packages;
	context->options.session.registry.direct_bearer = false;
	if (values->restore)
		return restore(context, values, &target.candidates[0], err);
	if (find_whether_git_counts(context, values, &target, &asks, err) < 0 ||
	    check(values, &target, asks, err) < 0 ||
	    (asks && find_live(context, values, &live, err) < 0) ||
	    prune(context, values, &target.candidates[0], &rules, err) < 0)
		return -1;
	return values->yes ? sweep(context, &target.candidates[0], err) : 0;
}

const struct command cmd_prune = {
	.name = "prune",
	.summary = "delete from a registry the images that no rule keeps",
	.usage = "[--keep-git auto|local|never] [--keep-tag PATTERN] [--keep-newest N] "
		 "[--keep-younger TIME] [--yes] [IMAGE|REPOSITORY]",
	.options = prune_options,
	.values_size = sizeof(struct prune_values),
	.groups = OPTIONS_NETWORK | OPTIONS_STORE | OPTIONS_PROJECT,
	.operands_max = 1,
	.run = run_prune,
};
