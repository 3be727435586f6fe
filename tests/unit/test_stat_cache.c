/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "fingerprint/hash_files.h"
#include "fingerprint/input_files.h"
#include "fingerprint/stat_cache.h"
#include "oci/digest.h"
#include "tree_room.h"

/* Of files "in/1" to "in/3". */
static const char *const names[] = { "in/1", "in/2", "in/3" };
#define COUNT 3

static void
make_files(void)
{
	shell("mkdir -p in; for i in 1 2 3; do echo $i >in/$i; done");
}

static const char *boot = "one";

static struct stat_cache *
open_cache_at(const char *name, time_t later_s)
{
	AUTO_CLOSE int dir_fd = dir_open_at(AT_FDCWD, ".");
	AUTO_FREE char *here = realpath(".", NULL);
	AUTO_FREE char *place = xasprintf("%s/%s", here, name);

	return stat_cache_open_at(place, boot, dir_fd, COUNT, time(NULL) + later_s);
}

static struct stat_cache *
open_cache(time_t later_s)
{
	return open_cache_at("place", later_s);
}

/* A run of `count` files, some time after their last change.  How many are known before it. */
static int
run_after(time_t later_s, size_t count, char *ret_digits)
{
	AUTO_CLOSE int dir_fd = dir_open_at(AT_FDCWD, ".");
	AUTO_INPUT_FILES struct input_files files = { 0 };
	CLEANUP(stat_cache_free_at) struct stat_cache *cache = open_cache(later_s);
	int known = 0;

	for (size_t i = 0; i < count; i++) {
		struct stat status;
		uint8_t sha256[INPUT_DIGEST_BYTES];

		assert_int_equal(stat(names[i], &status), 0);
		known += cache && stat_cache_find(cache, i, &status, sha256);
		assert_int_equal(input_files_take(&files, xstrdup(names[i]), false, NULL), 0);
	}
	assert_int_equal(hash_files(dir_fd, &files, cache, NULL), 0);
	if (cache)
		stat_cache_save(cache);
	for (size_t i = 0; i < count; i++) {
		AUTO_BUF struct buf bytes = BUF_INIT(100);
		struct digest digest;

		assert_int_equal(file_read(AT_FDCWD, names[i], &bytes, NULL), 0);
		digest = digest_of(DIGEST_SHA256, bytes.data, bytes.size);
		assert_memory_equal(files.items[i].sha256, digest.bytes, INPUT_DIGEST_BYTES);
		assert_int_equal(files.items[i].size, bytes.size);
		if (ret_digits)
			ret_digits[i] = bytes.data[0];
	}
	/* A pretended later time does not move the clock of the file system on. */
	(void)poll(NULL, 0, 20);
	return known;
}

static int
run_once(void)
{
	return run_after(STAT_CACHE_QUIET_S + 1, COUNT, NULL);
}

static void
what_did_not_change_is_known_in_the_next_run(void **state)
{
	(void)state;
	make_files();
	assert_int_equal(run_once(), 0);
	assert_int_equal(run_once(), 3);
	shell("chmod 755 in/2");
	assert_int_equal(run_once(), 2);
	assert_int_equal(run_once(), 3);
}

static void
a_change_that_keeps_size_and_time_is_seen(void **state)
{
	char digits[COUNT];

	(void)state;
	make_files();
	shell("touch -d 2020-01-01 in/2");
	assert_int_equal(run_once(), 0);
	/* In place, and by another file with the old one's name. */
	shell("printf 7 | dd of=in/2 conv=notrunc 2>/dev/null; touch -d 2020-01-01 in/2;"
	      "echo 8 >in/new; touch -r in/3 in/new; mv in/new in/3");
	assert_int_equal(run_after(STAT_CACHE_QUIET_S + 1, COUNT, digits), 1);
	assert_memory_equal(digits, "178", COUNT);
}

#ifdef __linux__
/* While a page is dirty the kernel does not see that it is stored to once more. */
static void
a_change_through_a_mapping_that_is_not_written_back_yet_is_seen(void **state)
{
	AUTO_CLOSE int dir_fd = dir_open_at(AT_FDCWD, ".");
	AUTO_CLOSE int fd = -1;
	char digits[COUNT];
	char *mapped;

	(void)state;
	if (!stat_cache_has_sound_times(dir_fd))
		skip();
	make_files();
	fd = open("in/2", O_RDWR | O_CLOEXEC);
	mapped = mmap(NULL, 2, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_true(mapped != MAP_FAILED);
	mapped[0] = '5';
	(void)run_once();
	mapped[0] = '6';
	(void)run_after(STAT_CACHE_QUIET_S + 1, COUNT, digits);
	assert_memory_equal(digits, "163", COUNT);
	assert_int_equal(munmap(mapped, 2), 0);
}
#endif

static void
what_was_kept_before_the_machine_started_is_not_used(void **state)
{
	(void)state;
	make_files();
	(void)run_once();
	boot = "two";
	assert_int_equal(run_once(), 0);
	assert_int_equal(run_once(), 3);
	boot = "one";
}

static void
a_file_that_changed_a_moment_ago_is_not_kept(void **state)
{
	(void)state;
	make_files();
	assert_int_equal(run_after(0, COUNT, NULL), 0);
	assert_int_equal(run_after(STAT_CACHE_QUIET_S - 5, COUNT, NULL), 0);
	assert_int_equal(run_once(), 0);
	assert_int_equal(run_once(), 3);
}

static void
what_is_torn_or_from_elsewhere_is_ignored_and_written_anew(void **state)
{
	static const char *const damages[] = {
		"truncate -s -1 place/*",
		"truncate -s 0 place/*",
		"printf x | dd of=$(ls place/*) bs=1 seek=70 conv=notrunc 2>/dev/null",
		"cp -p place/* copy; rm place/*; touch taken; mv copy place/$(cat name)",
		"ln place/* second",
		"mv place/* real; ln -s ../real place/$(cat name)",
		"chmod 604 place/*",
		"rm place/*; mkfifo -m 600 place/$(cat name)",
	};

	(void)state;
	make_files();
	(void)run_once();
	shell("ls place >name");
	for (size_t i = 0; i < sizeof(damages) / sizeof(*damages); i++) {
		assert_int_equal(run_once(), 3);
		shell(damages[i]);
		assert_int_equal(run_once(), 0);
	}
	assert_int_equal(run_once(), 3);
	shell("rm -f second real");
}

static void
a_place_that_others_can_enter_is_not_used(void **state)
{
	(void)state;
	make_files();
	(void)run_once();
	shell("chmod 755 place");
	assert_null(open_cache(0));
	shell("chmod 700 place; mv place other; ln -s other place");
	assert_null(open_cache(0));
	shell("rm place; mv other place");
	assert_int_equal(run_once(), 3);
	if (geteuid() == 0) {
		shell("chown 12345 place");
		assert_null(open_cache(0));
		shell("rm -r place; mkdir above; chown 12345 above");
		assert_null(open_cache_at("above/place", 0));
		assert_int_equal(access("above/place", F_OK), -1);
	}
}

static void
it_and_its_place_are_the_users_alone(void **state)
{
	struct stat status;

	(void)state;
	make_files();
	shell("umask 0; true");
	(void)run_once();
	assert_int_equal(stat("place", &status), 0);
	assert_int_equal(status.st_mode & 07777, 0700);
	shell("test \"$(stat -c %a place/*)\" = 600");
}

static void
other_inputs_of_the_directory_are_kept_for_some_runs(void **state)
{
	(void)state;
	make_files();
	(void)run_once();
	shell("echo 4 >in/1");
	(void)run_after(STAT_CACHE_QUIET_S + 1, 1, NULL);
	assert_int_equal(run_once(), 3);
	for (int i = 0; i <= STAT_CACHE_UNUSED_RUNS; i++) {
		shell("date +%N >in/1");
		(void)run_after(STAT_CACHE_QUIET_S + 1, 1, NULL);
	}
	assert_int_equal(run_once(), 1);
}

static void
old_files_in_the_place_are_removed(void **state)
{
	(void)state;
	make_files();
	(void)run_once();
	shell("touch -d '40 days ago' place/old; touch -d '20 days ago' place/young; echo 5 >in/1");
	(void)run_once();
	shell("test ! -e place/old && test -e place/young");
}

#define IN_TREE(test) cmocka_unit_test_setup_teardown(test, enter_tree, leave_tree)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_TREE(what_did_not_change_is_known_in_the_next_run),
		IN_TREE(a_change_that_keeps_size_and_time_is_seen),
#ifdef __linux__
		IN_TREE(a_change_through_a_mapping_that_is_not_written_back_yet_is_seen),
#endif
		IN_TREE(what_was_kept_before_the_machine_started_is_not_used),
		IN_TREE(a_file_that_changed_a_moment_ago_is_not_kept),
		IN_TREE(what_is_torn_or_from_elsewhere_is_ignored_and_written_anew),
		IN_TREE(a_place_that_others_can_enter_is_not_used),
		IN_TREE(it_and_its_place_are_the_users_alone),
		IN_TREE(other_inputs_of_the_directory_are_kept_for_some_runs),
		IN_TREE(old_files_in_the_place_are_removed),
	};

	return cmocka_run_group_tests_name("stat_cache", tests, NULL, NULL);
}
