/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>
#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/output/page.h"
#include "fingerprint/git.h"
#include "fingerprint/record.h"
#include "image/document/content.h"
#include "image/resolve/find.h"
#include "image/resolve/target.h"
#include "project/git/git_project.h"
#include "project/project.h"

struct why_values {
	const char *against;
};

static const struct option_spec why_options[] = {
	{ "against", 0, OPTION_STRING, offsetof(struct why_values, against), "TAG|REF|git:REV",
	  "compare with this published image or git commit; by default with what the default "
	  "branch has, else with the tag latest" },
	{ 0 },
};

/* Collects the differences, as text and as JSON. */
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
get_published(struct context *context, const struct target *target, struct buf *record,
	      struct error **err)
{
	struct session *session = context_session(context);
	AUTO_FOUND_IMAGE struct found_image found = { 0 };
	AUTO_FREE char *name = NULL;
	struct content content = { 0 };

	if (find_required_image(session, target, &found, err) < 0) {
		if (error_is(*err, ERROR_ABSENT))
			error_set_hint(err,
				       "compare with another one, or with a commit: --against TAG "
				       "or git:REV");
		return -1;
	}
	name = target_name(target, found.place);
	content.repository = found.repository;
	content.cache = session_find_store(session);
	if (content_get_inputs(&content, &found.root, record, err) < 0)
		return error_wrap(err, "'%s'", name);
	return 0;
}

static int
compare_and_tell(struct context *context, const char *against, const struct buf *before,
		 const struct buf *after, struct error **err)
{
	AUTO_RECORD struct record published = { 0 };
	AUTO_RECORD struct record local = { 0 };
	struct differences differences = { 0 };

	if (record_parse(before->data, before->size, &published, err) < 0 ||
	    record_parse(after->data, after->size, &local, err) < 0)
		return -1;
	differences.array = json_array();
	if (record_compare(&published, &local, add_difference, &differences) == 0)
		page_add(&differences.page, "nothing differs\n");
	return context_result_page(
		context, &differences.page,
		json_pack("{s:s, s:o}", "against", against, "differences", differences.array), err);
}

static int
run_against_image(struct context *context, const char *against, const char *name, struct buf *local,
		  struct error **err)
{
	AUTO_TARGET struct target published = { 0 };
	AUTO_BUF struct buf record = BUF_INIT(RECORD_LIMIT_BYTES);
	AUTO_FREE char *shown = NULL;

	if ((location_is(against) ? target_of_location(against, &published, err)
				  : target_of_project(context_project(context, err), name, against,
						      &published, err)) < 0)
		return -1;
	context_log_in_at(context, &published.candidates[0]);
	if (get_published(context, &published, &record, err) < 0)
		return -1;
	shown = target_name(&published, 0);
	return compare_and_tell(context, shown, &record, local, err);
}

/* The default branch, as far as a clone knows it; *ret_branch NULL: it does not. */
static int
find_default_branch(struct git *git, const char **ret_branch, struct error **err)
{
	static const char *const names[] = { "refs/remotes/origin/HEAD", "refs/remotes/origin/main",
					     "refs/remotes/origin/master", "refs/heads/main",
					     "refs/heads/master" };

	*ret_branch = NULL;
	for (size_t i = 0; i < COUNT_OF(names) && !*ret_branch; i++) {
		AUTO_FREE char *commit = NULL;

		if (git_find_commit(git, names[i], &commit, err) < 0)
			return -1;
		if (commit)
			*ret_branch = names[i];
	}
	return 0;
}

static int
run_against_commit(struct context *context, struct git *git, const char *revision, const char *name,
		   struct buf *local, struct error **err)
{
	const struct project *here = context_project(context, err);
	AUTO_GIT_PROJECT struct git_project *commits = git_project_new(git, here->path, err);
	const struct project *project =
		commits ? git_project_at(commits, revision, NULL, err) : NULL;
	const struct project_image *image = project ? project_image(project, name, err) : NULL;
	AUTO_BUF struct buf record = BUF_INIT(RECORD_LIMIT_BYTES);
	AUTO_FREE char *against = xasprintf("git:%s", revision);
	struct fingerprint ignored;

	if (!image || project_fingerprint(project, image, &record, &ignored, err) < 0)
		return project ? error_wrap(err, "'%s'", QUOTED(against)) : -1;
	return compare_and_tell(context, against, &record, local, err);
}

static int
run_why(struct context *context, const void *opaque, const struct strings *operands,
	struct error **err)
{
	const struct why_values *values = opaque;
	const char *name = operands->count > 0 ? operands->items[0] : NULL;
	const char *against = values->against;
	AUTO_TARGET struct target local = { 0 };
	AUTO_GIT struct git *git = NULL;
	const char *branch = NULL;
	struct project *project = context_project(context, err);

	if (!project || target_of_project(project, name, NULL, &local, err) < 0)
		return -1;
	if (against && !text_starts(against, "git:"))
		return run_against_image(context, against, name, &local.record, err);
	if (git_open(project->directory, &git, err) < 0)
		return -1;
	if (against && !git)
		return error_set(err, ERROR_USAGE, "the project is not in a git repository");
	if (against)
		return run_against_commit(context, git, against + strlen("git:"), name,
					  &local.record, err);
	if (git && find_default_branch(git, &branch, err) < 0)
		return -1;
	if (!branch)
		return run_against_image(context, "latest", name, &local.record, err);
	context_notice(context, "compared with %s; --against TAG compares with an image", branch);
	return run_against_commit(context, git, branch, name, &local.record, err);
}

const struct command cmd_why = {
	.name = "why",
	.summary = "show which inputs changed since an image was published",
	.usage = "[--against TAG|REF|git:REV] [IMAGE]",
	.options = why_options,
	.values_size = sizeof(struct why_values),
	.groups = OPTIONS_NETWORK | OPTIONS_STORE | OPTIONS_PROJECT,
	.operands_max = 1,
	.run = run_why,
};
