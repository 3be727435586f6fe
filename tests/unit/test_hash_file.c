/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "ability.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "fingerprint/hash_file.h"
#include "fingerprint/hash_files.h"
#include "fingerprint/input_files.h"
#include "oci/digest.h"
#include "tree_room.h"

static int
hash(int dir_fd, struct input_file *file, struct error **err)
{
	AUTO_FILE_HASHER struct file_hasher hasher = { .dir_fd = -1 };

	file_hasher_init(&hasher, dir_fd, true);
	return hash_file(&hasher, file, err);
}

static void
content_mode_and_size_are_told(void **state)
{
	static char plain[] = "plain";
	static char script[] = "script";
	static char link[] = "link";
	struct input_file files[] = { { .path = plain },
				      { .path = script },
				      { .path = link },
				      { .path = link, .named = true } };
	static const struct {
		enum input_mode mode;
		const char *content;
	} expected[] = {
		{ INPUT_PLAIN, "hello" },
		{ INPUT_EXECUTABLE, "" },
		{ INPUT_LINK, "plain" },
		{ INPUT_PLAIN, "hello" },
	};

	(void)state;
	shell("printf hello >plain; : >script; chmod 500 script; ln -s plain link");
	for (size_t i = 0; i < 4; i++) {
		size_t size = strlen(expected[i].content);
		struct digest digest = digest_of(DIGEST_SHA256, expected[i].content, size);
		AUTO_ERROR struct error *err = NULL;

		if (hash(AT_FDCWD, &files[i], &err) < 0)
			fail_msg("%s", error_text(err));
		assert_int_equal(files[i].mode, expected[i].mode);
		assert_int_equal(files[i].size, size);
		assert_memory_equal(files[i].sha256, digest.bytes, INPUT_DIGEST_BYTES);
	}
}

/* A file of /proc says that it is empty, and is not: as if it had grown after it was opened. */
static void
file_that_is_longer_than_it_said_has_changed(void **state)
{
	static char path[] = "self/status";
	struct input_file file = { .path = path };
	AUTO_CLOSE int dir_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	assert_true(dir_fd >= 0);
	assert_int_equal(hash(dir_fd, &file, &err), -1);
	assert_int_equal(error_kind(err), ERROR_CONTENT);
	assert_string_equal(error_class(err), "source_changed");
}

static void
fifo_in_the_place_of_a_file_does_not_block(void **state)
{
	static char path[] = "fifo";
	struct input_file file = { .path = path };
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	shell("mkfifo fifo");
	assert_int_equal(hash(AT_FDCWD, &file, &err), -1);
	assert_int_equal(error_kind(err), ERROR_USAGE);
}

static void
first_failure_in_order_is_reported_whichever_thread_is_faster(void **state)
{
	(void)state;
	shell("i=0; while [ $i -lt 300 ]; do printf $i >f$i; i=$((i + 1)); done; rm f150 f151 "
	      "f299");
	for (unsigned round = 0; round < 20; round++) {
		AUTO_INPUT_FILES struct input_files files = { 0 };
		AUTO_ERROR struct error *err = NULL;

		for (unsigned i = 0; i < 300; i++)
			assert_int_equal(input_files_take(&files, xasprintf("f%u", i), false, &err),
					 0);
		assert_int_equal(hash_files(AT_FDCWD, &files, NULL, &err), -1);
		assert_non_null(strstr(error_text(err), "'f150'"));
	}
}

static void
neighbours_with_one_path_become_one(void **state)
{
	AUTO_INPUT_FILES struct input_files files = { 0 };
	AUTO_ERROR struct error *err = NULL;
	static const char *const paths[] = { "b", "a", "b", "a/x", "b", "a.x" };

	(void)state;
	for (size_t i = 0; i < 6; i++)
		assert_int_equal(input_files_take(&files, xstrdup(paths[i]), i == 4, &err), 0);
	input_files_sort(&files, 0);
	input_files_unique(&files);
	assert_int_equal(files.count, 4);
	assert_string_equal(files.items[1].path, "a.x");
	assert_string_equal(files.items[2].path, "a/x");
	assert_false(files.items[0].named);
	assert_true(files.items[3].named);
}

static void
only_so_many_files_are_inputs(void **state)
{
	const size_t last = INPUTS_LIMIT_COUNT - 1;
	struct input_files files = { xcalloc(INPUTS_LIMIT_COUNT, sizeof(struct input_file)), last };
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	assert_int_equal(input_files_take(&files, xstrdup("last"), false, &err), 0);
	assert_int_equal(input_files_take(&files, xstrdup("one more"), false, &err), -1);
	assert_int_equal(error_kind(err), ERROR_USAGE);
	assert_string_equal(error_text(err), "the inputs are more than 2000000 files");
	free(files.items[last].path);
	free(files.items);
}

#define IN_TREE(test) cmocka_unit_test_setup_teardown(test, enter_tree, leave_tree)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_TREE(content_mode_and_size_are_told),
		cmocka_unit_test(file_that_is_longer_than_it_said_has_changed),
		IN_TREE(fifo_in_the_place_of_a_file_does_not_block),
		IN_TREE(first_failure_in_order_is_reported_whichever_thread_is_faster),
		cmocka_unit_test(neighbours_with_one_path_become_one),
		cmocka_unit_test(only_so_many_files_are_inputs),
	};

	return cmocka_run_group_tests_name("hash_file", tests, NULL, NULL);
}
