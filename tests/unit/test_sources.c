/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/strings.h"
#include "base/xalloc.h"
#include "cache/sources/sources.h"
#include "tree_room.h"

static const struct strings nothing;

static int
enter(void **state)
{
	int result = enter_tree(state);

	setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
	setenv("GIT_CONFIG_GLOBAL", "/dev/null", 1);
	shell("git init -q tree; cd tree; mkdir -p a/b c target;"
	      "echo one >a/b/one; echo two >a/two; echo three >a-c; ln -s a/two link; echo x "
	      ">target/kept;"
	      "chmod +x a/two; git add .; echo new >c/untracked");
	return result;
}

static int
leave(void **state)
{
	unsetenv("GIT_CONFIG_NOSYSTEM");
	unsetenv("GIT_CONFIG_GLOBAL");
	return leave_tree(state);
}

static struct sources
collect(const struct strings *include, const struct strings *exclude)
{
	AUTO_ERROR struct error *err = NULL;
	AUTO_FREE char *directory = realpath("tree", NULL);
	struct sources_request request = { .directory = directory,
					   .include = include,
					   .exclude = exclude };
	struct sources sources = { 0 };

	if (sources_collect(&request, &sources, &err) < 0)
		fail_msg("%s", error_text(err));
	return sources;
}

static char *
paths(const struct sources *sources)
{
	char *text = xstrdup("");

	for (size_t i = 0; i < sources->count; i++) {
		AUTO_FREE char *before = text;

		text = xasprintf("%s%s%s ", before, sources->items[i].path,
				 sources->items[i].mode == S_IFDIR ? "/" : "");
	}
	return text;
}

static void
tracked_files_and_their_directories_are_sources(void **state)
{
	AUTO_SOURCES struct sources sources = collect(&nothing, &nothing);
	AUTO_FREE char *text = paths(&sources);

	(void)state;
	assert_string_equal(text, "/ a/ a-c a/b/ a/b/one a/two link target/ target/kept ");
	assert_int_equal(sources.file_count, 5);
	assert_int_equal(sources_find(&sources, "a/two")->mode, 0100755);
	assert_int_equal(sources_find(&sources, "link")->mode, 0120000);
	assert_null(sources_find(&sources, "c/untracked"));
}

static void
paths_of_caches_are_none_and_sources_can_be_narrowed(void **state)
{
	AUTO_STRINGS struct strings exclude = { 0 };
	AUTO_STRINGS struct strings include = { 0 };
	AUTO_SOURCES struct sources outside = { 0 };
	AUTO_SOURCES struct sources named = { 0 };
	AUTO_FREE char *text = NULL;
	AUTO_FREE char *narrow = NULL;

	(void)state;
	strings_add(&exclude, "target");
	strings_add(&include, "a/b");
	outside = collect(&nothing, &exclude);
	text = paths(&outside);
	assert_string_equal(text, "/ a/ a-c a/b/ a/b/one a/two link ");
	named = collect(&include, &exclude);
	narrow = paths(&named);
	assert_string_equal(narrow, "/ a/ a/b/ a/b/one ");
}

static void
a_source_without_tracked_files_is_refused(void **state)
{
	AUTO_ERROR struct error *err = NULL;
	AUTO_FREE char *directory = realpath("tree", NULL);
	AUTO_STRINGS struct strings include = { 0 };
	struct sources_request request = { .directory = directory,
					   .include = &include,
					   .exclude = &nothing };
	struct sources sources = { 0 };

	(void)state;
	strings_add(&include, "c");
	assert_int_equal(sources_collect(&request, &sources, &err), -1);
	assert_true(error_is(err, ERROR_USAGE));
	assert_string_equal(error_text(err), "invalid source 'c': git tracks no file there");
}

static void
submodules_that_are_checked_out_are_included(void **state)
{
	AUTO_SOURCES struct sources sources = { 0 };
	AUTO_FREE char *text = NULL;

	(void)state;
	shell("git init -q other; cd other; mkdir lib; echo s >lib/s; git add .;"
	      "git -c user.name=a -c user.email=a@b commit -qm x; cd ../tree;"
	      "git -c protocol.file.allow=always submodule --quiet add ../other sub");
	sources = collect(&nothing, &nothing);
	text = paths(&sources);
	assert_string_equal(text, "/ .gitmodules a/ a-c a/b/ a/b/one a/two link sub/ sub/lib/ "
				  "sub/lib/s target/ target/kept ");
}

static bool
changes_tree(const char *script)
{
	AUTO_SOURCES struct sources before = collect(&nothing, &nothing);
	AUTO_SOURCES struct sources after = { 0 };

	shell(script);
	after = collect(&nothing, &nothing);
	return memcmp(before.tree, after.tree, sizeof(before.tree)) != 0;
}

static void
the_tree_is_known_by_paths_modes_and_contents(void **state)
{
	(void)state;
	assert_true(changes_tree("printf 'ONE\\n' >tree/a/b/one"));
	assert_true(changes_tree("chmod +x tree/a/b/one"));
	assert_true(changes_tree("git -C tree mv a/two a/2"));
	assert_true(changes_tree("rm tree/a/2"));
	assert_true(changes_tree("ln -sfn elsewhere tree/link"));
	assert_false(changes_tree("touch -d '2020-01-01' tree/a/b/one tree/link"));
	assert_false(changes_tree("echo other >tree/c/untracked"));
}

static bool
changes_names(const char *path, const struct strings *exclude, const char *script)
{
	AUTO_SOURCES struct sources before = collect(&nothing, exclude);
	AUTO_SOURCES struct sources after = { 0 };

	shell(script);
	after = collect(&nothing, exclude);
	return memcmp(sources_find(&before, path)->sha256, sources_find(&after, path)->sha256,
		      SOURCE_DIGEST_BYTES) != 0;
}

static void
a_directory_is_known_by_its_names_and_their_types(void **state)
{
	AUTO_STRINGS struct strings exclude = { 0 };

	(void)state;
	strings_add(&exclude, "target");
	strings_add(&exclude, "deep/cache");
	assert_true(changes_names("a", &exclude, "touch tree/a/untracked"));
	assert_true(changes_names("a", &exclude, "rm tree/a/untracked; mkdir tree/a/untracked"));
	assert_false(changes_names("a", &exclude, "echo other >tree/a/two"));
	assert_false(changes_names("", &exclude, "mkdir -p tree/deep/cache; rm -r tree/target"));
	assert_true(changes_names("", &exclude, "touch tree/file"));
}

static void
a_file_that_is_written_meanwhile_is_noticed(void **state)
{
	AUTO_SOURCES struct sources sources = collect(&nothing, &nothing);
	AUTO_ERROR struct error *err = NULL;
	AUTO_FREE char *directory = realpath("tree", NULL);
	struct sources_request request = { .directory = directory,
					   .include = &nothing,
					   .exclude = &nothing };

	(void)state;
	assert_int_equal(sources_check_unchanged(&request, &sources, &err), 0);
	shell("touch -r tree/a/two stamp; echo 2wo >tree/a/two; touch -r stamp tree/a/two");
	assert_int_equal(sources_check_unchanged(&request, &sources, &err), -1);
	assert_string_equal(error_class(err), "source_changed");
}

static void
what_is_encoded_is_decoded(void **state)
{
	AUTO_SOURCES struct sources sources = collect(&nothing, &nothing);
	AUTO_SOURCES struct sources read = { 0 };
	AUTO_BUF struct buf bytes = BUF_INIT(SOURCES_LIMIT_BYTES);
	AUTO_BUF struct buf again = BUF_INIT(SOURCES_LIMIT_BYTES);
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	assert_int_equal(sources_encode(&sources, &bytes, &err), 0);
	assert_int_equal(sources_decode(bytes.data, bytes.size, &read, &err), 0);
	assert_int_equal(read.file_count, sources.file_count);
	assert_int_equal(read.items[3].mtime_ns, sources.items[3].mtime_ns);
	assert_int_equal(sources_encode(&read, &again, &err), 0);
	assert_int_equal(again.size, bytes.size);
	assert_memory_equal(again.data, bytes.data, bytes.size);
}

static void
decode_fails(const void *bytes, size_t size, const char *text)
{
	AUTO_ERROR struct error *err = NULL;
	struct sources sources = { 0 };

	assert_int_equal(sources_decode(bytes, size, &sources, &err), -1);
	assert_true(error_is(err, ERROR_CONTENT));
	assert_non_null(strstr(error_text(err), text));
	assert_null(sources.items);
}

/* One entry of the given path and mode. */
static void
entry_fails(const char *path, size_t path_bytes, unsigned char mode_high, const char *text)
{
	char bytes[256] = "ocifp-sources-1\n\0\0\0\0\0\0\0\1";
	size_t at = 24;

	bytes[at + 2] = (char)mode_high;
	bytes[at + 3] = (char)0xa4;
	bytes[at + 7] = (char)path_bytes;
	memcpy(bytes + at + 56, path, path_bytes);
	decode_fails(bytes, at + 56 + path_bytes, text);
}

static void
a_hostile_list_is_refused(void **state)
{
	AUTO_SOURCES struct sources sources = collect(&nothing, &nothing);
	AUTO_BUF struct buf bytes = BUF_INIT(SOURCES_LIMIT_BYTES);
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	assert_int_equal(sources_encode(&sources, &bytes, &err), 0);
	for (size_t size = 0; size < bytes.size; size++)
		decode_fails(bytes.data, size, "invalid list of sources");
	bytes.data[23]++;
	decode_fails(bytes.data, bytes.size, "invalid list of sources");
	entry_fails("../x", 4, 0x81, "not in normal form");
	entry_fails("/etc/x", 6, 0x81, "not in normal form");
	entry_fails("a//b", 4, 0x81, "not in normal form");
	entry_fails(".git/x", 6, 0x81, "not in normal form");
	entry_fails("", 0, 0x81, "not in normal form");
	entry_fails("a\0b", 3, 0x81, "has a NUL");
	entry_fails("fifo", 4, 0x11, "unknown mode");
}

int
main(void)
{
#define IN_TREE(test) cmocka_unit_test_setup_teardown(test, enter, leave)
	const struct CMUnitTest tests[] = {
		IN_TREE(tracked_files_and_their_directories_are_sources),
		IN_TREE(paths_of_caches_are_none_and_sources_can_be_narrowed),
		IN_TREE(a_source_without_tracked_files_is_refused),
		IN_TREE(submodules_that_are_checked_out_are_included),
		IN_TREE(the_tree_is_known_by_paths_modes_and_contents),
		IN_TREE(a_directory_is_known_by_its_names_and_their_types),
		IN_TREE(a_file_that_is_written_meanwhile_is_noticed),
		IN_TREE(what_is_encoded_is_decoded),
		IN_TREE(a_hostile_list_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
