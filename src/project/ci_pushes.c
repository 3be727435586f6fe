#include <fcntl.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/buf.h"
#include "base/environment.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "oci/document.h"
#include "project/ci.h"

struct event {
	const char *name;
	const char *refused; /* why it does not push; NULL: it may */
};

/* What GitHub says of the token: forks' code runs in some of these with a token that may write,
 * in others with one that may not. */
static const struct event events[] = {
	{ "push", NULL },
	{ "schedule", NULL },
	{ "workflow_dispatch", NULL },
	{ "merge_group", NULL },
	{ "pull_request", "the event pull_request has a read-only token for forks" },
	{ "pull_request_target", "the event pull_request_target may run a stranger's code" },
	{ "workflow_run", "the event workflow_run may run a stranger's code" },
};

static const char branch_prefix[] = "refs/heads/";
static const char queue_prefix[] = "refs/heads/gh-readonly-queue/";

static const char *
find_refusal(const char *name)
{
	for (size_t i = 0; i < sizeof(events) / sizeof(*events); i++)
		if (strcmp(events[i].name, name) == 0)
			return events[i].refused;
	return "the event is not push, schedule, workflow_dispatch or merge_group";
}

/* A merge group runs on a branch of its own, "gh-readonly-queue/<base>/pr-<number>-<sha>"; what
 * counts is the branch that it will become. */
static char *
find_ref(void)
{
	const char *ref = environment_find("GITHUB_REF");
	const char *base;
	const char *end;

	if (!ref)
		return NULL;
	if (!text_starts(ref, queue_prefix))
		return xstrdup(ref);
	base = ref + strlen(queue_prefix);
	end = strrchr(base, '/');
	return end ? xasprintf("%s%.*s", branch_prefix, (int)(end - base), base) : NULL;
}

/* NULL: the event's payload does not say. */
static char *
find_default_branch(void)
{
	const char *path = environment_find("GITHUB_EVENT_PATH");
	AUTO_BUF struct buf bytes = BUF_INIT(EVENT_FILE_LIMIT_BYTES);
	AUTO_ERROR struct error *ignored = NULL;
	AUTO_JSON json_t *payload = NULL;
	const json_t *branch;

	if (!path || file_read(AT_FDCWD, path, &bytes, &ignored) < 0 || bytes.size == 0)
		return NULL;
	payload = document_parse(bytes.data, bytes.size, &ignored);
	branch = json_object_get(json_object_get(payload, "repository"), "default_branch");
	return xstrdup_null(json_string_value(branch));
}

static bool
is_default_branch(const char *ref, const char *event)
{
	AUTO_FREE char *branch = find_default_branch();

	/* A schedule runs on the default branch alone, and its payload may lack the repository. */
	if (!branch)
		return strcmp(event, "schedule") == 0;
	return text_starts(ref, branch_prefix) && strcmp(ref + strlen(branch_prefix), branch) == 0;
}

/* "main" and "release/x" are branches, "refs/tags/v?" is meant as it stands. */
static bool
ref_matches(const char *ref, const char *pattern)
{
	AUTO_FREE char *whole = text_starts(pattern, "refs/")
					? xstrdup(pattern)
					: xasprintf("%s%s", branch_prefix, pattern);

	return fnmatch(whole, ref, FNM_PATHNAME | FNM_NOESCAPE) == 0;
}

static bool
matches_any(const char *ref, const struct strings *push_refs)
{
	for (size_t i = 0; i < push_refs->count; i++)
		if (ref_matches(ref, push_refs->items[i]))
			return true;
	return false;
}

static bool
ref_is_wanted(const char *ref, const char *event, const struct strings *push_refs)
{
	return push_refs->count == 0 ? is_default_branch(ref, event) : matches_any(ref, push_refs);
}

/* GitLab's pipelines of a branch or a tag; those of merge requests, and all that another pipeline,
 * a chat or an API call may start with values of its own, do not push. */
static const char *
find_refusal_of_gitlab(void)
{
	static const char *const pushing[] = { "push", "schedule", "web" };
	const char *source = environment_find("CI_PIPELINE_SOURCE");

	if (!source)
		return "CI_PIPELINE_SOURCE is not set";
	for (size_t i = 0; i < sizeof(pushing) / sizeof(*pushing); i++)
		if (strcmp(source, pushing[i]) == 0)
			return NULL;
	return strcmp(source, "merge_request_event") == 0
		       ? "the pipeline of a merge request may run a stranger's code"
		       : "the pipeline's source is not push, schedule or web";
}

static const char *
find_why_not_in_gitlab(const struct strings *push_refs)
{
	const char *branch = environment_find("CI_COMMIT_BRANCH");
	const char *tag = environment_find("CI_COMMIT_TAG");
	const char *default_branch = environment_find("CI_DEFAULT_BRANCH");
	const char *refusal = find_refusal_of_gitlab();
	AUTO_FREE char *ref = branch ? xasprintf("%s%s", branch_prefix, branch)
			      : tag  ? xasprintf("refs/tags/%s", tag)
				     : NULL;

	if (refusal)
		return refusal;
	if (!ref)
		return "neither CI_COMMIT_BRANCH nor CI_COMMIT_TAG is set";
	if (push_refs->count > 0)
		return matches_any(ref, push_refs) ? NULL : "the ref matches none of push_refs";
	return branch && default_branch && strcmp(branch, default_branch) == 0
		       ? NULL
		       : "the ref is not the default branch";
}

static const char *
find_why_not(const struct strings *push_refs)
{
	const char *event = environment_find("GITHUB_EVENT_NAME");
	AUTO_FREE char *ref = find_ref();
	const char *refusal;

	if (!ci_is_github() && ci_is_gitlab())
		return find_why_not_in_gitlab(push_refs);
	if (!ci_is_github())
		return "outside GitHub Actions and GitLab CI";
	if (!event)
		return "GITHUB_EVENT_NAME is not set";
	refusal = find_refusal(event);
	if (refusal)
		return refusal;
	if (!ref)
		return "GITHUB_REF is not set";
	if (ref_is_wanted(ref, event, push_refs))
		return NULL;
	return push_refs->count > 0 ? "the ref matches none of push_refs"
				    : "the ref is not the default branch";
}

bool
ci_pushes(const struct strings *push_refs, const char **ret_why_not)
{
	const char *why_not = find_why_not(push_refs);

	*ret_why_not = why_not;
	return !why_not;
}
