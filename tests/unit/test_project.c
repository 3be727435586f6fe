/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/strings.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "project/project.h"
#include "tree_room.h"

static char *
data_directory(void)
{
	const char *source = getenv("top_srcdir");

	return xasprintf("%s/tests/data/project", source ? source : ".");
}

/* The names of the files there that start so, in byte order. */
static void
list_data(const char *directory, const char *start, struct strings *ret_names)
{
	DIR *dir = opendir(directory);
	const struct dirent *entry;

	assert_non_null(dir);
	while ((entry = readdir(dir)))
		if (text_starts(entry->d_name, start) && text_ends(entry->d_name, ".yaml"))
			strings_add(ret_names, entry->d_name);
	closedir(dir);
	strings_sort(ret_names);
}

/* What stands behind "# expect: " on the last line. */
static char *
expectation(const char *path)
{
	static const char mark[] = "# expect: ";
	AUTO_BUF struct buf bytes = BUF_INIT(PROJECT_FILE_LIMIT_BYTES);
	AUTO_ERROR struct error *err = NULL;
	const char *found;

	assert_int_equal(file_read(AT_FDCWD, path, &bytes, &err), 0);
	found = memmem(bytes.data, bytes.size, mark, strlen(mark));
	assert_non_null(found);
	found += strlen(mark);
	return xstrndup(found, strcspn(found, "\n"));
}

static void
files_of_all_valid_forms_are_read(void **state)
{
	AUTO_STRINGS struct strings names = { 0 };
	AUTO_FREE char *directory = data_directory();

	(void)state;
	list_data(directory, "valid-", &names);
	assert_true(names.count >= 5);
	for (size_t i = 0; i < names.count; i++) {
		AUTO_FREE char *path = xasprintf("%s/%s", directory, names.items[i]);
		AUTO_ERROR struct error *err = NULL;
		AUTO_PROJECT struct project *project = project_read(path, &err);

		if (!project)
			fail_msg("%s", error_text(err));
	}
}

static void
mistakes_are_told_with_their_place(void **state)
{
	AUTO_STRINGS struct strings names = { 0 };
	AUTO_FREE char *directory = data_directory();

	(void)state;
	list_data(directory, "refused-", &names);
	assert_true(names.count >= 50);
	for (size_t i = 0; i < names.count; i++) {
		AUTO_FREE char *path = xasprintf("%s/%s", directory, names.items[i]);
		AUTO_FREE char *expected = expectation(path);
		AUTO_FREE char *start = xasprintf("%s:", path);
		AUTO_FREE char *text = NULL;
		AUTO_ERROR struct error *err = NULL;

		if (project_read(path, &err))
			fail_msg("%s was taken", names.items[i]);
		text = xasprintf("%s; %s", error_text(err), error_hint(err) ? error_hint(err) : "");
		if (!strstr(text, expected) || error_kind(err) != ERROR_USAGE ||
		    !text_starts(text, start))
			fail_msg("%s: expected '%s': %s", names.items[i], expected, text);
	}
}

static void
assert_refused_for(const char *path, const char *why, bool is_why)
{
	AUTO_ERROR struct error *failure = NULL;

	assert_null(project_read(path, &failure));
	if (!!strstr(error_text(failure), why) != is_why)
		fail_msg("%s: %s", why, error_text(failure));
}

/* A file of so many values, and of so many levels; both are nonsense besides. */
static void
a_file_has_a_limit_to_its_values_and_levels(void **state)
{
	static const char values[] = "printf 'version: 1\nimages: [%s]\n' "
				     "\"$(seq -s , $COUNT)\" >.ocifp.yaml";
	static const char levels[] = "printf 'version: 1\nimages: %s%s\n' "
				     "\"$(seq -s [ $COUNT | tr -d 0-9)\" "
				     "\"$(seq -s ] $COUNT | tr -d 0-9)\" >.ocifp.yaml";

	(void)state;
	/* The whole, its two values and a list; the whole, and of lists as many as seq puts
	 * between. */
	for (int past = 0; past < 2; past++) {
		AUTO_FREE char *value_count = xasprintf("%d", PROJECT_FILE_LIMIT_VALUES - 3 + past);
		AUTO_FREE char *level_count = xasprintf("%d", PROJECT_FILE_LIMIT_DEPTH + past);

		assert_int_equal(setenv("COUNT", value_count, 1), 0);
		shell(values);
		assert_refused_for(".ocifp.yaml", "more than 10000 values", past);
		assert_int_equal(setenv("COUNT", level_count, 1), 0);
		shell(levels);
		assert_refused_for(".ocifp.yaml", "nested deeper than 8 levels", past);
	}
}

static struct project *
read_here(void)
{
	AUTO_ERROR struct error *err = NULL;
	struct project *project = project_find(".", &err);

	if (!project)
		fail_msg("%s", err ? error_text(err) : "not found");
	return project;
}

static void
put(const char *text)
{
	AUTO_ERROR struct error *err = NULL;

	assert_int_equal(file_replace(AT_FDCWD, ".ocifp.yaml", 0644, text, strlen(text), &err), 0);
}

static void
everything_in_the_file_arrives(void **state)
{
	AUTO_FREE char *directory = data_directory();
	AUTO_FREE char *path = xasprintf("%s/valid-whole.yaml", directory);
	AUTO_ERROR struct error *err = NULL;
	AUTO_PROJECT struct project *project = NULL;
	const struct project_image *base;
	const struct project_image *ci;
	AUTO_FREE char *platforms = NULL;

	(void)state;
	setenv("GITHUB_REPOSITORY", "Soft/Kroki-RS", 1);
	project = project_read(path, &err);
	unsetenv("GITHUB_REPOSITORY");
	assert_non_null(project);
	assert_int_equal(project->image_count, 2);
	base = project_image(project, "base", &err);
	ci = project_image(project, NULL, &err);
	assert_string_equal(ci->name, "ci");
	assert_string_equal(base->repository, "ghcr.io/soft/kroki-rs-base");
	assert_string_equal(base->fallback.items[0], "ghcr.io/softmentor/kroki-rs-base");
	assert_int_equal(base->inputs.count, 4);
	assert_string_equal(base->inputs.items[3], "src-scripts/");
	assert_string_equal(base->optional.items[0], "install.sh");
	assert_string_equal(base->exclude.items[0], "src-scripts/README.md");
	assert_string_equal(base->build, "./build.sh base");
	assert_true(base->require.fingerprint);
	assert_true(base->require.signature);
	assert_string_equal(base->signed_by.items[1], "old.pub");
	assert_int_equal(base->push_refs.count, 3);
	assert_true(base->tracked);
	assert_int_equal(base->length, 12);
	assert_int_equal(base->scheme, SCHEME_TREE);
	platforms = platforms_format(&base->platforms, ",");
	assert_string_equal(platforms, "linux/amd64,linux/arm64");
	assert_int_equal(ci->length, 16);
	assert_string_equal(ci->needs.items[0], "base");
	assert_string_equal(ci->pins.items[0], "docker.io/library/debian:bookworm-slim");
	assert_int_equal(ci->args.count, 3);
	assert_string_equal(ci->args.items[1].key, "PLAIN");
	assert_string_equal(ci->args.items[1].value, "1.93");
	assert_string_equal(ci->args.items[2].value, "");
	assert_null(ci->build);
	assert_string_equal(project->mirrors[0].host, "ghcr.io");
	assert_string_equal(project->mirrors[0].urls.items[0], "https://mirror.example");
}

static void
file_is_sought_up_to_the_root_of_the_checkout_and_no_further(void **state)
{
	AUTO_ERROR struct error *err = NULL;
	AUTO_PROJECT struct project *project = NULL;

	(void)state;
	put("version: 1\nimages: {a: {inputs: [x]}}\n");
	shell("mkdir -p outer/repo/.git outer/repo/a/b plain/sub");
	assert_null(project_find("outer/repo/a/b", &err));
	assert_null(err);
	assert_null(project_find("plain/sub", &err));
	assert_null(err);
	shell("cp .ocifp.yaml outer/repo/");
	project = project_find("outer/repo/a/b", &err);
	assert_non_null(project);
	assert_true(text_ends(project->directory, "/outer/repo"));
	assert_true(*project->directory == '/');
	assert_null(project_find("none", &err));
	assert_non_null(err);
}

static char *
repository_of(const char *text)
{
	AUTO_FREE char *file =
		xasprintf("version: 1\nimages: {a: {inputs: [x], repository: \"%s\"}}\n", text);
	AUTO_PROJECT struct project *project = NULL;
	AUTO_ERROR struct error *err = NULL;

	put(file);
	project = read_here();
	if (project->images[0].repository)
		return xstrdup(project->images[0].repository);
	assert_int_equal(project_image_check_repository(project, &project->images[0], &err), -1);
	assert_int_equal(error_kind(err), ERROR_USAGE);
	return xstrdup(error_text(err));
}

static void
repositories_of_gitlab_expand(void **state)
{
	AUTO_FREE char *nested = NULL;
	AUTO_FREE char *outside = NULL;
	AUTO_FREE char *image = NULL;

	(void)state;
	setenv("GITHUB_REPOSITORY", "Group/Sub/Project", 1);
	nested = repository_of("h.io/${GITHUB_REPOSITORY_OWNER}/x/${GITHUB_REPOSITORY}-ci");
	assert_string_equal(nested, "h.io/group/sub/x/group/sub/project-ci");
	setenv("CI_REGISTRY_IMAGE", "registry.gitlab.com/Group/sub/project", 1);
	outside = repository_of("${CI_REGISTRY_IMAGE}/ci");
	assert_non_null(strstr(outside, "CI_REGISTRY_IMAGE is used in GitLab jobs only"));
	setenv("GITLAB_CI", "true", 1);
	image = repository_of("${CI_REGISTRY_IMAGE}/ci");
	assert_string_equal(image, "registry.gitlab.com/group/sub/project/ci");
	unsetenv("GITLAB_CI");
	unsetenv("CI_REGISTRY_IMAGE");
	unsetenv("GITHUB_REPOSITORY");
}

static void
file_that_is_no_file_is_a_mistake_of_configuration(void **state)
{
	static const char *const scripts[] = {
		"mkfifo .ocifp.yaml",
		"ln -s .ocifp.yaml .ocifp.yaml",
		"mkdir .ocifp.yaml",
		"ln -s nowhere .ocifp.yaml",
		"head -c 1048577 /dev/zero >.ocifp.yaml",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
		AUTO_ERROR struct error *err = NULL;

		shell("rm -rf .ocifp.yaml");
		shell(scripts[i]);
		assert_null(project_find(".", &err));
		assert_non_null(err);
		assert_int_equal(error_kind(err), ERROR_USAGE);
	}
}

static void
image_is_the_only_one_the_default_or_named(void **state)
{
	AUTO_ERROR struct error *err = NULL;
	AUTO_PROJECT struct project *one = NULL;
	AUTO_PROJECT struct project *two = NULL;

	(void)state;
	put("version: 1\nimages: {a: {inputs: [x]}}\n");
	one = read_here();
	assert_string_equal(project_image(one, NULL, &err)->name, "a");
	assert_null(project_image(one, "b", &err));
	assert_int_equal(error_kind(err), ERROR_USAGE);
	assert_string_equal(error_hint(err), "its images: a");
	error_free(TAKE_PTR(err));
	put("version: 1\nimages: {a: {inputs: [x]}, b: {inputs: [x]}}\n");
	two = read_here();
	assert_null(project_image(two, NULL, &err));
	assert_int_equal(error_kind(err), ERROR_USAGE);
	assert_string_equal(error_hint(err), "choose one of: a, b");
}

static void
needs_come_before_what_needs_them_and_once(void **state)
{
	AUTO_FREE char *directory = data_directory();
	AUTO_FREE char *path = xasprintf("%s/valid-chain.yaml", directory);
	AUTO_ERROR struct error *err = NULL;
	AUTO_PROJECT struct project *project = project_read(path, &err);
	AUTO_FREE const struct project_image **order = NULL;
	size_t count = 0;

	(void)state;
	assert_non_null(project);
	order = project_order(project, project_image(project, "d", &err), &count);
	assert_int_equal(count, 4);
	assert_string_equal(order[0]->name, "a");
	assert_string_equal(order[1]->name, "b");
	assert_string_equal(order[2]->name, "c");
	assert_string_equal(order[3]->name, "d");
}

static void
variables_expand_in_repositories_from_the_environment_or_git(void **state)
{
	AUTO_ERROR struct error *err = NULL;
	AUTO_PROJECT struct project *unknown = NULL;
	AUTO_PROJECT struct project *known = NULL;
	AUTO_FREE char *layout = NULL;

	(void)state;
	put("version: 1\nimages:\n"
	    "  a: {inputs: [x], repository: \"ghcr.io/${GITHUB_REPOSITORY_OWNER}/x\"}\n"
	    "  b: {inputs: [x], repository: ghcr.io/a/b, fallback: "
	    "[\"a.b/${GITHUB_REPOSITORY}\"]}\n"
	    "  c: {inputs: [x], repository: \"oci:d$$e\"}\n"
	    "  d: {inputs: [x]}\n");
	unknown = read_here();
	assert_null(unknown->images[0].repository);
	assert_int_equal(project_image_check_repository(unknown, &unknown->images[0], &err), -1);
	assert_int_equal(error_kind(err), ERROR_USAGE);
	assert_non_null(error_hint(err));
	error_free(TAKE_PTR(err));
	/* Absence would need the answer of a repository that nobody knows. */
	assert_null(unknown->images[1].repository);
	assert_int_equal(unknown->images[1].fallback.count, 0);
	shell("git init -q .; git remote add origin git@github.com:Some/Name.git");
	known = read_here();
	assert_string_equal(known->images[0].repository, "ghcr.io/some/x");
	assert_string_equal(known->images[1].repository, "ghcr.io/a/b");
	assert_string_equal(known->images[1].fallback.items[0], "a.b/some/name");
	layout = xasprintf("oci:%s/d$e", known->directory);
	assert_string_equal(known->images[2].repository, layout);
	assert_int_equal(project_image_check_repository(known, &known->images[2], &err), 0);
	assert_int_equal(project_image_check_repository(known, &known->images[3], &err), -1);
	assert_non_null(strstr(error_text(err), "image 'd' has no repository"));
}

#define DIGEST_A "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void
fingerprint_takes_in_what_the_image_needs_and_pins(void **state)
{
	AUTO_PROJECT struct project *project = NULL;
	AUTO_ERROR struct error *err = NULL;
	AUTO_BUF struct buf record = BUF_INIT(RECORD_LIMIT_BYTES);
	AUTO_BUF struct buf expected = BUF_INIT(RECORD_LIMIT_BYTES);
	struct fingerprint base;
	struct fingerprint ci;
	AUTO_FREE char *entries = NULL;

	(void)state;
	put("version: 1\nimages:\n"
	    "  base: {inputs: [.ocifp.yaml]}\n"
	    "  ci: {needs: [base], pin: [docker.io/debian:12], args: {B: 2, A: 1}}\n");
	project = read_here();
	assert_int_equal(project_fingerprint(project, &project->images[1], &record, &ci, &err), -1);
	assert_int_equal(error_kind(err), ERROR_USAGE);
	assert_string_equal(error_hint(err), "run 'ocifp lock'");
	error_free(TAKE_PTR(err));
	shell("printf '{\"version\":1,\"pins\":{\"docker.io/library/debian:12\":\"" DIGEST_A
	      "\"}}' >.ocifp.lock");
	assert_int_equal(project_fingerprint(project, &project->images[0], NULL, &base, &err), 0);
	assert_int_equal(project_fingerprint(project, &project->images[1], &record, &ci, &err), 0);
	assert_int_equal(buf_append(&expected, "ocifp-tree-1\narg A=1\0arg B=2\0", 29, &err), 0);
	entries = xasprintf("image docker.io/library/debian:12 %s", DIGEST_A);
	assert_int_equal(buf_append(&expected, entries, strlen(entries) + 1, &err), 0);
	free(entries);
	entries = xasprintf("needs base tree %s", digest_hex(&base.digest).text);
	assert_int_equal(buf_append(&expected, entries, strlen(entries) + 1, &err), 0);
	assert_int_equal(record.size, expected.size);
	assert_memory_equal(record.data, expected.data, record.size);
}

#define IN_TREE(test) cmocka_unit_test_setup_teardown(test, enter_tree, leave_tree)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_of_all_valid_forms_are_read),
		cmocka_unit_test(mistakes_are_told_with_their_place),
		cmocka_unit_test(everything_in_the_file_arrives),
		IN_TREE(a_file_has_a_limit_to_its_values_and_levels),
		IN_TREE(file_is_sought_up_to_the_root_of_the_checkout_and_no_further),
		IN_TREE(repositories_of_gitlab_expand),
		IN_TREE(file_that_is_no_file_is_a_mistake_of_configuration),
		IN_TREE(image_is_the_only_one_the_default_or_named),
		cmocka_unit_test(needs_come_before_what_needs_them_and_once),
		IN_TREE(variables_expand_in_repositories_from_the_environment_or_git),
		IN_TREE(fingerprint_takes_in_what_the_image_needs_and_pins),
	};

	unsetenv("GITHUB_REPOSITORY");
	return cmocka_run_group_tests_name("project", tests, NULL, NULL);
}
