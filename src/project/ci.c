#include "project/ci.h"

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
#include "fingerprint/git.h"
#include "oci/document.h"
#include "project/remote_url.h"

static bool
is_true(const char *name)
{
	const char *value = environment_find(name);

	return value && strcmp(value, "true") == 0;
}

bool
ci_is_github(void)
{
	return is_true("GITHUB_ACTIONS");
}

bool
ci_is_gitlab(void)
{
	return is_true("GITLAB_CI");
}

static bool
is_commit(const char *text)
{
	size_t size = strlen(text);

	return (size == 40 || size == 64) && strspn(text, "0123456789abcdef") == size;
}

/* NULL without *err: there is none. */
static char *
origin_url(const char *directory, struct error **err)
{
	AUTO_GIT struct git *git = NULL;

	if (git_open(directory, &git, err) < 0 || !git)
		return NULL;
	return git_setting(git, "remote.origin.url");
}

static char *
repository_of_remote(const char *directory, struct error **err)
{
	CLEANUP(remote_url_release) struct remote_url remote = { 0 };
	struct error *failure = NULL;
	AUTO_FREE char *url = origin_url(directory, &failure);
	AUTO_FREE char *quoted = NULL;

	if (url && remote_url_parse(url, &remote))
		return text_lower(remote.repository);
	if (failure) {
		error_pass(err, failure);
	} else if (url) {
		quoted = text_quote_url(url);
		error_set(err, ERROR_USAGE, "the git remote '%s' does not end with OWNER/NAME",
			  quoted);
	} else {
		error_set(err, ERROR_USAGE, "GITHUB_REPOSITORY is not set, and git has no remote");
	}
	error_set_hint(err, "set GITHUB_REPOSITORY=OWNER/NAME");
	return NULL;
}

char *
ci_repository(const char *directory, struct error **err)
{
	const char *value = environment_find("GITHUB_REPOSITORY");

	if (!value)
		return repository_of_remote(directory, err);
	if (remote_repository_is_valid(value))
		return text_lower(value);
	error_set(err, ERROR_USAGE, "GITHUB_REPOSITORY is '%s', which is not OWNER/NAME",
		  QUOTED(value));
	return NULL;
}

static bool
is_server_url(const char *text)
{
	return (text_starts(text, "https://") || text_starts(text, "http://")) &&
	       text_is_printable_ascii(text) && !strpbrk(text, " @?#\"'\\<>");
}

char *
ci_source_url(const char *directory)
{
	CLEANUP(remote_url_release) struct remote_url remote = { 0 };
	const char *server = environment_find("GITHUB_SERVER_URL");
	const char *repository = environment_find("GITHUB_REPOSITORY");
	AUTO_ERROR struct error *ignored = NULL;
	AUTO_FREE char *url = NULL;

	if (server && repository && is_server_url(server) && remote_repository_is_valid(repository))
		return xasprintf("%s/%s", server, repository);
	url = origin_url(directory, &ignored);
	if (!url || !remote_url_parse(url, &remote))
		return NULL;
	return xasprintf("https://%s/%s", remote.host, remote.repository);
}

char *
ci_revision(const char *directory)
{
	const char *value = ci_is_github() ? environment_find("GITHUB_SHA") : NULL;
	AUTO_ERROR struct error *ignored = NULL;
	AUTO_GIT struct git *git = NULL;
	AUTO_FREE char *head = NULL;

	if (value && is_commit(value))
		return xstrdup(value);
	if (git_open(directory, &git, &ignored) < 0 || !git)
		return NULL;
	head = git_head(git);
	return head && is_commit(head) ? TAKE_PTR(head) : NULL;
}

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

static json_t *
read_payload(void)
{
	const char *path = environment_find("GITHUB_EVENT_PATH");
	AUTO_BUF struct buf bytes = BUF_INIT(EVENT_FILE_LIMIT_BYTES);
	AUTO_ERROR struct error *ignored = NULL;

	if (!path || file_read(AT_FDCWD, path, &bytes, &ignored) < 0 || bytes.size == 0)
		return NULL;
	return document_parse(bytes.data, bytes.size, &ignored);
}

/* NULL: the event's payload does not say. */
static char *
find_default_branch(void)
{
	AUTO_JSON json_t *payload = read_payload();
	const json_t *branch =
		json_object_get(json_object_get(payload, "repository"), "default_branch");

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

/* "refs/heads/main" of a push; NULL: it is not of a branch. */
static char *
branch_ref(void)
{
	const char *ref = environment_find("GITHUB_REF");
	const char *branch = environment_find("CI_COMMIT_BRANCH");

	if (ci_is_github())
		return ref && text_starts(ref, branch_prefix) ? xstrdup(ref) : NULL;
	return ci_is_gitlab() && branch ? xasprintf("%s%s", branch_prefix, branch) : NULL;
}

/* NULL: origin does not say. */
static char *
head_at_origin(const char *directory, const char *ref)
{
	const char *const argv[] = { "--", "origin", ref, NULL };
	AUTO_BUF struct buf output = BUF_INIT(GIT_OUTPUT_LIMIT_BYTES);
	AUTO_ERROR struct error *ignored = NULL;
	AUTO_GIT struct git *git = NULL;
	AUTO_FREE char *head = NULL;

	if (git_open(directory, &git, &ignored) < 0 || !git ||
	    git_ls_remote(git, argv, GIT_ORIGIN_TIMEOUT_MS, &output, &ignored) < 0 || !output.data)
		return NULL;
	head = xstrndup(output.data, strcspn(output.data, "\t\n"));
	return is_commit(head) ? TAKE_PTR(head) : NULL;
}

bool
ci_is_at_head(const char *directory, char **ret_why_not)
{
	const char *event = environment_find("GITHUB_EVENT_NAME");
	AUTO_FREE char *ref = branch_ref();
	AUTO_FREE char *own = ci_revision(directory);
	AUTO_FREE char *head = NULL;

	/* It runs before the branch has the commit. */
	if (ci_is_github() && event && strcmp(event, "merge_group") == 0) {
		*ret_why_not = xstrdup("the merge group is not the branch yet");
		return false;
	}
	head = ref && own ? head_at_origin(directory, ref) : NULL;
	if (!head || strcmp(head, own) == 0)
		return true;
	*ret_why_not = xasprintf("%s is at %s, this is %s", ref + strlen(branch_prefix), head, own);
	return false;
}

void
ci_event_release(struct ci_event *event)
{
	free(event->branch);
	free(event->base);
	free(event->default_branch);
	free(event->pull_request);
	*event = (struct ci_event){ 0 };
}

/* NULL: there is none, or it has characters that no branch needs and a line of output must not
 * have. */
static char *
safe_text(const char *text)
{
	return text && *text && text_is_printable_ascii(text) ? xstrdup(text) : NULL;
}

static char *
payload_text(const json_t *object, const char *key)
{
	return safe_text(json_string_value(json_object_get(object, key)));
}

static char *
payload_number(const json_t *object, const char *key)
{
	const json_t *number = json_object_get(object, key);

	return json_is_integer(number) && json_integer_value(number) > 0
		       ? xasprintf("%lld", (long long)json_integer_value(number))
		       : NULL;
}

/* A repository that GitHub deleted is null: then it was a fork's. */
static bool
is_of_same_repository(const json_t *pull_request)
{
	const json_t *head = json_object_get(json_object_get(pull_request, "head"), "repo");
	const json_t *base = json_object_get(json_object_get(pull_request, "base"), "repo");
	const char *head_name = json_string_value(json_object_get(head, "full_name"));
	const char *base_name = json_string_value(json_object_get(base, "full_name"));

	return head_name && base_name && strcmp(head_name, base_name) == 0;
}

static void
find_pull_request(const json_t *payload, struct ci_event *event)
{
	const json_t *pull_request = json_object_get(payload, "pull_request");

	event->base = payload_text(json_object_get(pull_request, "base"), "ref");
	if (!is_of_same_repository(pull_request)) {
		event->trust = CI_READ_ONLY;
		event->why_not = "the pull request comes from a fork";
		return;
	}
	event->pull_request = payload_number(pull_request, "number");
	event->trust = event->pull_request ? CI_PULL_REQUEST : CI_READ_ONLY;
	event->why_not = event->pull_request ? "this is a pull request"
					     : "the event does not say which pull request this is";
	event->branch = payload_text(json_object_get(pull_request, "head"), "ref");
}

static char *
variable_text(const char *name)
{
	return safe_text(environment_find(name));
}

/* A merge request of a fork runs in the fork's project, or here when a member starts it: then the
 * projects differ. */
static void
find_merge_request(struct ci_event *event)
{
	const char *source = environment_find("CI_MERGE_REQUEST_SOURCE_PROJECT_ID");
	const char *project = environment_find("CI_PROJECT_ID");
	const char *number = environment_find("CI_MERGE_REQUEST_IID");
	uint64_t value;

	event->base = variable_text("CI_MERGE_REQUEST_TARGET_BRANCH_NAME");
	if (!source || !project || strcmp(source, project) != 0) {
		event->trust = CI_READ_ONLY;
		event->why_not = "the merge request comes from a fork";
		return;
	}
	if (number && text_parse_uint(number, UINT32_MAX, &value))
		event->pull_request = xasprintf("%llu", (unsigned long long)value);
	event->trust = event->pull_request ? CI_PULL_REQUEST : CI_READ_ONLY;
	event->why_not = event->pull_request
				 ? "this is a merge request"
				 : "CI_MERGE_REQUEST_IID does not say which merge request this is";
	event->branch = variable_text("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME");
}

static void
find_in_gitlab(struct ci_event *event)
{
	const char *source = environment_find("CI_PIPELINE_SOURCE");

	event->default_branch = variable_text("CI_DEFAULT_BRANCH");
	event->branch = variable_text("CI_COMMIT_BRANCH");
	if (source && strcmp(source, "merge_request_event") == 0)
		find_merge_request(event);
	else if (event->trust != CI_TRUSTED && event->branch && source &&
		 (strcmp(source, "push") == 0 || strcmp(source, "web") == 0))
		event->trust = CI_BRANCH;
}

void
ci_event_find(const struct strings *push_refs, struct ci_event *ret_event)
{
	const char *name = environment_find("GITHUB_EVENT_NAME");
	const char *ref = environment_find("GITHUB_REF");
	AUTO_JSON json_t *payload = NULL;
	struct ci_event event = { .trust = CI_READ_ONLY };

	if (ci_pushes(push_refs, &event.why_not))
		event.trust = CI_TRUSTED;
	if (ci_is_github()) {
		payload = read_payload();
		event.default_branch =
			payload_text(json_object_get(payload, "repository"), "default_branch");
		if (ref && text_starts(ref, branch_prefix))
			event.branch = safe_text(ref + strlen(branch_prefix));
		if (name && strcmp(name, "pull_request") == 0)
			find_pull_request(payload, &event);
		else if (event.trust != CI_TRUSTED && name && event.branch &&
			 (strcmp(name, "push") == 0 || strcmp(name, "workflow_dispatch") == 0))
			event.trust = CI_BRANCH;
	} else if (ci_is_gitlab()) {
		find_in_gitlab(&event);
	}
	*ret_event = event;
}
