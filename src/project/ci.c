/* SPDX-License-Identifier: Apache-2.0 */
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
ci_is_github_com(void)
{
	const char *server = environment_find("GITHUB_SERVER_URL");

	return ci_is_github() && !environment_find("FORGEJO_ACTIONS") &&
	       !environment_find("GITEA_ACTIONS") &&
	       (!server || strcmp(server, "https://github.com") == 0);
}

bool
ci_is_gitlab(void)
{
	return is_true("GITLAB_CI");
}

static bool
is_jenkins(void)
{
	return environment_find("JENKINS_URL") != NULL;
}

static bool
is_buildkite(void)
{
	return is_true("BUILDKITE");
}

bool
ci_is_known(void)
{
	return ci_is_github() || ci_is_gitlab() || is_jenkins() || is_buildkite();
}

const char *
ci_job_name(void)
{
	if (ci_is_github())
		return environment_find("GITHUB_JOB");
	if (ci_is_gitlab())
		return environment_find("CI_JOB_NAME");
	return environment_find(is_buildkite() ? "BUILDKITE_STEP_KEY" : "STAGE_NAME");
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

char *
ci_repository(const char *directory, struct error **err)
{
	const char *value = environment_find("GITHUB_REPOSITORY");

	if (!value) {
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
			error_set(err, ERROR_USAGE,
				  "the git remote '%s' does not end with OWNER/NAME", quoted);
		} else {
			error_set(err, ERROR_USAGE,
				  "GITHUB_REPOSITORY is not set, and git has no remote");
		}
		error_set_hint(err, "set GITHUB_REPOSITORY=OWNER/NAME");
		return NULL;
	}
	if (remote_repository_is_valid(value))
		return text_lower(value);
	error_set(err, ERROR_USAGE, "GITHUB_REPOSITORY is '%s', which is not OWNER/NAME",
		  QUOTED(value));
	return NULL;
}

char *
ci_source_url(const char *directory)
{
	CLEANUP(remote_url_release) struct remote_url remote = { 0 };
	const char *server = environment_find("GITHUB_SERVER_URL");
	const char *repository = environment_find("GITHUB_REPOSITORY");
	AUTO_ERROR struct error *ignored = NULL;
	AUTO_FREE char *url = NULL;

	if (server && repository &&
	    (text_starts(server, "https://") || text_starts(server, "http://")) &&
	    text_is_printable_ascii(server) && !strpbrk(server, " @?#\"'\\<>") &&
	    remote_repository_is_valid(repository))
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
	return git_find_commit(git, "HEAD", &head, &ignored) == 0 ? TAKE_PTR(head) : NULL;
}

struct event {
	const char *name;
	const char *refused; /* the reason not to push; NULL: pushing is allowed */
};

/* GitHub's token for each event: code from forks runs in some with a token that may write, in
 * others with one that may not. */
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
	for (size_t i = 0; i < COUNT_OF(events); i++)
		if (strcmp(events[i].name, name) == 0)
			return events[i].refused;
	return "the event is not push, schedule, workflow_dispatch or merge_group";
}

/* A merge group runs on a branch "gh-readonly-queue/<base>/pr-<number>-<sha>", and is judged by its
 * base. Anyone who may push some branch may use such a name. */
static char *
find_ref(const char *event)
{
	const char *ref = environment_find("GITHUB_REF");
	const char *base;
	const char *end;

	if (!ref)
		return NULL;
	if (!text_starts(ref, queue_prefix) || !event || strcmp(event, "merge_group") != 0)
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

/* NULL: not in the event's payload. */
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

	/* A schedule runs only on the default branch, and its payload may lack the repository. */
	if (!branch)
		return strcmp(event, "schedule") == 0;
	return text_starts(ref, branch_prefix) && strcmp(ref + strlen(branch_prefix), branch) == 0;
}

/* "main" and "release/x" are branches; "refs/tags/v?" is used as it is. */
static bool
matches_any(const char *ref, const struct strings *push_refs)
{
	for (size_t i = 0; i < push_refs->count; i++) {
		const char *pattern = push_refs->items[i];
		AUTO_FREE char *whole = text_starts(pattern, "refs/")
						? xstrdup(pattern)
						: xasprintf("%s%s", branch_prefix, pattern);

		if (fnmatch(whole, ref, FNM_PATHNAME | FNM_NOESCAPE) == 0)
			return true;
	}
	return false;
}

/* A job of a CI system, with its branch or tag, or the change to be merged. */
struct branch_job {
	const char *refusal; /* the reason why its event does not push; NULL: pushing is allowed */
	const char *branch;
	const char *tag;
	const char *default_branch; /* NULL: not stated */
	bool is_default_branch;
	bool is_change; /* a merge or pull request */
	bool is_fork;   /* from another repository */
	const char *number;
	const char *base;
};

static bool
are_same(const char *one, const char *other)
{
	return one && other && strcmp(one, other) == 0;
}

static const char *
find_among(const char *text, const char *const *names)
{
	for (; text && *names; names++)
		if (strcmp(text, *names) == 0)
			return *names;
	return NULL;
}

/* Pipelines of merge requests, and those that another pipeline, a chat or an API call may start
 * with chosen values, do not push.  A merge request of a fork runs in the fork's project, or here
 * if a member starts it: then the projects differ. */
static struct branch_job
read_gitlab(void)
{
	static const char *const pushing[] = { "push", "schedule", "web", NULL };
	const char *source = environment_find("CI_PIPELINE_SOURCE");
	struct branch_job job = {
		.branch = environment_find("CI_COMMIT_BRANCH"),
		.tag = environment_find("CI_COMMIT_TAG"),
		.default_branch = environment_find("CI_DEFAULT_BRANCH"),
		.number = environment_find("CI_MERGE_REQUEST_IID"),
		.base = environment_find("CI_MERGE_REQUEST_TARGET_BRANCH_NAME"),
		.is_change = are_same(source, "merge_request_event"),
	};

	job.is_default_branch = are_same(job.branch, job.default_branch);
	if (job.is_change) {
		job.branch = environment_find("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME");
		job.refusal = "the pipeline of a merge request may run a stranger's code";
		job.is_fork = !are_same(environment_find("CI_MERGE_REQUEST_SOURCE_PROJECT_ID"),
					environment_find("CI_PROJECT_ID"));
	} else if (!find_among(source, pushing)) {
		job.refusal = source ? "the pipeline's source is not push, schedule or web"
				     : "CI_PIPELINE_SOURCE is not set";
	}
	return job;
}

/* Only multibranch pipelines have the primary branch, and mark pull requests.  Not every plugin
 * distinguishes forks from the repository; those that do also name the branch. */
static struct branch_job
read_jenkins(void)
{
	struct branch_job job = {
		.branch = environment_find("BRANCH_NAME"),
		.tag = environment_find("TAG_NAME"),
		.number = environment_find("CHANGE_ID"),
		.base = environment_find("CHANGE_TARGET"),
		.is_default_branch = is_true("BRANCH_IS_PRIMARY"),
	};

	job.is_change = job.number != NULL;
	if (job.tag)
		job.branch = NULL;
	if (job.is_default_branch)
		job.default_branch = job.branch;
	if (job.is_change) {
		job.branch = environment_find("CHANGE_BRANCH");
		job.is_fork = environment_find("CHANGE_FORK") || !job.branch;
		job.refusal = "the build of a pull request may run a stranger's code";
	} else if (!job.branch && !job.tag) {
		job.refusal = "BRANCH_NAME is not set, as in a multibranch pipeline";
	}
	return job;
}

static bool
is_own_repository(const char *url)
{
	CLEANUP(remote_url_release) struct remote_url own = { 0 };
	CLEANUP(remote_url_release) struct remote_url other = { 0 };
	const char *repository = environment_find("BUILDKITE_REPO");

	return url && repository && remote_url_parse(url, &other) &&
	       remote_url_parse(repository, &own) && strcmp(own.host, other.host) == 0 &&
	       strcmp(own.repository, other.repository) == 0;
}

static struct branch_job
read_buildkite(void)
{
	static const char *const pushing[] = { "webhook", "schedule", "ui", NULL };
	const char *source = environment_find("BUILDKITE_SOURCE");
	const char *number = environment_find("BUILDKITE_PULL_REQUEST");
	struct branch_job job = {
		.branch = environment_find("BUILDKITE_BRANCH"),
		.tag = environment_find("BUILDKITE_TAG"),
		.default_branch = environment_find("BUILDKITE_PIPELINE_DEFAULT_BRANCH"),
		.base = environment_find("BUILDKITE_PULL_REQUEST_BASE_BRANCH"),
		.is_change = number && strcmp(number, "false") != 0,
	};

	if (job.tag)
		job.branch = NULL;
	job.is_default_branch = are_same(job.branch, job.default_branch);
	if (job.is_change) {
		job.number = number;
		job.refusal = "the build of a pull request may run a stranger's code";
		job.is_fork = !is_own_repository(environment_find("BUILDKITE_PULL_REQUEST_REPO"));
	} else if (!find_among(source, pushing)) {
		job.refusal = source ? "the build's source is not webhook, schedule or ui"
				     : "BUILDKITE_SOURCE is not set";
	}
	return job;
}

/* False: another CI system, or none. */
static bool
read_branch_job(struct branch_job *ret_job)
{
	if (ci_is_gitlab())
		*ret_job = read_gitlab();
	else if (is_buildkite())
		*ret_job = read_buildkite();
	else if (is_jenkins())
		*ret_job = read_jenkins();
	else
		return false;
	return true;
}

static const char *
find_why_not_of_branch(const struct branch_job *job, const struct strings *push_refs)
{
	AUTO_FREE char *ref = job->branch ? xasprintf("%s%s", branch_prefix, job->branch)
			      : job->tag  ? xasprintf("refs/tags/%s", job->tag)
					  : NULL;

	if (job->refusal)
		return job->refusal;
	if (!ref)
		return "the CI system names neither a branch nor a tag";
	if (push_refs->count > 0)
		return matches_any(ref, push_refs) ? NULL : "the ref matches none of push_refs";
	return job->is_default_branch ? NULL : "the ref is not the default branch";
}

static const char *
find_why_not(const struct strings *push_refs)
{
	const char *event = environment_find("GITHUB_EVENT_NAME");
	AUTO_FREE char *ref = find_ref(event);
	struct branch_job job;
	const char *refusal;

	if (!ci_is_github())
		return read_branch_job(&job)
			       ? find_why_not_of_branch(&job, push_refs)
			       : "outside the CI systems that ocifp knows (use --push always)";
	if (!event)
		return "GITHUB_EVENT_NAME is not set";
	refusal = find_refusal(event);
	if (refusal)
		return refusal;
	if (!ref)
		return "GITHUB_REF is not set";
	if (push_refs->count == 0 ? is_default_branch(ref, event) : matches_any(ref, push_refs))
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

/* "refs/heads/main" of a push; NULL: not on a branch. */
static char *
branch_ref(void)
{
	const char *ref = environment_find("GITHUB_REF");
	struct branch_job job;

	if (ci_is_github())
		return ref && text_starts(ref, branch_prefix) ? xstrdup(ref) : NULL;
	return read_branch_job(&job) && job.branch && !job.is_change
		       ? xasprintf("%s%s", branch_prefix, job.branch)
		       : NULL;
}

/* NULL: origin does not have it. */
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

	/* A merge queue's job runs before the branch has the commit. */
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

/* NULL: none, or it has characters that a line of output must not have. */
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

/* A deleted repository is null in the payload: it was a fork's. */
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
	const json_t *number;

	event->base = payload_text(json_object_get(pull_request, "base"), "ref");
	if (!is_of_same_repository(pull_request)) {
		event->trust = CI_READ_ONLY;
		event->why_not = "the pull request comes from a fork";
		return;
	}
	number = json_object_get(pull_request, "number");
	event->pull_request = json_is_integer(number) && json_integer_value(number) > 0
				      ? xasprintf("%lld", (long long)json_integer_value(number))
				      : NULL;
	event->trust = event->pull_request ? CI_PULL_REQUEST : CI_READ_ONLY;
	event->why_not = event->pull_request ? "this is a pull request"
					     : "the event does not say which pull request this is";
	event->branch = payload_text(json_object_get(pull_request, "head"), "ref");
}

static void
find_branch_event(const struct branch_job *job, struct ci_event *event)
{
	uint64_t value;

	event->default_branch = safe_text(job->default_branch);
	if (job->is_change)
		event->base = safe_text(job->base);
	if (!job->is_fork)
		event->branch = safe_text(job->branch);
	if (job->is_fork) {
		event->trust = CI_READ_ONLY;
		event->why_not = "the change comes from a fork";
	} else if (job->is_change) {
		if (job->number && text_parse_uint(job->number, UINT32_MAX, &value))
			event->pull_request = xasprintf("%llu", (unsigned long long)value);
		event->trust = event->pull_request ? CI_PULL_REQUEST : CI_READ_ONLY;
		event->why_not = event->pull_request
					 ? "this is a merge or pull request"
					 : "the CI system does not say which change this is";
	} else if (event->trust != CI_TRUSTED && event->branch && !job->refusal) {
		event->trust = CI_BRANCH;
	}
}

void
ci_event_find(const struct strings *push_refs, struct ci_event *ret_event)
{
	const char *name = environment_find("GITHUB_EVENT_NAME");
	const char *ref = environment_find("GITHUB_REF");
	AUTO_JSON json_t *payload = NULL;
	struct ci_event event = { .trust = CI_READ_ONLY };
	struct branch_job job;

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
	} else if (read_branch_job(&job)) {
		find_branch_event(&job, &event);
	}
	*ret_event = event;
}
