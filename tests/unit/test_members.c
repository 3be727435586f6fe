/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/members.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "store_room.h"
#include "tar_file.h"

static int
scan(const char *path, struct members *members, struct error **err)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	return members_scan(fd, members, err);
}

static void
assert_scanned(const char *path, struct members *members)
{
	AUTO_ERROR struct error *err = NULL;

	if (scan(path, members, &err) < 0)
		fail_msg("%s", error_text(err));
}

static void
assert_refused(const char *path, const char *part, const char *class_name)
{
	AUTO_MEMBERS struct members members = { 0 };
	AUTO_ERROR struct error *err = NULL;

	assert_int_equal(scan(path, &members, &err), -1);
	assert_int_equal(error_kind(err), ERROR_CONTENT);
	if (!strstr(error_text(err), part))
		fail_msg("'%s' lacks '%s'", error_text(err), part);
	if (class_name)
		assert_string_equal(error_class(err), class_name);
}

static struct member *
find(const struct members *members, const char *name)
{
	AUTO_ERROR struct error *err = NULL;
	struct member *member = NULL;

	if (members_find(members, name, &member, &err) < 0)
		fail_msg("%s", error_text(err));
	return member;
}

/* The bytes of the file at the place that was found are those that were put in. */
static void
assert_lies(const char *path, const struct members *members, const char *name, const char *text)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	const struct member *member = find(members, name);
	AUTO_FREE char *bytes = xcalloc(1, strlen(text) + 1);

	assert_non_null(member);
	assert_int_equal(member->size_bytes, strlen(text));
	assert_int_equal(pread(fd, bytes, strlen(text), (off_t)member->offset_bytes), strlen(text));
	assert_string_equal(bytes, text);
}

/* Long enough that every format needs more than a header for it. */
static char *
long_name(void)
{
	AUTO_FREE char *name = xcalloc(1, 301);

	memset(name, 'n', 300);
	return TAKE_PTR(name);
}

static void
check_format(const char *format)
{
	AUTO_MEMBERS struct members members = { 0 };
	AUTO_FREE char *name = long_name();
	AUTO_FREE char *block = xcalloc(1, 513);
	struct tar_file *tar = tar_begin("t.tar", format);

	memset(block, 'b', 512);
	tar_add_directory(tar, "blobs/");
	tar_add(tar, "empty", "");
	tar_add(tar, "blobs/one", "the first");
	if (strcmp(format, "ustar") != 0)
		tar_add(tar, name, "behind a long name");
	tar_add(tar, "block", block);
	tar_add(tar, "./last", "the last");
	tar_end(tar);
	assert_scanned("t.tar", &members);
	assert_int_equal(members.count, strcmp(format, "ustar") != 0 ? 5 : 4);
	assert_lies("t.tar", &members, "empty", "");
	assert_lies("t.tar", &members, "blobs/one", "the first");
	if (strcmp(format, "ustar") != 0)
		assert_lies("t.tar", &members, name, "behind a long name");
	assert_lies("t.tar", &members, "block", block);
	assert_lies("t.tar", &members, "last", "the last");
	assert_null(find(&members, "blobs"));
	assert_null(find(&members, "nothing"));
}

static void
files_are_found_where_they_lie_in_ustar(void **state)
{
	(void)state;
	check_format("ustar");
}

static void
files_are_found_where_they_lie_behind_pax_headers(void **state)
{
	(void)state;
	check_format("pax");
}

static void
files_are_found_where_they_lie_behind_gnu_long_names(void **state)
{
	(void)state;
	check_format("gnutar");
}

static void
links_lead_to_the_files_that_they_name(void **state)
{
	AUTO_MEMBERS struct members members = { 0 };
	struct tar_file *tar = tar_begin("t.tar", "gnutar");

	(void)state;
	tar_add_symlink(tar, "early/layer.tar", "../one/layer.tar");
	tar_add(tar, "one/layer.tar", "a layer");
	tar_add_symlink(tar, "two/layer.tar", "../one/layer.tar");
	tar_add_symlink(tar, "three/layer.tar", "../two/layer.tar");
	tar_add_hardlink(tar, "four/layer.tar", "one/layer.tar");
	tar_end(tar);
	assert_scanned("t.tar", &members);
	assert_lies("t.tar", &members, "early/layer.tar", "a layer");
	assert_lies("t.tar", &members, "two/layer.tar", "a layer");
	assert_lies("t.tar", &members, "three/layer.tar", "a layer");
	assert_lies("t.tar", &members, "four/layer.tar", "a layer");
}

static void
links_out_of_the_archive_to_nowhere_and_in_circles_are_refused(void **state)
{
	static const char *const names[] = { "out", "absolute", "dangling", "self", "a", "long" };
	AUTO_MEMBERS struct members members = { 0 };
	AUTO_FREE char *target = xcalloc(1, ARCHIVE_NAME_LIMIT_BYTES + 2);
	struct tar_file *tar = tar_begin("t.tar", "pax");

	(void)state;
	memset(target, 't', ARCHIVE_NAME_LIMIT_BYTES + 1);
	tar_add_symlink(tar, "out", "../etc/passwd");
	tar_add_symlink(tar, "absolute", "/etc/passwd");
	tar_add_symlink(tar, "dangling", "nothing");
	tar_add_symlink(tar, "self", "self");
	tar_add_symlink(tar, "a", "b");
	tar_add_symlink(tar, "b", "a");
	tar_add_symlink(tar, "long", target);
	tar_end(tar);
	assert_scanned("t.tar", &members);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		AUTO_ERROR struct error *err = NULL;
		struct member *member = NULL;

		assert_int_equal(members_find(&members, names[i], &member, &err), -1);
		assert_int_equal(error_kind(err), ERROR_CONTENT);
		assert_null(member);
	}
}

static void
names_that_leave_the_archive_name_nothing(void **state)
{
	AUTO_MEMBERS struct members members = { 0 };

	(void)state;
	raw_add("t.tar", "../index.json", '0', 3, "one");
	raw_add("t.tar", "/index.json", '0', 3, "two");
	raw_add("t.tar", "a/../index.json", '0', 5, "three");
	raw_add("t.tar", "index.json", '0', 4, "real");
	raw_add("t.tar", "fifo", '6', 0, "");
	raw_end("t.tar");
	assert_scanned("t.tar", &members);
	assert_int_equal(members.count, 1);
	assert_lies("t.tar", &members, "index.json", "real");
}

static void
a_name_that_comes_twice_is_refused(void **state)
{
	(void)state;
	raw_add("t.tar", "index.json", '0', 3, "one");
	raw_add("t.tar", "other", '0', 3, "one");
	raw_add("t.tar", "./index.json", '0', 3, "two");
	raw_end("t.tar");
	assert_refused("t.tar", "'index.json' twice", NULL);
}

static void
a_sparse_file_is_refused(void **state)
{
	struct tar_file *tar = tar_begin("t.tar", "pax");

	(void)state;
	tar_add_sparse(tar, "holes", 100000, "text");
	tar_end(tar);
	assert_refused("t.tar", "sparse", NULL);
}

/* A pax record gives the size anew, without a word of holes: the bytes of another member would be
 * this one's, or the other way round. */
static void
a_size_that_does_not_fit_the_place_is_refused(void **state)
{
	static const char *const records[] = { "25 GNU.sparse.realsize=9\n",
					       "28 GNU.sparse.realsize=1500\n" };

	(void)state;
	for (size_t i = 0; i < sizeof(records) / sizeof(records[0]); i++) {
		AUTO_FREE char *text = xcalloc(1, 601);

		memset(text, '1', 600);
		(void)unlink("t.tar");
		raw_add("t.tar", "pax", 'x', strlen(records[i]), records[i]);
		raw_add("t.tar", "one", '0', 600, text);
		raw_add("t.tar", "two", '0', 600, text);
		raw_end("t.tar");
		assert_refused("t.tar", "its sparse map does not fit", NULL);
	}
}

/* Of headers for one member the last of a kind counts, and a directory has no content. */
static void
headers_are_understood_as_gnu_tar_does(void **state)
{
	AUTO_MEMBERS struct members members = { 0 };

	(void)state;
	raw_add("t.tar", "pax", 'x', 12, "12 size=512\n");
	raw_add("t.tar", "dir", '5', 0, "");
	raw_add("t.tar", "pax", 'x', 12, "12 path=one\n");
	raw_add("t.tar", "pax", 'x', 12, "12 path=two\n");
	raw_add("t.tar", "file", '0', 3, "one");
	raw_end("t.tar");
	assert_scanned("t.tar", &members);
	assert_int_equal(find(&members, "two")->size_bytes, 3);
	assert_int_equal(find(&members, "two")->offset_bytes, 8 * 512);
	assert_null(find(&members, "one"));
}

static void
a_link_to_nothing_is_refused(void **state)
{
	(void)state;
	raw_add("t.tar", "link", '1', 0, "");
	raw_end("t.tar");
	assert_refused("t.tar", "'link': a link without a target", NULL);
}

/* The first has 70000 bytes, so that content is passed over in the file. */
static void
content_is_passed_over_unread(void **state)
{
	AUTO_FREE char *text = xcalloc(1, 70001);
	AUTO_MEMBERS struct members members = { 0 };

	(void)state;
	memset(text, '1', 70000);
	raw_add("t.tar", "one", '0', 70000, text);
	raw_add("t.tar", "two", '0', 3, "two");
	raw_add("t.tar", "three", '0', 70000, text);
	raw_add("t.tar", "four", '0', 4, "four");
	raw_end("t.tar");
	assert_scanned("t.tar", &members);
	assert_int_equal(find(&members, "two")->offset_bytes, 512 + 70144 + 512);
	assert_int_equal(find(&members, "four")->offset_bytes, 70144 * 2 + 512 * 5);
}

static void
a_file_that_goes_on_beyond_the_end_is_refused(void **state)
{
	(void)state;
	raw_add("t.tar", "first", '0', 3, "one");
	raw_add("t.tar", "long", '0', 077777777777, "two");
	assert_refused("t.tar", "'long': truncated", NULL);
}

static void
a_file_that_ends_with_the_archive_is_read(void **state)
{
	AUTO_MEMBERS struct members members = { 0 };

	(void)state;
	raw_add("t.tar", "only", '0', 512, "");
	assert_refused("t.tar", "truncated", NULL);
	assert_int_equal(truncate("t.tar", 1024), 0);
	assert_scanned("t.tar", &members);
	assert_int_equal(find(&members, "only")->offset_bytes, 512);
}

/* Whatever is found is there. */
static void
a_tar_cut_anywhere_is_refused_or_lacks_files(void **state)
{
	AUTO_FREE char *text = xcalloc(1, 601);
	struct stat whole;

	(void)state;
	memset(text, '1', 600);
	raw_add("t.tar", "one", '0', 600, text);
	raw_add("t.tar", "two", '0', 3, "two");
	assert_int_equal(stat("t.tar", &whole), 0);
	for (off_t size = whole.st_size - 1; size > 0; size -= 73) {
		AUTO_MEMBERS struct members members = { 0 };
		AUTO_ERROR struct error *err = NULL;

		assert_int_equal(truncate("t.tar", size), 0);
		if (scan("t.tar", &members, &err) < 0)
			assert_int_equal(error_kind(err), ERROR_CONTENT);
		for (size_t i = 0; i < members.count; i++)
			assert_true(members.items[i].offset_bytes + members.items[i].size_bytes <=
				    (uint64_t)size);
	}
}

static void
what_is_no_tar_is_refused(void **state)
{
	(void)state;
	put_file("text", "this is no tar, however long the text may be that somebody gives us");
	assert_refused("text", "cannot read the tar", NULL);
	put_file("empty", "");
	assert_refused("empty", "cannot read the tar", NULL);
}

static void
a_header_whose_sum_is_wrong_is_refused(void **state)
{
	int fd;

	(void)state;
	raw_add("t.tar", "one", '0', 3, "one");
	raw_add("t.tar", "two", '0', 3, "two");
	raw_end("t.tar");
	fd = open("t.tar", O_WRONLY | O_CLOEXEC);
	assert_int_equal(pwrite(fd, "X", 1, 1024), 1);
	close(fd);
	assert_refused("t.tar", "a header has a wrong checksum", NULL);
}

/* Headers that would take memory before anybody looks at a name. */
static void
an_enormous_pax_header_is_refused(void **state)
{
	const uint64_t size = 32 * MIB;

	(void)state;
	raw_add("t.tar", "pax", 'x', size, "");
	assert_int_equal(truncate("t.tar", (off_t)(512 + size)), 0);
	raw_add("t.tar", "file", '0', 3, "one");
	raw_end("t.tar");
	assert_refused("t.tar", "", NULL);
}

static void
an_enormous_long_name_is_refused(void **state)
{
	const uint64_t size = 32 * MIB;

	(void)state;
	raw_add("t.tar", "././@LongLink", 'L', size, "");
	assert_int_equal(truncate("t.tar", (off_t)(512 + size)), 0);
	raw_add("t.tar", "file", '0', 3, "one");
	raw_end("t.tar");
	assert_refused("t.tar", "", NULL);
}

static void
a_name_may_be_as_long_as_the_limit_and_no_longer(void **state)
{
	AUTO_FREE char *name = xcalloc(1, ARCHIVE_NAME_LIMIT_BYTES + 2);
	AUTO_MEMBERS struct members members = { 0 };
	struct tar_file *tar = tar_begin("t.tar", "gnutar");

	(void)state;
	memset(name, 'n', ARCHIVE_NAME_LIMIT_BYTES);
	tar_add(tar, name, "at the limit");
	tar_end(tar);
	assert_scanned("t.tar", &members);
	assert_lies("t.tar", &members, name, "at the limit");
	name[ARCHIVE_NAME_LIMIT_BYTES] = 'n';
	tar = tar_begin("t.tar", "gnutar");
	tar_add(tar, name, "past it");
	tar_end(tar);
	assert_refused("t.tar", "name", "limit");
}

static void
make_many(int count)
{
	struct tar_file *tar = tar_begin("t.tar", "ustar");
	char name[16];

	for (int i = 0; i < count; i++) {
		(void)snprintf(name, sizeof(name), "%d", i);
		tar_add(tar, name, "");
	}
	tar_end(tar);
}

static void
there_may_be_as_many_members_as_the_limit_and_no_more(void **state)
{
	AUTO_MEMBERS struct members members = { 0 };

	(void)state;
	make_many(ARCHIVE_MEMBERS_LIMIT_COUNT);
	assert_scanned("t.tar", &members);
	assert_int_equal(members.count, ARCHIVE_MEMBERS_LIMIT_COUNT);
	make_many(ARCHIVE_MEMBERS_LIMIT_COUNT + 1);
	assert_refused("t.tar", "members", "limit");
}

#define IN_ROOM(test) cmocka_unit_test_setup_teardown(test, enter_room, leave_room)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_ROOM(files_are_found_where_they_lie_in_ustar),
		IN_ROOM(files_are_found_where_they_lie_behind_pax_headers),
		IN_ROOM(files_are_found_where_they_lie_behind_gnu_long_names),
		IN_ROOM(links_lead_to_the_files_that_they_name),
		IN_ROOM(links_out_of_the_archive_to_nowhere_and_in_circles_are_refused),
		IN_ROOM(names_that_leave_the_archive_name_nothing),
		IN_ROOM(a_name_that_comes_twice_is_refused),
		IN_ROOM(a_sparse_file_is_refused),
		IN_ROOM(a_size_that_does_not_fit_the_place_is_refused),
		IN_ROOM(headers_are_understood_as_gnu_tar_does),
		IN_ROOM(a_link_to_nothing_is_refused),
		IN_ROOM(content_is_passed_over_unread),
		IN_ROOM(a_file_that_goes_on_beyond_the_end_is_refused),
		IN_ROOM(a_file_that_ends_with_the_archive_is_read),
		IN_ROOM(a_tar_cut_anywhere_is_refused_or_lacks_files),
		IN_ROOM(what_is_no_tar_is_refused),
		IN_ROOM(a_header_whose_sum_is_wrong_is_refused),
		IN_ROOM(an_enormous_pax_header_is_refused),
		IN_ROOM(an_enormous_long_name_is_refused),
		IN_ROOM(a_name_may_be_as_long_as_the_limit_and_no_longer),
		IN_ROOM(there_may_be_as_many_members_as_the_limit_and_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
