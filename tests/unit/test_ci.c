/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "project/ci.h"
#include "project/remote_url.h"
#include "tree_room.h"

static const char *const variables[] = {
	"GITHUB_ACTIONS",     "GITHUB_EVENT_NAME", "GITHUB_EVENT_PATH", "GITHUB_REF",
	"GITHUB_SHA",         "GITHUB_REPOSITORY", "GITHUB_SERVER_URL", "GITLAB_CI",
	"CI_PIPELINE_SOURCE", "CI_COMMIT_BRANCH",  "CI_COMMIT_TAG",     "CI_DEFAULT_BRANCH",
};

static void
forget_variables(void)
{
	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++)
		unsetenv(variables[i]);
}

static int
enter(void **state)
{
	forget_variables();
	return enter_tree(state);
}

static int
leave(void **state)
{
	forget_variables();
	return leave_tree(state);
}

static void
set(const char *name, const char *value)
{
	if (value)
		setenv(name, value, 1);
	else
		unsetenv(name);
}

static void
remote_urls_name_owner_and_name(void **state)
{
	static const struct {
		const char *url;
		const char *host;
		const char *repository; /* NULL: refused */
	} cases[] = {
		{ "https://github.com/Owner/name", "github.com", "Owner/name" },
		{ "https://github.com/owner/name.git", "github.com", "owner/name" },
		{ "https://github.com/owner/name/", "github.com", "owner/name" },
		{ "https://user:secret@github.com/owner/name.git", "github.com", "owner/name" },
		{ "https://git.example:8443/owner/na.me", "git.example", "owner/na.me" },
		{ "ssh://git@github.com/owner/name.git", "github.com", "owner/name" },
		{ "ssh://git@github.com:22/owner/name.git", "github.com", "owner/name" },
		{ "git@github.com:owner/name.git", "github.com", "owner/name" },
		{ "github.com:owner/name", "github.com", "owner/name" },
		{ "git://github.com/owner/name", "github.com", "owner/name" },
		{ "https://github.com/owner", NULL, NULL },
		{ "https://github.com/", NULL, NULL },
		{ "https://github.com", NULL, NULL },
		{ "https://gitlab.com/group/sub/name.git", "gitlab.com", "group/sub/name" },
		{ "https://gitlab-ci-token:s3cret@gitlab.com/a/b/c/d", "gitlab.com", "a/b/c/d" },
		{ "git@gitlab.com:group/sub/name.git", "gitlab.com", "group/sub/name" },
		{ "https://gitlab.com/group//name", NULL, NULL },
		{ "https://gitlab.com/group/../name", NULL, NULL },
		{ "https://github.com/owner/na me", NULL, NULL },
		{ "https://github.com/owner/..", NULL, NULL },
		{ "https://github.com/owner/name\n", NULL, NULL },
		{ "https:///owner/name", NULL, NULL },
		{ "/srv/git/owner/name.git", NULL, NULL },
		{ "./a:b/c", NULL, NULL },
		{ "../name.git", NULL, NULL },
		{ "file:///srv/owner/name", NULL, NULL },
		{ "", NULL, NULL },
		{ ":", NULL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		CLEANUP(remote_url_release) struct remote_url remote = { 0 };
		bool taken = remote_url_parse(cases[i].url, &remote);

		if (taken != (cases[i].repository != NULL))
			fail_msg("%s", cases[i].url);
		if (!taken)
			continue;
		assert_string_equal(remote.host, cases[i].host);
		assert_string_equal(remote.repository, cases[i].repository);
	}
}

static void
repository_is_that_of_the_environment_or_of_the_remote(void **state)
{
	AUTO_ERROR struct error *err = NULL;
	AUTO_FREE char *from_git = NULL;
	AUTO_FREE char *from_environment = NULL;
	AUTO_FREE char *nested = NULL;

	(void)state;
	assert_null(ci_repository(".", &err));
	assert_int_equal(error_kind(err), ERROR_USAGE);
	error_free(TAKE_PTR(err));
	shell("git init -q .; git remote add origin https://u:secret@github.com/Some/Name.git");
	from_git = ci_repository(".", &err);
	assert_string_equal(from_git, "some/name");
	set("GITHUB_REPOSITORY", "Other/One");
	from_environment = ci_repository(".", &err);
	assert_string_equal(from_environment, "other/one");
	set("GITHUB_REPOSITORY", "Group/Sub/Project");
	nested = ci_repository(".", &err);
	assert_string_equal(nested, "group/sub/project");
	set("GITHUB_REPOSITORY", "one");
	assert_null(ci_repository(".", &err));
	assert_int_equal(error_kind(err), ERROR_USAGE);
	error_free(TAKE_PTR(err));
	set("GITHUB_REPOSITORY", NULL);
	shell("git remote set-url origin https://u:secret@github.com/x");
	assert_null(ci_repository(".", &err));
	assert_null(strstr(error_text(err), "secret"));
}

static void
source_and_revision_are_told_without_credentials(void **state)
{
	AUTO_FREE char *none = ci_source_url(".");
	AUTO_FREE char *no_revision = ci_revision(".");
	AUTO_FREE char *url = NULL;
	AUTO_FREE char *revision = NULL;
	AUTO_FREE char *server_url = NULL;
	AUTO_FREE char *event_revision = NULL;

	(void)state;
	assert_null(none);
	assert_null(no_revision);
	shell("git init -q .; git remote add origin https://u:secret@github.com/Some/Name.git;"
	      "git -c user.name=n -c user.email=e commit -q --allow-empty -m m");
	url = ci_source_url(".");
	assert_string_equal(url, "https://github.com/Some/Name");
	revision = ci_revision(".");
	assert_int_equal(strlen(revision), 40);
	set("GITHUB_ACTIONS", "true");
	set("GITHUB_SERVER_URL", "https://git.example");
	set("GITHUB_REPOSITORY", "Some/Name");
	set("GITHUB_SHA", "0123456789012345678901234567890123456789");
	server_url = ci_source_url(".");
	assert_string_equal(server_url, "https://git.example/Some/Name");
	event_revision = ci_revision(".");
	assert_string_equal(event_revision, "0123456789012345678901234567890123456789");
}

/* What --push auto means. */
static void
pushes_only_for_trusted_events_on_wanted_refs(void **state)
{
	static const struct {
		const char *actions, *event, *ref, *push_ref;
		const char *payload; /* NULL: none */
		bool pushes;
	} cases[] = {
		{ "true", "push", "refs/heads/main", NULL, "main", true },
		{ "true", "push", "refs/heads/other", NULL, "main", false },
		{ "true", "push", "refs/tags/main", NULL, "main", false },
		{ "true", "push", "refs/heads/main", NULL, NULL, false },
		{ "true", "workflow_dispatch", "refs/heads/main", NULL, "main", true },
		{ "true", "schedule", "refs/heads/main", NULL, NULL, true },
		{ "true", "schedule", "refs/heads/main", NULL, "main", true },
		{ "true", "merge_group", "refs/heads/gh-readonly-queue/main/pr-1-0123", NULL,
		  "main", true },
		{ "true", "merge_group", "refs/heads/gh-readonly-queue/a/b/pr-1-0123", NULL, "a/b",
		  true },
		{ "true", "merge_group", "refs/heads/gh-readonly-queue/dev/pr-1-0123", NULL, "main",
		  false },
		{ "true", "push", "refs/heads/gh-readonly-queue/main/pr-1-0123", NULL, "main",
		  false },
		{ "true", "workflow_dispatch", "refs/heads/gh-readonly-queue/main/x", "main",
		  "main", false },
		{ "true", "pull_request", "refs/pull/1/merge", NULL, "main", false },
		{ "true", "pull_request", "refs/heads/main", "*", "main", false },
		{ "true", "pull_request_target", "refs/heads/main", "main", "main", false },
		{ "true", "workflow_run", "refs/heads/main", "main", "main", false },
		{ "true", "release", "refs/tags/v1", "refs/tags/*", "main", false },
		{ "true", "push", "refs/heads/dev", "dev", "main", true },
		{ "true", "push", "refs/heads/release/1", "release/*", "main", true },
		{ "true", "push", "refs/heads/release/1/2", "release/*", "main", false },
		{ "true", "push", "refs/heads/main", "dev", "main", false },
		{ "true", "push", "refs/tags/v1", "refs/tags/v*", "main", true },
		{ "true", "push", "refs/tags/v1", "v*", "main", false },
		{ "true", "push", NULL, "main", "main", false },
		{ "true", NULL, "refs/heads/main", "main", "main", false },
		{ NULL, "push", "refs/heads/main", "main", "main", false },
		{ "false", "push", "refs/heads/main", "main", "main", false },
	};

	(void)state;
	set("GITHUB_EVENT_PATH", "event.json");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		AUTO_STRINGS struct strings push_refs = { 0 };
		const char *why_not = NULL;
		bool pushes;

		set("GITHUB_ACTIONS", cases[i].actions);
		set("GITHUB_EVENT_NAME", cases[i].event);
		set("GITHUB_REF", cases[i].ref);
		set("BRANCH", cases[i].payload);
		shell("rm -f event.json; [ -z \"$BRANCH\" ] ||"
		      "printf '{\"repository\":{\"default_branch\":\"%s\"}}' \"$BRANCH\""
		      " >event.json");
		if (cases[i].push_ref)
			strings_add(&push_refs, cases[i].push_ref);
		pushes = ci_pushes(&push_refs, &why_not);
		if (pushes != cases[i].pushes)
			fail_msg("case %zu: %s", i, why_not ? why_not : "pushes");
		assert_int_equal(pushes, !why_not);
	}
	unsetenv("BRANCH");
}

static void
gitlab_pushes_for_branches_that_are_wanted_and_never_for_merge_requests(void **state)
{
	static const struct {
		const char *source, *branch, *tag, *push_ref;
		bool pushes;
	} cases[] = {
		{ "push", "main", NULL, NULL, true },
		{ "schedule", "main", NULL, NULL, true },
		{ "web", "main", NULL, NULL, true },
		{ "push", "other", NULL, NULL, false },
		{ "push", "other", NULL, "oth*", true },
		{ "push", "main", NULL, "other", false },
		{ "push", NULL, "v1", NULL, false },
		{ "push", NULL, "v1", "refs/tags/v?", true },
		{ "push", NULL, "main", NULL, false },
		{ "push", NULL, NULL, NULL, false },
		{ "merge_request_event", "main", NULL, NULL, false },
		{ "merge_request_event", NULL, NULL, "main", false },
		{ "external_pull_request_event", "main", NULL, NULL, false },
		{ "trigger", "main", NULL, NULL, false },
		{ "api", "main", NULL, NULL, false },
		{ "parent_pipeline", "main", NULL, NULL, false },
		{ NULL, "main", NULL, NULL, false },
	};

	(void)state;
	set("GITLAB_CI", "true");
	set("CI_DEFAULT_BRANCH", "main");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		AUTO_STRINGS struct strings push_refs = { 0 };
		const char *why_not = NULL;
		bool pushes;

		set("CI_PIPELINE_SOURCE", cases[i].source);
		set("CI_COMMIT_BRANCH", cases[i].branch);
		set("CI_COMMIT_TAG", cases[i].tag);
		if (cases[i].push_ref)
			strings_add(&push_refs, cases[i].push_ref);
		pushes = ci_pushes(&push_refs, &why_not);
		if (pushes != cases[i].pushes)
			fail_msg("case %zu: %s", i, why_not ? why_not : "pushes");
		assert_int_equal(pushes, !why_not);
	}
}

/* What a build is told, and what may come of it without push_refs and with "release/1". */
struct build {
	const char *variables[8][2];
	enum ci_trust trust;
	enum ci_trust with_push_refs;
	const char *pull_request;
};

static void
assert_trust(const struct build *build, const struct strings *push_refs, enum ci_trust expected)
{
	AUTO_CI_EVENT struct ci_event event = { 0 };
	const char *why_not = NULL;

	ci_event_find(push_refs, &event);
	if (event.trust != expected)
		fail_msg("%s=%s: trust %d, not %d", build->variables[1][0], build->variables[1][1],
			 (int)event.trust, (int)expected);
	assert_int_equal(ci_pushes(push_refs, &why_not), expected == CI_TRUSTED);
	if (build->pull_request)
		assert_string_equal(event.pull_request, build->pull_request);
	else
		assert_null(event.pull_request);
}

static void
assert_builds(const struct build *builds, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		AUTO_STRINGS struct strings none = { 0 };
		AUTO_STRINGS struct strings release = { 0 };

		strings_add(&release, "release/1");
		for (size_t j = 0; j < 8 && builds[i].variables[j][0]; j++)
			set(builds[i].variables[j][0], builds[i].variables[j][1]);
		assert_trust(&builds[i], &none, builds[i].trust);
		assert_trust(&builds[i], &release, builds[i].with_push_refs);
		for (size_t j = 0; j < 8 && builds[i].variables[j][0]; j++)
			unsetenv(builds[i].variables[j][0]);
	}
}

static void
jenkins_pushes_from_branches_of_multibranch_pipelines(void **state)
{
	static const struct build builds[] = {
		{ { { "JENKINS_URL", "x" },
		    { "BRANCH_NAME", "main" },
		    { "BRANCH_IS_PRIMARY", "true" } },
		  CI_TRUSTED,
		  CI_BRANCH,
		  NULL },
		{ { { "JENKINS_URL", "x" }, { "BRANCH_NAME", "release/1" } },
		  CI_BRANCH,
		  CI_TRUSTED,
		  NULL },
		{ { { "JENKINS_URL", "x" }, { "BRANCH_NAME", "v1" }, { "TAG_NAME", "v1" } },
		  CI_READ_ONLY,
		  CI_READ_ONLY,
		  NULL },
		{ { { "JENKINS_URL", "x" },
		    { "BRANCH_NAME", "PR-7" },
		    { "CHANGE_ID", "7" },
		    { "CHANGE_BRANCH", "release/1" },
		    { "CHANGE_TARGET", "main" } },
		  CI_PULL_REQUEST,
		  CI_PULL_REQUEST,
		  "7" },
		{ { { "JENKINS_URL", "x" },
		    { "BRANCH_NAME", "PR-8" },
		    { "CHANGE_ID", "8" },
		    { "CHANGE_BRANCH", "main" },
		    { "CHANGE_FORK", "mallory" } },
		  CI_READ_ONLY,
		  CI_READ_ONLY,
		  NULL },
		/* A plugin that does not tell where a change comes from. */
		{ { { "JENKINS_URL", "x" },
		    { "BRANCH_NAME", "PR-9" },
		    { "CHANGE_ID", "9" },
		    { "CHANGE_TARGET", "main" } },
		  CI_READ_ONLY,
		  CI_READ_ONLY,
		  NULL },
		{ { { "JENKINS_URL", "x" }, { "GIT_BRANCH", "origin/main" } },
		  CI_READ_ONLY,
		  CI_READ_ONLY,
		  NULL },
	};

	(void)state;
	assert_builds(builds, sizeof(builds) / sizeof(*builds));
}

#define BUILDKITE \
	{ "BUILDKITE", "true" }, \
	{ \
		"BUILDKITE_PIPELINE_DEFAULT_BRANCH", "main" \
	}
#define BUILDKITE_OWN \
	{ \
		"BUILDKITE_REPO", "git@github.com:a/b.git" \
	}

static void
buildkite_pushes_from_branches_and_not_for_others_builds(void **state)
{
	static const struct build builds[] = {
		{ { BUILDKITE,
		    { "BUILDKITE_SOURCE", "webhook" },
		    { "BUILDKITE_BRANCH", "main" },
		    { "BUILDKITE_PULL_REQUEST", "false" } },
		  CI_TRUSTED,
		  CI_BRANCH,
		  NULL },
		{ { BUILDKITE,
		    { "BUILDKITE_SOURCE", "schedule" },
		    { "BUILDKITE_BRANCH", "release/1" } },
		  CI_BRANCH,
		  CI_TRUSTED,
		  NULL },
		{ { BUILDKITE,
		    { "BUILDKITE_SOURCE", "trigger_job" },
		    { "BUILDKITE_BRANCH", "main" } },
		  CI_READ_ONLY,
		  CI_READ_ONLY,
		  NULL },
		{ { BUILDKITE, { "BUILDKITE_SOURCE", "api" }, { "BUILDKITE_BRANCH", "main" } },
		  CI_READ_ONLY,
		  CI_READ_ONLY,
		  NULL },
		{ { BUILDKITE, { "BUILDKITE_BRANCH", "main" } }, CI_READ_ONLY, CI_READ_ONLY, NULL },
		{ { BUILDKITE,
		    BUILDKITE_OWN,
		    { "BUILDKITE_SOURCE", "webhook" },
		    { "BUILDKITE_BRANCH", "main" },
		    { "BUILDKITE_PULL_REQUEST", "5" },
		    { "BUILDKITE_PULL_REQUEST_REPO", "https://github.com/a/b.git" } },
		  CI_PULL_REQUEST,
		  CI_PULL_REQUEST,
		  "5" },
		{ { BUILDKITE,
		    BUILDKITE_OWN,
		    { "BUILDKITE_SOURCE", "webhook" },
		    { "BUILDKITE_BRANCH", "main" },
		    { "BUILDKITE_PULL_REQUEST", "6" },
		    { "BUILDKITE_PULL_REQUEST_REPO", "https://github.com/mallory/b.git" } },
		  CI_READ_ONLY,
		  CI_READ_ONLY,
		  NULL },
		{ { BUILDKITE,
		    BUILDKITE_OWN,
		    { "BUILDKITE_SOURCE", "webhook" },
		    { "BUILDKITE_BRANCH", "main" },
		    { "BUILDKITE_PULL_REQUEST", "6" } },
		  CI_READ_ONLY,
		  CI_READ_ONLY,
		  NULL },
	};

	(void)state;
	assert_builds(builds, sizeof(builds) / sizeof(*builds));
}

/* GitLab checks out a commit: git knows no branch. */
static void
gitlab_says_which_branch_this_is(void **state)
{
	AUTO_STRINGS struct strings push_refs = { 0 };
	AUTO_CI_EVENT struct ci_event event = { 0 };

	(void)state;
	set("GITLAB_CI", "true");
	set("CI_DEFAULT_BRANCH", "main");
	set("CI_PIPELINE_SOURCE", "push");
	set("CI_COMMIT_BRANCH", "release/1");
	set("CI_COMMIT_TAG", NULL);
	strings_add(&push_refs, "release/*");
	ci_event_find(&push_refs, &event);
	assert_int_equal(event.trust, CI_TRUSTED);
	assert_string_equal(event.branch, "release/1");
	assert_string_equal(event.default_branch, "main");
	ci_event_release(&event);
	set("CI_PIPELINE_SOURCE", "merge_request_event");
	set("CI_COMMIT_BRANCH", NULL);
	ci_event_find(&push_refs, &event);
	assert_int_equal(event.trust, CI_READ_ONLY);
	assert_null(event.branch);
}

static void
broken_payload_pushes_nothing(void **state)
{
	static const char *const payloads[] = {
		"", "[]", "{", "{\"repository\":1}", "{\"repository\":{\"default_branch\":1}}",
	};
	const struct strings none = { 0 };

	(void)state;
	set("GITHUB_ACTIONS", "true");
	set("GITHUB_EVENT_NAME", "push");
	set("GITHUB_EVENT_PATH", "event.json");
	set("GITHUB_REF", "refs/heads/main");
	for (size_t i = 0; i < sizeof(payloads) / sizeof(payloads[0]); i++) {
		const char *why_not = NULL;

		set("PAYLOAD", payloads[i]);
		shell("printf %s \"$PAYLOAD\" >event.json");
		assert_false(ci_pushes(&none, &why_not));
	}
	unsetenv("PAYLOAD");
}

/* A payload that would do, made as long as that. */
static bool
pushes_by_payload_of(size_t size)
{
	static const char payload[] = "{\"repository\":{\"default_branch\":\"main\"}}";
	AUTO_FREE char *script = xasprintf(
		"{ printf '%%s' '%s'; head -c %zu /dev/zero | tr '\\0' ' '; } >event.json", payload,
		size - strlen(payload));
	const struct strings none = { 0 };
	const char *why_not = NULL;

	shell(script);
	return ci_pushes(&none, &why_not);
}

static void
a_payload_has_a_limit(void **state)
{
	(void)state;
	set("GITHUB_ACTIONS", "true");
	set("GITHUB_EVENT_NAME", "push");
	set("GITHUB_EVENT_PATH", "event.json");
	set("GITHUB_REF", "refs/heads/main");
	assert_true(pushes_by_payload_of(EVENT_FILE_LIMIT_BYTES));
	assert_false(pushes_by_payload_of(EVENT_FILE_LIMIT_BYTES + 1));
}

#define IN_TREE(test) cmocka_unit_test_setup_teardown(test, enter, leave)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(remote_urls_name_owner_and_name),
		IN_TREE(repository_is_that_of_the_environment_or_of_the_remote),
		IN_TREE(source_and_revision_are_told_without_credentials),
		IN_TREE(pushes_only_for_trusted_events_on_wanted_refs),
		IN_TREE(gitlab_pushes_for_branches_that_are_wanted_and_never_for_merge_requests),
		IN_TREE(gitlab_says_which_branch_this_is),
		IN_TREE(jenkins_pushes_from_branches_of_multibranch_pipelines),
		IN_TREE(buildkite_pushes_from_branches_and_not_for_others_builds),
		IN_TREE(broken_payload_pushes_nothing),
		IN_TREE(a_payload_has_a_limit),
	};

	return cmocka_run_group_tests_name("ci", tests, NULL, NULL);
}
