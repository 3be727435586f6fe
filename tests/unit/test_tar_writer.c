/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <archive.h>
#include <archive_entry.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "layer/pack/tar_writer.h"
#include "layer/tar_header.h"
#include "oci/digest.h"
#include "stream/sink.h"

static void
add(struct tar_writer *writer, const struct tar_member *member, const char *text)
{
	AUTO_ERROR struct error *err = NULL;

	if (tar_writer_begin(writer, member, &err) < 0 ||
	    tar_writer_write(writer, text, strlen(text), &err) < 0)
		fail_msg("%s", error_text(err));
}

static void
finish(struct tar_writer *writer)
{
	AUTO_ERROR struct error *err = NULL;

	if (tar_writer_finish(writer, &err) < 0)
		fail_msg("%s", error_text(err));
}

/* libarchive is the judge: it has no code in common with us. */
static struct archive *
open_tar(FILE *file, struct archive_entry **ret_first)
{
	struct archive *tar = archive_read_new();

	assert_int_equal(lseek(fileno(file), 0, SEEK_SET), 0);
	assert_int_equal(archive_read_support_format_tar(tar), ARCHIVE_OK);
	assert_int_equal(archive_read_open_fd(tar, fileno(file), 512), ARCHIVE_OK);
	assert_int_equal(archive_read_next_header(tar, ret_first), ARCHIVE_OK);
	return tar;
}

/* One member, written and read; the size of its headers. */
static size_t
assert_comes_back(const struct tar_member *member)
{
	FILE *file = tmpfile();
	AUTO_TAR_WRITER struct tar_writer *writer = tar_writer_new(sink_fd(fileno(file), "tar"));
	struct archive_entry *entry = NULL;
	struct archive *tar;
	size_t size;

	add(writer, member, "");
	size = (size_t)lseek(fileno(file), 0, SEEK_END);
	tar = open_tar(file, &entry);
	assert_string_equal(archive_entry_pathname(entry), member->name);
	assert_int_equal(archive_entry_size(entry), member->size_bytes);
	assert_int_equal(archive_entry_uid(entry), member->uid);
	assert_int_equal(archive_entry_gid(entry), member->gid);
	assert_int_equal(archive_entry_mtime(entry), member->mtime_s);
	assert_int_equal(archive_entry_perm(entry), member->permissions);
	if (member->type == TAR_SYMLINK)
		assert_string_equal(archive_entry_symlink(entry), member->target);
	if (member->type == TAR_HARD_LINK)
		assert_string_equal(archive_entry_hardlink(entry), member->target);
	archive_read_free(tar);
	(void)fclose(file);
	return size;
}

/* "aaa...": `size` bytes with a '/' at `slash` unless that is 0. */
static char *
name_of(size_t size, size_t slash)
{
	char *name = xcalloc(1, size + 1);

	memset(name, 'a', size);
	if (slash > 0)
		name[slash] = '/';
	return name;
}

static void
names_of_any_length_come_back(void **state)
{
	static const struct {
		size_t size;
		size_t slash;
		bool has_records;
	} rows[] = {
		{ 1, 0, false },
		{ 99, 0, false },
		{ 100, 0, false },
		{ 101, 0, true },
		{ 101, 1, false },
		{ 102, 1, false },
		{ 103, 1, true },
		{ 255, 154, false },
		{ 256, 155, false },
		{ 256, 154, true },
		{ 257, 156, true },
		{ 1000, 500, true },
		{ PATH_LIMIT_BYTES - 1, 100, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		AUTO_FREE char *name = name_of(rows[i].size, rows[i].slash);
		struct tar_member member = { .type = TAR_FILE, .name = name };
		size_t size = assert_comes_back(&member);

		assert_int_equal(size > TAR_BLOCK_BYTES, rows[i].has_records);
	}
}

static void
targets_of_any_length_come_back(void **state)
{
	static const size_t sizes[] = { 1, 99, 100, 101, 1000 };
	static const enum tar_type types[] = { TAR_SYMLINK, TAR_HARD_LINK };

	(void)state;
	for (size_t i = 0; i < 10; i++) {
		AUTO_FREE char *target = name_of(sizes[i % 5], 0);
		struct tar_member member = { .type = types[i / 5], .name = "l", .target = target };
		size_t size = assert_comes_back(&member);

		assert_int_equal(size > TAR_BLOCK_BYTES, strlen(target) > 100);
	}
}

static void
names_that_are_no_utf8_come_back(void **state)
{
	static const size_t sizes[] = { 5, 300 };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		AUTO_FREE char *name = name_of(sizes[i], 0);
		struct tar_member member = { .type = TAR_SYMLINK, .name = name, .target = name };

		memcpy(name + 1, "\xff\x01\n", 3);
		assert_comes_back(&member);
	}
}

static void
numbers_up_to_what_a_field_holds_need_no_records(void **state)
{
	struct tar_member member = {
		.type = TAR_FILE,
		.name = "f",
		.permissions = 07777,
		.uid = 2097151,
		.gid = 2097151,
		.mtime_s = 8589934591,
		.size_bytes = 8589934591,
	};

	(void)state;
	assert_int_equal(assert_comes_back(&member), TAR_BLOCK_BYTES);
}

static void
numbers_past_a_field_come_back_from_records(void **state)
{
	const struct tar_member rows[] = {
		{ .type = TAR_FILE, .name = "f", .uid = 2097152 },
		{ .type = TAR_FILE, .name = "f", .gid = 4294967294 },
		{ .type = TAR_FILE, .name = "f", .mtime_s = 8589934592 },
		{ .type = TAR_FILE, .name = "f", .mtime_s = -1 },
		{ .type = TAR_FILE, .name = "f", .size_bytes = 8589934592 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(assert_comes_back(&rows[i]), 3 * TAR_BLOCK_BYTES);
}

static void
extended_attributes_come_back_byte_for_byte(void **state)
{
	static char key[] = "user.k";
	static char capability[] = "security.capability";
	static char value[] = "a\0\n\xff";
	const struct tar_xattr xattrs[] = { { capability, value, 4 }, { key, value, 0 } };
	struct tar_member member = {
		.type = TAR_FILE, .name = "f", .xattrs = xattrs, .xattr_count = 2
	};
	FILE *file = tmpfile();
	AUTO_TAR_WRITER struct tar_writer *writer = tar_writer_new(sink_fd(fileno(file), "tar"));
	struct archive_entry *entry = NULL;
	const char *name;
	const void *bytes;
	struct archive *tar;
	size_t size;

	(void)state;
	add(writer, &member, "");
	finish(writer);
	tar = open_tar(file, &entry);
	assert_int_equal(archive_entry_xattr_reset(entry), 2);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(archive_entry_xattr_next(entry, &name, &bytes, &size), ARCHIVE_OK);
		assert_int_equal(size, strcmp(name, key) == 0 ? 0 : 4);
		assert_memory_equal(bytes, value, size);
	}
	archive_read_free(tar);
	(void)fclose(file);
}

static void
devices_and_directories_are_what_they_were(void **state)
{
	const struct tar_member device = { .type = TAR_BLOCK_DEVICE,
					   .name = "d",
					   .device_major = 0xfff,
					   .device_minor = 0xfffff };
	const struct tar_member directory = { .type = TAR_DIRECTORY, .name = "dir" };
	FILE *file = tmpfile();
	AUTO_TAR_WRITER struct tar_writer *writer = tar_writer_new(sink_fd(fileno(file), "tar"));
	struct archive_entry *entry = NULL;
	struct archive *tar;

	(void)state;
	add(writer, &device, "");
	add(writer, &directory, "");
	finish(writer);
	tar = open_tar(file, &entry);
	assert_int_equal(archive_entry_filetype(entry), AE_IFBLK);
	assert_int_equal(archive_entry_rdevmajor(entry), 0xfff);
	assert_int_equal(archive_entry_rdevminor(entry), 0xfffff);
	assert_int_equal(archive_read_next_header(tar, &entry), ARCHIVE_OK);
	assert_int_equal(archive_entry_filetype(entry), AE_IFDIR);
	assert_string_equal(archive_entry_pathname(entry), "dir/");
	assert_int_equal(archive_read_next_header(tar, &entry), ARCHIVE_EOF);
	archive_read_free(tar);
	(void)fclose(file);
}

static void
content_is_padded_to_blocks(void **state)
{
	struct tar_member member = { .type = TAR_FILE, .name = "f", .size_bytes = 5 };
	FILE *file = tmpfile();
	AUTO_TAR_WRITER struct tar_writer *writer = tar_writer_new(sink_fd(fileno(file), "tar"));
	uint8_t tar[4 * TAR_BLOCK_BYTES + 1];

	(void)state;
	add(writer, &member, "hello");
	finish(writer);
	assert_int_equal(pread(fileno(file), tar, sizeof(tar), 0), 4 * TAR_BLOCK_BYTES);
	assert_memory_equal(tar + TAR_BLOCK_BYTES, "hello\0", 6);
	(void)fclose(file);
}

/* What every version on every machine must write: these digests are never to change, for images
 * that are built again must get the digests that they had. */
static void
the_bytes_are_what_they_always_were(void **state)
{
	static char key[] = "user.k";
	static char value[] = "v";
	const struct tar_xattr xattr = { key, value, 1 };
	AUTO_FREE char *long_name = name_of(300, 0);
	const struct tar_member members[] = {
		{ .type = TAR_DIRECTORY, .name = "d", .permissions = 01777, .mtime_s = 1700000000 },
		{ .type = TAR_FILE,
		  .name = "d/f",
		  .permissions = 04755,
		  .uid = 1,
		  .gid = 2,
		  .size_bytes = 5,
		  .xattrs = &xattr,
		  .xattr_count = 1 },
		{ .type = TAR_HARD_LINK, .name = "d/h", .target = "d/f", .permissions = 04755 },
		{ .type = TAR_SYMLINK, .name = long_name, .target = "d/f", .permissions = 0777 },
		{ .type = TAR_FIFO, .name = "p", .permissions = 0600, .uid = 3000000 },
	};
	AUTO_ERROR struct error *err = NULL;
	FILE *file = tmpfile();
	AUTO_TAR_WRITER struct tar_writer *writer = tar_writer_new(sink_fd(fileno(file), "tar"));
	char tar[32 * TAR_BLOCK_BYTES];
	struct digest digest;
	ssize_t size;

	(void)state;
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		add(writer, &members[i], members[i].size_bytes ? "hello" : "");
	finish(writer);
	size = pread(fileno(file), tar, sizeof(tar), 0);
	assert_int_equal(size, 14 * TAR_BLOCK_BYTES);
	digest = digest_of(DIGEST_SHA256, tar, (size_t)size);
	assert_string_equal(
		digest_text(&digest).text,
		"sha256:772ad4adbdcebbf1e2a716f35ad7bd4ffa32d6014b4f159cf060160174db571c");
	(void)fclose(file);
}

static void
content_of_another_size_than_announced_is_refused(void **state)
{
	struct tar_member member = { .type = TAR_FILE, .name = "f", .size_bytes = 5 };
	AUTO_TAR_WRITER struct tar_writer *writer = tar_writer_new(sink_null());

	(void)state;
	for (int i = 0; i < 2; i++) {
		AUTO_ERROR struct error *err = NULL;
		AUTO_TAR_WRITER struct tar_writer *short_writer = tar_writer_new(sink_null());

		add(short_writer, &member, "hell");
		if (i == 0)
			assert_int_equal(tar_writer_write(short_writer, "o!", 2, &err), -1);
		else
			assert_int_equal(tar_writer_finish(short_writer, &err), -1);
		assert_int_equal(error_kind(err), ERROR_FAILURE);
	}
}

static void
records_have_a_limit(void **state)
{
	AUTO_FREE char *value = xcalloc(1, PAX_LIMIT_BYTES);
	static char key[] = "k";
	size_t overhead = strlen("1048576 SCHILY.xattr.k=\n");

	(void)state;
	for (int past = 0; past < 2; past++) {
		struct tar_xattr xattr = { key, value, PAX_LIMIT_BYTES - overhead + past };
		struct tar_member member = {
			.type = TAR_FILE, .name = "f", .xattrs = &xattr, .xattr_count = 1
		};
		AUTO_TAR_WRITER struct tar_writer *writer = tar_writer_new(sink_null());
		AUTO_ERROR struct error *err = NULL;

		assert_int_equal(tar_writer_begin(writer, &member, &err), -past);
		if (past)
			assert_string_equal(error_class(err), "limit");
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_of_any_length_come_back),
		cmocka_unit_test(targets_of_any_length_come_back),
		cmocka_unit_test(names_that_are_no_utf8_come_back),
		cmocka_unit_test(numbers_up_to_what_a_field_holds_need_no_records),
		cmocka_unit_test(numbers_past_a_field_come_back_from_records),
		cmocka_unit_test(extended_attributes_come_back_byte_for_byte),
		cmocka_unit_test(devices_and_directories_are_what_they_were),
		cmocka_unit_test(content_is_padded_to_blocks),
		cmocka_unit_test(the_bytes_are_what_they_always_were),
		cmocka_unit_test(content_of_another_size_than_announced_is_refused),
		cmocka_unit_test(records_have_a_limit),
	};

	return cmocka_run_group_tests_name("tar_writer", tests, NULL, NULL);
}
