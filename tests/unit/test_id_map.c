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
#include "base/fd.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "sandbox/id_map.h"

static void
read_text(const char *text, const char *user, struct id_ranges *ranges)
{
	char path[] = "/tmp/subuid.XXXXXX";
	AUTO_CLOSE int fd = mkstemp(path);
	AUTO_ERROR struct error *err = NULL;

	assert_int_equal(fd_write_all(fd, text, strlen(text), path, &err), 0);
	assert_int_equal(id_ranges_read(path, user, 1000, ranges, &err), 0);
	assert_int_equal(unlink(path), 0);
}

static void
ranges_of_a_user_follow_one_another(void **state)
{
	struct id_ranges ranges = { .items = { { 0, 1000, 1 } }, .count = 1 };

	(void)state;
	read_text("root:1:2\njo:100000:65536\njon:5:5\n1000:300000:10\n", "jo", &ranges);
	assert_int_equal(ranges.count, 3);
	assert_int_equal(ranges.items[1].inside, 1);
	assert_int_equal(ranges.items[1].outside, 100000);
	assert_int_equal(ranges.items[1].count, 65536);
	assert_int_equal(ranges.items[2].inside, 65537);
	assert_int_equal(ranges.items[2].outside, 300000);
}

static void
lines_that_make_no_sense_give_nothing(void **state)
{
	struct id_ranges ranges = { 0 };

	(void)state;
	read_text("jo\njo:\njo:1\njo:x:1\njo:1:x\njo:1:0\njo:4294967295:1\njo:1:4294967295\n"
		  "jo:1:2:3\n:1:2\n\n",
		  "jo", &ranges);
	assert_int_equal(ranges.count, 0);
}

/* A line of the user's at the end of so many bytes. */
static int
read_file_of(size_t size)
{
	static const char line[] = "jo:100000:65536\n";
	AUTO_FREE char *text = xcalloc(1, size + 1);
	struct id_ranges ranges = { 0 };
	char path[] = "/tmp/subuid.XXXXXX";
	AUTO_CLOSE int fd = mkstemp(path);
	AUTO_ERROR struct error *failure = NULL;
	int ret;

	memset(text, '\n', size);
	memcpy(text + size - strlen(line), line, strlen(line));
	assert_int_equal(fd_write_all(fd, text, size, path, NULL), 0);
	ret = id_ranges_read(path, "jo", 1000, &ranges, &failure);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(ranges.count, ret == 0);
	return ret;
}

static void
a_file_of_ids_has_a_limit(void **state)
{
	(void)state;
	assert_int_equal(read_file_of(ID_FILE_LIMIT_BYTES), 0);
	assert_int_equal(read_file_of(ID_FILE_LIMIT_BYTES + 1), -1);
}

static void
a_file_that_is_not_there_gives_nothing(void **state)
{
	struct id_ranges ranges = { 0 };
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	assert_int_equal(id_ranges_read("/nonexistent/subuid", "jo", 1000, &ranges, &err), 0);
	assert_int_equal(ranges.count, 0);
}

static void
the_name_tells_maps_apart(void **state)
{
	struct id_map host = { .kind = ID_MAP_HOST };
	struct id_map own = { .kind = ID_MAP_OWN };
	struct id_map one = { .kind = ID_MAP_RANGES, .uids = { { { 0, 1000, 1 } }, 1 } };
	struct id_map other = one;

	(void)state;
	other.uids.items[0].outside = 1001;
	assert_string_equal(id_map_name(&host).text, "host");
	assert_string_equal(id_map_name(&own).text, "own");
	assert_string_equal(id_map_name(&one).text, id_map_name(&one).text);
	assert_string_not_equal(id_map_name(&one).text, id_map_name(&other).text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ranges_of_a_user_follow_one_another),
		cmocka_unit_test(lines_that_make_no_sense_give_nothing),
		cmocka_unit_test(a_file_that_is_not_there_gives_nothing),
		cmocka_unit_test(a_file_of_ids_has_a_limit),
		cmocka_unit_test(the_name_tells_maps_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
