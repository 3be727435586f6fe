/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/xalloc.h"
#include "cache/key/spec.h"
#include "cache/tree/cargo_target.h"
#include "tree_room.h"

static struct cache_path path = { .label = NULL };
static struct cache_spec spec = { .paths = &path, .path_count = 1 };

static int
enter(void **state)
{
	int result = enter_tree(state);
	AUTO_FREE char *here = realpath(".", NULL);

	path.directory = xasprintf("%s/target", here);
	return result;
}

static int
leave(void **state)
{
	free(path.directory);
	return leave_tree(state);
}

static void
open_target(struct cargo_target *target)
{
	AUTO_ERROR struct error *err = NULL;

	if (cargo_target_open(&spec, target, &err) < 0)
		fail_msg("%s", error_text(err));
}

static enum tree_choice
choice_of(const struct cargo_target *target, const char *name)
{
	AUTO_FREE char *whole = xasprintf("%s/%s", path.directory, name);
	struct stat status;

	assert_int_equal(lstat(whole, &status), 0);
	return target->filter.choose(target->filter.context, 0, name, &status);
}

static void
executables_and_incremental_data_are_told_apart(void **state)
{
	AUTO_CARGO_TARGET struct cargo_target target = { 0 };

	(void)state;
	shell("umask 022; cd target 2>/dev/null || { mkdir target; cd target; };"
	      "mkdir -p debug/.fingerprint debug/deps debug/incremental/x debug/examples"
	      " debug/build/app-1/out debug/build/sys-2;"
	      "cd debug; for f in app deps/app-12ab deps/libserde-1.rlib deps/libderive-2.so"
	      " deps/app-12ab.d examples/demo build/sys-2/build-script-build"
	      " build/app-1/out/tool; do echo >$f; chmod +x $f; done; echo >deps/plain");
	open_target(&target);
	assert_false(target.has_unknown);
	assert_int_equal(choice_of(&target, "debug/incremental"), TREE_LEAVE_OUT);
	assert_int_equal(choice_of(&target, "debug/app"), TREE_EXECUTABLE);
	assert_int_equal(choice_of(&target, "debug/deps/app-12ab"), TREE_EXECUTABLE);
	assert_int_equal(choice_of(&target, "debug/examples/demo"), TREE_EXECUTABLE);
	assert_int_equal(choice_of(&target, "debug/deps/libserde-1.rlib"), TREE_TAKE);
	assert_int_equal(choice_of(&target, "debug/deps/libderive-2.so"), TREE_TAKE);
	assert_int_equal(choice_of(&target, "debug/deps/app-12ab.d"), TREE_TAKE);
	assert_int_equal(choice_of(&target, "debug/deps/plain"), TREE_TAKE);
	assert_int_equal(choice_of(&target, "debug/build/sys-2/build-script-build"), TREE_TAKE);
	assert_int_equal(choice_of(&target, "debug/build/app-1/out/tool"), TREE_TAKE);
}

static void
a_profile_of_a_target_triple_is_one_too(void **state)
{
	AUTO_CARGO_TARGET struct cargo_target target = { 0 };

	(void)state;
	shell("mkdir -p target/x86_64-unknown-linux-musl/release/.fingerprint"
	      " target/x86_64-unknown-linux-musl/release/deps; cd target/*/release;"
	      "echo >app; chmod +x app");
	open_target(&target);
	assert_int_equal(choice_of(&target, "x86_64-unknown-linux-musl/release/app"),
			 TREE_EXECUTABLE);
}

static void
the_layout_of_2026_is_known(void **state)
{
	AUTO_CARGO_TARGET struct cargo_target target = { 0 };

	(void)state;
	shell("mkdir -p target/debug/build/app/12ab/fingerprint target/debug/build/app/12ab/out"
	      " target/debug/build/sys/34cd/out; cd target/debug/build;"
	      "for f in app/12ab/out/app sys/34cd/out/build_script_build app/12ab/out/libx.rlib; do"
	      " echo >$f; chmod +x $f; done");
	open_target(&target);
	assert_false(target.has_unknown);
	assert_int_equal(choice_of(&target, "debug/build/app/12ab/out/app"), TREE_EXECUTABLE);
	assert_int_equal(choice_of(&target, "debug/build/sys/34cd/out/build_script_build"),
			 TREE_TAKE);
	assert_int_equal(choice_of(&target, "debug/build/app/12ab/out/libx.rlib"), TREE_TAKE);
}

static void
assert_part(const struct cargo_target *target, const char *file, const char *expected)
{
	AUTO_FREE char *part = target->filter.part(target->filter.context, 0, file, false);

	if (!expected)
		assert_null(part);
	else
		assert_string_equal(part, expected);
}

static void
a_unit_has_its_fingerprint_and_all_that_rustc_wrote_for_it(void **state)
{
	static const char *const files[] = {
		"debug/.fingerprint/app-0123456789abcdef",
		"debug/.fingerprint/app-0123456789abcdef/dep-lib-app",
		"debug/deps/libapp-0123456789abcdef.rlib",
		"debug/deps/app-0123456789abcdef.d",
		"debug/deps/app-0123456789abcdef",
		"debug/deps/app-0123456789abcdef.x.1234-cgu.0.rcgu.o",
		"debug/examples/demo-0123456789abcdef",
		"debug/build/app-0123456789abcdef/out/deep/file",
		"debug/build/app/0123456789abcdef/out/libapp.rlib",
	};
	static const char *const others[] = {
		"debug/libapp.rlib",
		"debug/deps",
		"debug/build/app",
		"debug/deps/app-0123456789abcde.d",
		"debug/deps/app-0123456789abcdeg.d",
		"debug/deps/0123456789abcdef",
		"debug/deps/app0123456789abcdef",
		"other/deps/app-0123456789abcdef.d",
		"debugger/deps/app-0123456789abcdef.d",
		"debug/app-0123456789abcdef.d",
	};
	AUTO_CARGO_TARGET struct cargo_target target = { 0 };

	(void)state;
	shell("mkdir -p target/debug/.fingerprint target/debug/deps");
	open_target(&target);
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		assert_part(&target, files[i], "0 debug 0123456789abcdef");
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		assert_part(&target, others[i], NULL);
}

static bool
is_obsolete(const struct cargo_target *target, const char *file)
{
	return target->filter.is_obsolete(target->filter.context, 0, file);
}

static void
a_unit_whose_package_is_not_locked_is_obsolete(void **state)
{
	AUTO_CARGO_TARGET struct cargo_target target = { 0 };
	AUTO_CARGO_TARGET struct cargo_target without = { 0 };

	(void)state;
	shell("mkdir -p target/debug/.fingerprint target/debug/deps");
	open_target(&without);
	shell("printf '[[package]]\nname = \"app\"\nversion = \"0.1.0\"\n\n[[package]]\nname = "
	      "\"serde-core\"\n' >Cargo.lock");
	spec.directory = realpath(".", NULL);
	open_target(&target);
	free(TAKE_PTR(spec.directory));
	assert_false(is_obsolete(&target, "debug/.fingerprint/app-0123456789abcdef/x"));
	assert_false(is_obsolete(&target, "debug/.fingerprint/serde-core-0123456789abcdef"));
	assert_false(is_obsolete(&target, "debug/build/app/0123456789abcdef/x"));
	assert_true(is_obsolete(&target, "debug/.fingerprint/serde-0123456789abcdef/x"));
	assert_true(is_obsolete(&target, "debug/build/serde/0123456789abcdef/x"));
	assert_false(is_obsolete(&target, "debug/deps/libserde-0123456789abcdef.rlib"));
	assert_false(is_obsolete(&without, "debug/.fingerprint/serde-0123456789abcdef/x"));
}

static void
an_unknown_layout_is_taken_whole(void **state)
{
	AUTO_CARGO_TARGET struct cargo_target target = { 0 };
	AUTO_CARGO_TARGET struct cargo_target missing = { 0 };

	(void)state;
	open_target(&missing);
	assert_false(missing.has_unknown);
	shell("mkdir -p target/debug/incremental; echo >target/debug/app; chmod +x "
	      "target/debug/app");
	open_target(&target);
	assert_true(target.has_unknown);
	assert_int_equal(choice_of(&target, "debug/app"), TREE_TAKE);
	assert_int_equal(choice_of(&target, "debug/incremental"), TREE_TAKE);
}

static void
a_build_that_runs_is_awaited_and_then_given_up(void **state)
{
	AUTO_CARGO_TARGET struct cargo_target target = { 0 };
	AUTO_ERROR struct error *err = NULL;
	AUTO_CLOSE int fd = -1;

	(void)state;
	shell("mkdir -p target/debug/.fingerprint target/debug/deps; echo "
	      ">target/debug/.cargo-lock");
	open_target(&target);
	fd = open("target/debug/.cargo-lock", O_RDWR | O_CLOEXEC);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	assert_int_equal(cargo_target_lock(&target, 1, &err), -1);
	assert_string_equal(error_class(err), "lock");
	assert_int_equal(flock(fd, LOCK_UN), 0);
	cargo_target_release(&target);
	open_target(&target);
	error_free(TAKE_PTR(err));
	assert_int_equal(cargo_target_lock(&target, 1, &err), 0);
	assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), -1);
}

int
main(void)
{
#define IN_TREE(test) cmocka_unit_test_setup_teardown(test, enter, leave)
	const struct CMUnitTest tests[] = {
		IN_TREE(executables_and_incremental_data_are_told_apart),
		IN_TREE(a_profile_of_a_target_triple_is_one_too),
		IN_TREE(the_layout_of_2026_is_known),
		IN_TREE(a_unit_has_its_fingerprint_and_all_that_rustc_wrote_for_it),
		IN_TREE(a_unit_whose_package_is_not_locked_is_obsolete),
		IN_TREE(an_unknown_layout_is_taken_whole),
		IN_TREE(a_build_that_runs_is_awaited_and_then_given_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
