/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "cache/key/key_file.h"
#include "cache/key/key_record.h"
#include "cache/key/keys.h"
#include "cache/key/spec.h"
#include "cache/sources/sources.h"
#include "oci/platform.h"
#include "project/project.h"
#include "tree_room.h"

static const char *const variables[] = {
	"CI_JOB_NAME",
	"GITHUB_ACTIONS",
	"GITHUB_EVENT_NAME",
	"GITHUB_EVENT_PATH",
	"GITHUB_JOB",
	"GITHUB_REF",
	"GITHUB_REPOSITORY",
	"GITLAB_CI",
	"OCIFP_MATRIX",
	"RUSTFLAGS",
	"CFLAGS",
	"CARGO_HOME",
	"CI_COMMIT_BRANCH",
	"CI_DEFAULT_BRANCH",
	"CI_PIPELINE_SOURCE",
	"CI_PROJECT_ID",
	"CI_MERGE_REQUEST_IID",
	"CI_MERGE_REQUEST_SOURCE_PROJECT_ID",
	"CI_MERGE_REQUEST_SOURCE_BRANCH_NAME",
	"CI_MERGE_REQUEST_TARGET_BRANCH_NAME",
	"XDG_CACHE_HOME",
	"CC",
};

static const struct strings nothing;
static char *home;

static int
enter(void **state)
{
	int result = enter_tree(state);

	for (size_t i = 0; i < sizeof(variables) / sizeof(*variables); i++)
		unsetenv(variables[i]);
	home = realpath(".", NULL);
	setenv("HOME", home, 1);
	shell("git init -q -b main .; echo lock >lock; mkdir src; echo a >src/a;"
	      "cat >.ocifp.yaml <<'END'\n"
	      "version: 1\n"
	      "caches:\n"
	      "  out: {paths: [out], key: [lock], repository: ghcr.io/o/c,\n"
	      "        pull_requests: ghcr.io/o/c-pr}\n"
	      "  npm: {preset: npm, repository: ghcr.io/o/c}\n"
	      "END\n"
	      "git add .");
	return result;
}

static int
leave(void **state)
{
	free(home);
	for (size_t i = 0; i < sizeof(variables) / sizeof(*variables); i++)
		unsetenv(variables[i]);
	return leave_tree(state);
}

static struct project *
read_project(void)
{
	AUTO_ERROR struct error *err = NULL;
	struct project *project = project_read(".ocifp.yaml", &err);

	if (!project)
		fail_msg("%s", error_text(err));
	return project;
}

static void
make_specs(const char *name, struct cache_specs *specs)
{
	AUTO_ERROR struct error *err = NULL;
	AUTO_PROJECT struct project *project = read_project();
	AUTO_STRINGS struct strings names = { 0 };
	const struct cache_options options = { .names = &names };

	strings_add(&names, name);
	if (cache_specs_make(project, NULL, &options, specs, &err) < 0)
		fail_msg("%s", error_text(err));
}

static struct cache_keys
make_keys_on(const char *machine, const char *name, enum cache_push push)
{
	AUTO_ERROR struct error *err = NULL;
	AUTO_CACHE_SPECS struct cache_specs specs = { 0 };
	AUTO_SOURCES struct sources sources = { 0 };
	AUTO_PLATFORM struct platform platform = { 0 };
	struct cache_keys keys = { 0 };

	make_specs(name, &specs);
	platform_parse(machine, &platform, &err);
	if (sources_collect(&(struct sources_request){ .directory = specs.items[0].directory,
						       .include = &nothing,
						       .exclude = &specs.items[0].foreign },
			    &sources, &err) < 0 ||
	    cache_keys_make(&specs.items[0], &platform, &sources, push, &keys, &err) < 0)
		fail_msg("%s", error_text(err));
	return keys;
}

static struct cache_keys
make_keys(const char *name, enum cache_push push)
{
	return make_keys_on("linux/amd64", name, push);
}

/* The words of the candidates, and where they are. */
static char *
list(const struct cache_keys *keys)
{
	char *text = xstrdup("");

	for (size_t i = 0; i < keys->candidate_count; i++) {
		AUTO_FREE char *before = text;

		text = xasprintf("%s%s: %s\n", before,
				 strrchr(keys->candidates[i].repository, '/') + 1,
				 keys->candidates[i].words);
	}
	return text;
}

static void
event(const char *name, const char *ref, const char *payload)
{
	AUTO_FREE char *script =
		xasprintf("printf '%%s' '%s' >../event.$$.json; mv ../event.$$.json "
			  ".git/event.json",
			  payload);
	AUTO_FREE char *path = xasprintf("%s/.git/event.json", home);

	shell(script);
	setenv("GITHUB_ACTIONS", "true", 1);
	setenv("GITHUB_REPOSITORY", "o/p", 1);
	setenv("GITHUB_EVENT_NAME", name, 1);
	setenv("GITHUB_REF", ref, 1);
	setenv("GITHUB_EVENT_PATH", path, 1);
}

static void
a_push_to_the_default_branch_saves_what_all_read(void **state)
{
	AUTO_CACHE_KEYS struct cache_keys keys = { 0 };
	AUTO_FREE char *text = NULL;

	(void)state;
	event("push", "refs/heads/main", "{\"repository\":{\"default_branch\":\"main\"}}");
	keys = make_keys("out", CACHE_PUSH_AUTO);
	text = list(&keys);
	assert_string_equal(text, "c: same sources\n"
				  "c: same dependencies, branch main\n"
				  "c: same system, branch main\n"
				  "c: another job, branch main\n");
	assert_string_equal(keys.save_repository, "ghcr.io/o/c");
	assert_string_equal(keys.exact_tag, keys.candidates[0].tag);
	assert_int_equal(keys.pointer_tags.count, 3);
	for (size_t i = 0; i < 3; i++)
		assert_string_equal(keys.pointer_tags.items[i], keys.candidates[i + 1].tag);
}

static void
another_platform_finds_no_cache_of_this_one(void **state)
{
	AUTO_CACHE_KEYS struct cache_keys here = { 0 };
	AUTO_CACHE_KEYS struct cache_keys there = { 0 };

	(void)state;
	event("push", "refs/heads/main", "{\"repository\":{\"default_branch\":\"main\"}}");
	here = make_keys_on("linux/amd64", "out", CACHE_PUSH_AUTO);
	there = make_keys_on("linux/arm64", "out", CACHE_PUSH_AUTO);
	assert_int_equal(here.candidate_count, 4);
	assert_int_equal(there.candidate_count, 4);
	for (size_t i = 0; i < 4; i++)
		assert_string_not_equal(here.candidates[i].tag, there.candidates[i].tag);
}

static const char own_pull_request[] =
	"{\"repository\":{\"default_branch\":\"main\"},\"pull_request\":{\"number\":5,"
	"\"head\":{\"ref\":\"topic\",\"repo\":{\"full_name\":\"o/p\"}},"
	"\"base\":{\"ref\":\"dev\",\"repo\":{\"full_name\":\"o/p\"}}}}";

static void
a_pull_request_reads_its_own_then_the_trusted_ones(void **state)
{
	AUTO_CACHE_KEYS struct cache_keys keys = { 0 };
	AUTO_FREE char *text = NULL;

	(void)state;
	event("pull_request", "refs/pull/5/merge", own_pull_request);
	keys = make_keys("out", CACHE_PUSH_AUTO);
	text = list(&keys);
	assert_string_equal(text, "c-pr: same sources\n"
				  "c: same sources\n"
				  "c-pr: same dependencies, pull request 5\n"
				  "c: same dependencies, branch dev\n"
				  "c: same dependencies, branch main\n"
				  "c-pr: same system, pull request 5\n"
				  "c: same system, branch dev\n"
				  "c: same system, branch main\n"
				  "c-pr: another job, pull request 5\n"
				  "c: another job, branch dev\n"
				  "c: another job, branch main\n");
	assert_string_equal(keys.save_repository, "ghcr.io/o/c-pr");
	assert_string_equal(keys.exact_tag, keys.candidates[0].tag);
	assert_string_not_equal(keys.exact_tag, keys.candidates[1].tag);
}

static void
a_pull_request_without_a_place_of_its_own_is_read_only(void **state)
{
	AUTO_CACHE_KEYS struct cache_keys keys = { 0 };

	(void)state;
	event("pull_request", "refs/pull/5/merge", own_pull_request);
	keys = make_keys("npm", CACHE_PUSH_ALWAYS);
	assert_null(keys.save_repository);
	assert_string_equal(keys.why_not,
			    "read-only: this is a pull request, and no 'pull_requests' is named");
}

static void
forks_and_foreign_events_are_read_only(void **state)
{
	AUTO_CACHE_KEYS struct cache_keys fork = { 0 };
	AUTO_CACHE_KEYS struct cache_keys target = { 0 };
	AUTO_FREE char *text = NULL;

	(void)state;
	event("pull_request", "refs/pull/5/merge",
	      "{\"repository\":{\"default_branch\":\"main\"},\"pull_request\":{\"number\":5,"
	      "\"head\":{\"ref\":\"main\",\"repo\":{\"full_name\":\"x/p\"}},"
	      "\"base\":{\"ref\":\"main\",\"repo\":{\"full_name\":\"o/p\"}}}}");
	fork = make_keys("out", CACHE_PUSH_AUTO);
	assert_null(fork.save_repository);
	assert_string_equal(fork.why_not, "read-only: the pull request comes from a fork");
	text = list(&fork);
	assert_null(strstr(text, "c-pr"));
	event("pull_request_target", "refs/heads/main", own_pull_request);
	target = make_keys("out", CACHE_PUSH_ALWAYS);
	assert_null(target.save_repository);
	for (size_t i = 0; i < target.candidate_count; i++)
		assert_string_equal(target.candidates[i].repository, "ghcr.io/o/c");
}

static void
a_branch_that_may_not_push_is_like_a_pull_request(void **state)
{
	AUTO_CACHE_KEYS struct cache_keys keys = { 0 };
	AUTO_FREE char *text = NULL;

	(void)state;
	event("push", "refs/heads/topic", "{\"repository\":{\"default_branch\":\"main\"}}");
	keys = make_keys("out", CACHE_PUSH_AUTO);
	text = list(&keys);
	assert_string_equal(keys.save_repository, "ghcr.io/o/c-pr");
	assert_non_null(strstr(text, "c-pr: same dependencies, branch topic\n"
				     "c: same dependencies, branch main\n"));
}

static void
a_merge_request_of_gitlab_is_like_a_pull_request(void **state)
{
	AUTO_CACHE_KEYS struct cache_keys keys = { 0 };
	AUTO_CACHE_KEYS struct cache_keys fork = { 0 };
	AUTO_CACHE_KEYS struct cache_keys push = { 0 };
	AUTO_FREE char *text = NULL;

	(void)state;
	setenv("GITLAB_CI", "true", 1);
	setenv("CI_DEFAULT_BRANCH", "main", 1);
	setenv("CI_PROJECT_ID", "7", 1);
	setenv("CI_PIPELINE_SOURCE", "merge_request_event", 1);
	setenv("CI_MERGE_REQUEST_IID", "5", 1);
	setenv("CI_MERGE_REQUEST_SOURCE_PROJECT_ID", "7", 1);
	setenv("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME", "topic", 1);
	setenv("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "dev", 1);
	keys = make_keys("out", CACHE_PUSH_AUTO);
	text = list(&keys);
	assert_string_equal(keys.save_repository, "ghcr.io/o/c-pr");
	assert_non_null(strstr(text, "c-pr: same dependencies, pull request 5\n"
				     "c: same dependencies, branch dev\n"
				     "c: same dependencies, branch main\n"));
	setenv("CI_MERGE_REQUEST_SOURCE_PROJECT_ID", "8", 1);
	fork = make_keys("out", CACHE_PUSH_ALWAYS);
	assert_null(fork.save_repository);
	assert_string_equal(fork.why_not, "read-only: the change comes from a fork");
	setenv("CI_PIPELINE_SOURCE", "push", 1);
	setenv("CI_COMMIT_BRANCH", "main", 1);
	push = make_keys("out", CACHE_PUSH_AUTO);
	assert_string_equal(push.save_repository, "ghcr.io/o/c");
}

static void
outside_of_ci_only_always_saves(void **state)
{
	AUTO_CACHE_KEYS struct cache_keys keys = make_keys("out", CACHE_PUSH_AUTO);
	AUTO_CACHE_KEYS struct cache_keys always = make_keys("out", CACHE_PUSH_ALWAYS);

	(void)state;
	assert_null(keys.save_repository);
	assert_string_equal(
		keys.why_not,
		"read-only: outside the CI systems that ocifp knows (use --push always)");
	assert_string_equal(always.save_repository, "ghcr.io/o/c");
}

enum { EXACT, KEY, IMAGE, VARIANT };

static char *
tag_of(size_t index)
{
	AUTO_CACHE_KEYS struct cache_keys keys = make_keys("out", CACHE_PUSH_AUTO);

	return xstrdup(keys.candidates[index].tag);
}

/* Which of the four tags stay what they were when something changes. */
static char *
what_stays(void (*change)(void))
{
	char *before[] = { tag_of(EXACT), tag_of(KEY), tag_of(IMAGE), tag_of(VARIANT) };
	char *text = xstrdup("");

	change();
	for (size_t i = 0; i < 4; i++) {
		static const char *const names[] = { "exact", "key", "image", "variant" };
		AUTO_FREE char *after = tag_of(i);
		AUTO_FREE char *old = text;

		text = xasprintf("%s%s%s", old, strcmp(before[i], after) == 0 ? " " : "",
				 strcmp(before[i], after) == 0 ? names[i] : "");
		free(before[i]);
	}
	return text;
}

static void
change_source(void)
{
	shell("echo b >src/a");
}

static void
change_key_file(void)
{
	shell("echo other >lock");
}

static void
change_variable(void)
{
	setenv("CFLAGS", "-O3", 1);
}

static void
change_job(void)
{
	setenv("GITHUB_ACTIONS", "true", 1);
	setenv("GITHUB_JOB", "clippy", 1);
}

static void
change_matrix(void)
{
	setenv("GITHUB_JOB", "clippy", 1);
	setenv("OCIFP_MATRIX", "{\"feature\":\"x\"}", 1);
}

static void
change_paths(void)
{
	shell("sed -i 's/\\[out\\]/[out, more]/' .ocifp.yaml");
}

static void
stays(void (*change)(void), const char *expected)
{
	AUTO_FREE char *text = what_stays(change);

	assert_string_equal(text, expected);
}

static void
each_tag_hangs_on_what_it_says(void **state)
{
	(void)state;
	event("push", "refs/heads/main", "{\"repository\":{\"default_branch\":\"main\"}}");
	stays(change_source, " key image variant");
	stays(change_key_file, " image variant");
	stays(change_variable, " image variant");
	stays(change_job, " variant");
	stays(change_matrix, " variant");
	stays(change_paths, "");
}

static void
specs_fail(const char *yaml, const char *name, const char *text)
{
	AUTO_ERROR struct error *err = NULL;
	AUTO_PROJECT struct project *project = NULL;
	AUTO_STRINGS struct strings names = { 0 };
	const struct cache_options options = { .names = &names };
	AUTO_CACHE_SPECS struct cache_specs specs = { 0 };
	AUTO_FREE char *script =
		xasprintf("printf 'version: 1\\ncaches: %s\\n' >.ocifp.yaml", yaml);

	shell(script);
	project = read_project();
	strings_add(&names, name);
	assert_int_equal(cache_specs_make(project, NULL, &options, &specs, &err), -1);
	assert_true(error_is(err, ERROR_USAGE));
	if (!strstr(error_text(err), text))
		fail_msg("'%s' is not in: %s", text, error_text(err));
}

static void
what_cannot_be_a_cache_is_refused(void **state)
{
	(void)state;
	specs_fail("{out: {paths: [out], key: [lock]}}", "other", "unknown cache 'other'");
	shell("ln -s /etc linked; touch file");
	specs_fail("{out: {paths: [linked], key: [lock]}}", "out", "a symbolic link is on the way");
	specs_fail("{out: {paths: [linked/x], key: [lock]}}", "out",
		   "a symbolic link is on the way");
	specs_fail("{out: {paths: [file], key: [lock]}}", "out", "a file is on the way");
}

static void
keys_fail(const char *script, const char *text)
{
	AUTO_ERROR struct error *err = NULL;
	AUTO_CACHE_SPECS struct cache_specs specs = { 0 };
	AUTO_PLATFORM struct platform platform = { 0 };
	const struct sources sources = { 0 };
	struct cache_keys keys = { 0 };

	shell(script);
	make_specs("out", &specs);
	platform_parse("linux/amd64", &platform, &err);
	assert_int_equal(
		cache_keys_make(&specs.items[0], &platform, &sources, CACHE_PUSH_AUTO, &keys, &err),
		-1);
	assert_true(error_is(err, ERROR_USAGE));
	if (!strstr(error_text(err), text))
		fail_msg("'%s' is not in: %s", text, error_text(err));
}

static void
a_key_file_has_to_be_there_and_in_the_project(void **state)
{
	(void)state;
	keys_fail("rm lock", "cannot read key file 'lock': it does not exist");
	keys_fail("ln -s /etc/passwd lock", "invalid key file 'lock': it leads out of the project");
	keys_fail("rm lock; mkdir lock", "cannot read key file 'lock'");
	keys_fail("rmdir lock; echo >lock; sed -i 's/, repository: ghcr.io.*$/}/; /pull_requests/d'"
		  " .ocifp.yaml",
		  "cannot tell where cache 'out' is kept: no 'repository' is named");
}

static void
a_home_folder_follows_its_variable(void **state)
{
	AUTO_CACHE_SPECS struct cache_specs specs = { 0 };
	AUTO_CACHE_SPECS struct cache_specs moved = { 0 };

	(void)state;
	shell("printf 'version: 1\\ncaches: {c: {preset: cargo-home}}\\n' >.ocifp.yaml");
	make_specs("c", &specs);
	assert_int_equal(specs.items[0].path_count, 3);
	assert_string_equal(specs.items[0].paths[0].label, "$CARGO_HOME/git/db");
	assert_string_equal(specs.items[0].paths[0].directory + strlen(home), "/.cargo/git/db");
	setenv("CARGO_HOME", "/cargo", 1);
	make_specs("c", &moved);
	assert_string_equal(moved.items[0].paths[0].directory, "/cargo/git/db");
	assert_int_equal(moved.items[0].foreign.count, 0);
}

static const char lock_file[] =
	"version = 4\n\n"
	"[[package]]\n"
	"name = \"app\"\n"
	"version = \"%s\"\n"
	"dependencies = [\n"
	" \"lib %s\",\n"
	" \"serde\",\n"
	"]\n\n"
	"[[package]]\n"
	"name = \"lib\"\n"
	"version = \"%s\"\n\n"
	"[[package]]\n"
	"name = \"serde\"\n"
	"version = \"%s\"\n"
	"source = \"registry+https://github.com/rust-lang/crates.io-index\"\n";

static char *
masked_lock(const char *own, const char *serde)
{
	AUTO_FREE char *text = NULL;

	text = xcalloc(1, sizeof(lock_file) + 64);
	(void)snprintf(text, sizeof(lock_file) + 64, lock_file, own, own, own, serde);
	return key_file_mask("sub/Cargo.lock", text);
}

static void
versions_of_the_workspace_do_not_count(void **state)
{
	AUTO_FREE char *first = masked_lock("0.1.0", "1.0.228");
	AUTO_FREE char *release = masked_lock("0.2.0", "1.0.228");
	AUTO_FREE char *update = masked_lock("0.1.0", "1.0.229");
	AUTO_FREE char *manifest = key_file_mask("Cargo.toml", "[package]\nname = \"a\"\n"
							       "version = \"1.0.0\"\n"
							       "[dependencies.serde]\n"
							       "version = \"1.0\"\n");

	(void)state;
	assert_string_equal(first, release);
	assert_string_not_equal(first, update);
	assert_string_equal(manifest, "[package]\nname = \"a\"\n[dependencies.serde]\n"
				      "version = \"1.0\"\n");
}

static void
packages_of_lock_files_are_listed(void **state)
{
	AUTO_STRINGS struct strings cargo = { 0 };
	AUTO_STRINGS struct strings npm = { 0 };
	AUTO_STRINGS struct strings go = { 0 };

	(void)state;
	key_file_packages("Cargo.lock", lock_file, &cargo);
	assert_int_equal(cargo.count, 1);
	assert_string_equal(cargo.items[0], "serde %s");
	key_file_packages("package-lock.json",
			  "{\"packages\":{\"\":{\"version\":\"1\"},"
			  "\"node_modules/left-pad\":{\"version\":\"1.3.0\"}}}",
			  &npm);
	assert_int_equal(npm.count, 1);
	assert_string_equal(npm.items[0], "left-pad 1.3.0");
	key_file_packages("go.sum",
			  "golang.org/x/sys v0.1.0 h1:a=\ngolang.org/x/sys v0.1.0/go.mod h1:b=\n",
			  &go);
	assert_int_equal(go.count, 1);
	assert_string_equal(go.items[0], "golang.org/x/sys v0.1.0");
}

static void
differ(const char *before, const char *after, const char *expected)
{
	AUTO_ERROR struct error *err = NULL;
	AUTO_BUF struct buf old = BUF_INIT(MIB);
	AUTO_BUF struct buf new = BUF_INIT(MIB);
	AUTO_STRINGS struct strings differences = { 0 };
	AUTO_FREE char *text = xstrdup("");

	assert_int_equal(buf_append_text(&old, "ocifp-cache-record 1\n", &err), 0);
	assert_int_equal(buf_append_text(&new, "ocifp-cache-record 1\n", &err), 0);
	assert_int_equal(buf_append_text(&old, before, &err), 0);
	assert_int_equal(buf_append_text(&new, after, &err), 0);
	assert_int_equal(cache_record_compare(&old, &new, &differences, &err), 0);
	for (size_t i = 0; i < differences.count; i++) {
		AUTO_FREE char *head = TAKE_PTR(text);

		text = xasprintf("%s%s\n", head, differences.items[i]);
	}
	assert_string_equal(text, expected);
}

static void
what_moved_a_key_is_told(void **state)
{
	(void)state;
	differ("file Cargo.lock 1\npackage Cargo.lock serde 1.0.228\n",
	       "file Cargo.lock 2\npackage Cargo.lock serde 1.0.229\n",
	       "Cargo.lock: serde 1.0.228 -> 1.0.229\n");
	differ("package Cargo.lock syn 1.0.0\npackage Cargo.lock syn 2.0.0\n",
	       "package Cargo.lock syn 1.0.0\npackage Cargo.lock syn 2.0.1\n",
	       "Cargo.lock: syn 2.0.0 -> 2.0.1\n");
	differ("package go.sum a v1\n", "package go.sum b v2\n",
	       "go.sum: a v1 removed\ngo.sum: b v2 added\n");
	differ("file lock 1\nvariable CFLAGS 1\n", "file lock 2\nvariable RUSTFLAGS 1\n",
	       "lock changed\nCFLAGS removed\nRUSTFLAGS added\n");
	differ("toolchain rustc 1.94.0 (a)\nsources 1\n", "toolchain rustc 1.95.0 (b)\nsources 2\n",
	       "sources changed\ntoolchain: rustc 1.94.0 (a) -> rustc 1.95.0 (b)\n");
	differ("path target\n", "path target\npath dist\n", "dist added\n");
	differ("x\n", "x\n", "");
}

static void
a_record_of_a_stranger_is_checked(void **state)
{
	AUTO_ERROR struct error *err = NULL;
	AUTO_BUF struct buf old = BUF_INIT(MIB);
	AUTO_STRINGS struct strings differences = { 0 };

	(void)state;
	assert_int_equal(buf_append_text(&old, "something else\n", &err), 0);
	assert_int_equal(cache_record_compare(&old, &old, &differences, &err), -1);
	assert_true(error_is(err, ERROR_CONTENT));
}

int
main(void)
{
#define IN_TREE(test) cmocka_unit_test_setup_teardown(test, enter, leave)
	const struct CMUnitTest tests[] = {
		IN_TREE(a_push_to_the_default_branch_saves_what_all_read),
		IN_TREE(another_platform_finds_no_cache_of_this_one),
		IN_TREE(a_pull_request_reads_its_own_then_the_trusted_ones),
		IN_TREE(a_pull_request_without_a_place_of_its_own_is_read_only),
		IN_TREE(forks_and_foreign_events_are_read_only),
		IN_TREE(a_branch_that_may_not_push_is_like_a_pull_request),
		IN_TREE(a_merge_request_of_gitlab_is_like_a_pull_request),
		IN_TREE(outside_of_ci_only_always_saves),
		IN_TREE(each_tag_hangs_on_what_it_says),
		IN_TREE(what_cannot_be_a_cache_is_refused),
		IN_TREE(a_key_file_has_to_be_there_and_in_the_project),
		IN_TREE(a_home_folder_follows_its_variable),
		cmocka_unit_test(versions_of_the_workspace_do_not_count),
		cmocka_unit_test(packages_of_lock_files_are_listed),
		cmocka_unit_test(what_moved_a_key_is_told),
		cmocka_unit_test(a_record_of_a_stranger_is_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
