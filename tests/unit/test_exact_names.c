/* SPDX-License-Identifier: Apache-2.0 */
/* A file system that folds case, made of one that does not: fstatat() is wrapped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/strings.h"
#include "base/xalloc.h"
#include "fingerprint/exact_names.h"

int __real_fstatat(int dir_fd, const char *path, struct stat *status, int flags);
int __wrap_fstatat(int dir_fd, const char *path, struct stat *status, int flags);

static bool folds;
static unsigned stat_count;

/* Each component by any case of it. */
int
__wrap_fstatat(int dir_fd, const char *path, struct stat *status, int flags)
{
	AUTO_FREE char *rest = xstrdup(path);
	AUTO_FREE char *found = xstrdup(".");
	char *next = rest;
	char *name;

	stat_count++;
	while (folds && (name = strsep(&next, "/"))) {
		AUTO_CLOSE int fd = openat(dir_fd, found, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		AUTO_STRINGS struct strings names = { 0 };
		char *deeper = NULL;

		assert_true(fd >= 0 && dir_names(fd, SIZE_MAX, &names) == 0);
		for (size_t i = 0; i < names.count && !deeper; i++)
			if (strcasecmp(names.items[i], name) == 0)
				deeper = xasprintf("%s/%s", found, names.items[i]);
		free(found);
		found = deeper ? deeper : xstrdup("");
	}
	return __real_fstatat(dir_fd, folds ? found : path, status, flags);
}

struct room {
	char path[32];
	int fd;
};

static void
write_file(const struct room *room, const char *path)
{
	int fd = openat(room->fd, path, O_WRONLY | O_CREAT | O_EXCL, 0600);

	assert_true(fd >= 0);
	close(fd);
}

static int
make_room(void **state)
{
	struct room *room = XNEW(struct room);

	strcpy(room->path, "/tmp/names.XXXXXX");
	assert_non_null(mkdtemp(room->path));
	room->fd = open(room->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(room->fd >= 0);
	assert_int_equal(mkdirat(room->fd, "Src", 0700), 0);
	write_file(room, "Dockerfile");
	write_file(room, "Src/main.c");
	write_file(room, "Src/util.c");
	write_file(room, "Src/1");
	folds = true;
	stat_count = 0;
	*state = room;
	return 0;
}

static int
remove_room(void **state)
{
	struct room *room = *state;

	(void)unlinkat(room->fd, "DOCKERFILE", 0);
	(void)unlinkat(room->fd, "Src/1", 0);
	(void)unlinkat(room->fd, "Src/util.c", 0);
	(void)unlinkat(room->fd, "Src/main.c", 0);
	(void)unlinkat(room->fd, "Src", AT_REMOVEDIR);
	(void)unlinkat(room->fd, "Dockerfile", 0);
	close(room->fd);
	assert_int_equal(rmdir(room->path), 0);
	free(room);
	return 0;
}

static void
expect_exact(struct exact_names *exact, const char *path)
{
	AUTO_ERROR struct error *error = NULL;

	if (exact_names_check(exact, path, &error) < 0)
		fail_msg("%s", error_text(error));
}

static void
expect_other(struct exact_names *exact, const char *path, const char *text)
{
	AUTO_ERROR struct error *error = NULL;

	assert_int_equal(exact_names_check(exact, path, &error), -1);
	assert_int_equal(error_kind(error), ERROR_USAGE);
	assert_non_null(strstr(error_text(error), text));
}

static void
names_as_on_disk_are_taken(void **state)
{
	const struct room *room = *state;
	AUTO_EXACT_NAMES struct exact_names exact = EXACT_NAMES_INIT(room->fd);

	expect_exact(&exact, "");
	expect_exact(&exact, "Dockerfile");
	expect_exact(&exact, "Src");
	expect_exact(&exact, "Src/1");
	expect_exact(&exact, "Src/main.c");
	expect_exact(&exact, "Src/util.c");
}

static void
another_spelling_is_refused_with_that_of_the_disk(void **state)
{
	const struct room *room = *state;
	AUTO_EXACT_NAMES struct exact_names exact = EXACT_NAMES_INIT(room->fd);

	expect_other(&exact, "dockerfile", "input 'dockerfile' is named 'Dockerfile' on disk");
	expect_other(&exact, "src/main.c", "input 'src' is named 'Src' on disk");
	expect_other(&exact, "Src/Main.c", "input 'Main.c' is named 'main.c' on disk");
	expect_exact(&exact, "Src/main.c");
	expect_other(&exact, "src", "'Src'");
}

/* "1" does not tell whether its directory folds. */
static void
a_name_without_letters_leaves_the_question_open(void **state)
{
	const struct room *room = *state;
	AUTO_EXACT_NAMES struct exact_names exact = EXACT_NAMES_INIT(room->fd);

	expect_exact(&exact, "Src/1");
	expect_other(&exact, "Src/Util.c", "'util.c'");
}

static void
without_folding_a_directory_costs_one_call(void **state)
{
	const struct room *room = *state;
	AUTO_EXACT_NAMES struct exact_names exact = EXACT_NAMES_INIT(room->fd);

	folds = false;
	expect_exact(&exact, "Src/main.c");
	assert_int_equal(stat_count, 2); /* "src", and "Src/MAIN.C" */
	expect_exact(&exact, "Src/util.c");
	assert_int_equal(stat_count, 2);
}

static void
two_files_in_a_file_system_that_does_not_fold_are_both_taken(void **state)
{
	const struct room *room = *state;
	AUTO_EXACT_NAMES struct exact_names exact = EXACT_NAMES_INIT(room->fd);

	folds = false;
	assert_int_equal(linkat(room->fd, "Dockerfile", room->fd, "DOCKERFILE", 0), 0);
	expect_exact(&exact, "DOCKERFILE");
	expect_exact(&exact, "Dockerfile");
}

/* U+00E9, and e with U+0301: one name on APFS.  Here both would be there. */
static void
a_name_that_is_not_ascii_is_looked_up_in_the_directory(void **state)
{
	const struct room *room = *state;
	AUTO_EXACT_NAMES struct exact_names exact = EXACT_NAMES_INIT(room->fd);

	folds = false;
	write_file(room, "\xc3\xa9");
	expect_exact(&exact, "\xc3\xa9");
	assert_int_equal(exact.names.count, 3);
	assert_int_equal(unlinkat(room->fd, "\xc3\xa9", 0), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(names_as_on_disk_are_taken, make_room, remove_room),
		cmocka_unit_test_setup_teardown(another_spelling_is_refused_with_that_of_the_disk,
						make_room, remove_room),
		cmocka_unit_test_setup_teardown(a_name_without_letters_leaves_the_question_open,
						make_room, remove_room),
		cmocka_unit_test_setup_teardown(without_folding_a_directory_costs_one_call,
						make_room, remove_room),
		cmocka_unit_test_setup_teardown(
			two_files_in_a_file_system_that_does_not_fold_are_both_taken, make_room,
			remove_room),
		cmocka_unit_test_setup_teardown(
			a_name_that_is_not_ascii_is_looked_up_in_the_directory, make_room,
			remove_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
