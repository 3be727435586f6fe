/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/xalloc.h"
#include "tar_file.h"

struct tar_file {
	struct archive *writer;
};

struct tar_file *
tar_begin(const char *path, const char *format)
{
	struct tar_file *tar = XNEW(struct tar_file);

	tar->writer = archive_write_new();
	assert_int_equal(archive_write_set_format_by_name(tar->writer, format), ARCHIVE_OK);
	assert_int_equal(archive_write_open_filename(tar->writer, path), ARCHIVE_OK);
	return tar;
}

static struct archive_entry *
new_entry(const char *name, unsigned type)
{
	struct archive_entry *entry = archive_entry_new();

	archive_entry_set_pathname(entry, name);
	archive_entry_set_filetype(entry, type);
	archive_entry_set_perm(entry, 0644);
	archive_entry_set_size(entry, 0);
	return entry;
}

static void
add_entry(struct tar_file *tar, struct archive_entry *entry, const void *bytes, size_t size)
{
	if (archive_write_header(tar->writer, entry) != ARCHIVE_OK)
		fail_msg("%s", archive_error_string(tar->writer));
	if (size > 0)
		assert_int_equal(archive_write_data(tar->writer, bytes, size), size);
	archive_entry_free(entry);
}

void
tar_add_bytes(struct tar_file *tar, const char *name, const void *bytes, size_t size)
{
	struct archive_entry *entry = new_entry(name, AE_IFREG);

	archive_entry_set_size(entry, (int64_t)size);
	add_entry(tar, entry, bytes, size);
}

void
tar_add(struct tar_file *tar, const char *name, const char *text)
{
	tar_add_bytes(tar, name, text, strlen(text));
}

void
tar_add_directory(struct tar_file *tar, const char *name)
{
	add_entry(tar, new_entry(name, AE_IFDIR), NULL, 0);
}

void
tar_add_symlink(struct tar_file *tar, const char *name, const char *target)
{
	struct archive_entry *entry = new_entry(name, AE_IFLNK);

	archive_entry_set_symlink(entry, target);
	add_entry(tar, entry, NULL, 0);
}

void
tar_add_hardlink(struct tar_file *tar, const char *name, const char *target)
{
	struct archive_entry *entry = new_entry(name, AE_IFREG);

	archive_entry_set_hardlink(entry, target);
	add_entry(tar, entry, NULL, 0);
}

void
tar_add_sparse(struct tar_file *tar, const char *name, size_t hole, const char *text)
{
	struct archive_entry *entry = new_entry(name, AE_IFREG);
	size_t size = hole + strlen(text);
	AUTO_FREE char *bytes = xcalloc(1, size + 1);

	memcpy(bytes + hole, text, strlen(text));
	archive_entry_set_size(entry, (int64_t)size);
	archive_entry_sparse_add_entry(entry, (int64_t)hole, (int64_t)strlen(text));
	add_entry(tar, entry, bytes, size);
}

void
tar_end(struct tar_file *tar)
{
	assert_int_equal(archive_write_close(tar->writer), ARCHIVE_OK);
	archive_write_free(tar->writer);
	free(tar);
}

static void
append(const char *path, const void *bytes, size_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, size), size);
	close(fd);
}

static void
set_checksum(char *header)
{
	unsigned sum = 0;

	memset(header + 148, ' ', 8);
	for (size_t i = 0; i < 512; i++)
		sum += (unsigned char)header[i];
	(void)snprintf(header + 148, 8, "%06o", sum);
}

void
raw_add(const char *path, const char *name, char flag, uint64_t said_bytes, const char *text)
{
	static const char zeros[512];
	char header[512] = { 0 };
	size_t size = strlen(text);

	assert_true(strlen(name) < 100);
	memcpy(header, name, strlen(name));
	memcpy(header + 100, "0000644", 7);
	(void)snprintf(header + 124, 12, "%011llo", (unsigned long long)said_bytes);
	memcpy(header + 136, "00000000000", 11);
	header[156] = flag;
	memcpy(header + 257, "ustar\00000", 8);
	set_checksum(header);
	append(path, header, sizeof(header));
	if (size > 0)
		append(path, text, size);
	if (size % 512 > 0)
		append(path, zeros, 512 - size % 512);
}

void
raw_end(const char *path)
{
	static const char zeros[1024];

	append(path, zeros, sizeof(zeros));
}
