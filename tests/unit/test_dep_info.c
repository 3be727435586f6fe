/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/strings.h"
#include "base/xalloc.h"
#include "cache/key/spec.h"
#include "cache/tree/cargo_target.h"
#include "cache/tree/dep_info.h"
#include "tree_room.h"

static char *
list(void)
{
	AUTO_FREE char *here = realpath(".", NULL);
	AUTO_FREE char *directory = xasprintf("%s/project/target", here);
	AUTO_FREE char *project = xasprintf("%s/project", here);
	struct cache_path path = { .directory = directory };
	const struct cache_spec spec = { .paths = &path, .path_count = 1 };
	AUTO_CARGO_TARGET struct cargo_target target = { 0 };
	AUTO_STRINGS struct strings files = { 0 };
	AUTO_ERROR struct error *err = NULL;
	char *text = xstrdup("");

	if (cargo_target_open(&spec, &target, &err) < 0 ||
	    dep_info_list(&target, project, &files, &err) < 0)
		fail_msg("%s", error_text(err));
	for (size_t i = 0; i < files.count; i++) {
		AUTO_FREE char *before = text;
		const char *file = files.items[i];

		if (strncmp(file, here, strlen(here)) == 0)
			file += strlen(here);
		text = xasprintf("%s%s\n", before, file);
	}
	return text;
}

static void
each_file_that_was_read_is_listed_once(void **state)
{
	AUTO_FREE char *text = NULL;

	(void)state;
	shell("mkdir -p project/target/debug/.fingerprint project/target/debug/deps project/src "
	      "outside;"
	      "cd project; echo >src/main.rs; echo >'with space'; echo >../outside/more; echo >:;"
	      "printf '%s\\n' target/debug/app: 'x/app.d: src/main.rs gone.rs' '' src/main.rs:"
	      " 'with\\ space:' gone.rs: '# env-dep:A=b:' ../outside/more: : "
	      ">target/debug/deps/app-1.d; printf '%s\\n' \"$PWD/src/main.rs:\" '/:'"
	      ">target/debug/deps/lib-2.d; echo other: >target/debug/deps/other; echo >other");
	text = list();
	assert_string_equal(text, "/\n/outside/more\nsrc/main.rs\nwith space\n");
}

static void
the_layout_of_2026_is_read_too(void **state)
{
	AUTO_FREE char *text = NULL;

	(void)state;
	shell("mkdir -p project/target/debug/build/app/0123456789abcdef/fingerprint project/src;"
	      "cd project; mkdir target/debug/build/app/0123456789abcdef/out; echo >src/lib.rs;"
	      "echo src/lib.rs: >target/debug/build/app/0123456789abcdef/out/app.d");
	text = list();
	assert_string_equal(text, "src/lib.rs\n");
}

int
main(void)
{
#define IN_TREE(test) cmocka_unit_test_setup_teardown(test, enter_tree, leave_tree)
	const struct CMUnitTest tests[] = {
		IN_TREE(each_file_that_was_read_is_listed_once),
		IN_TREE(the_layout_of_2026_is_read_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
