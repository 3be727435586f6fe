/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>
#include <unistd.h>

#include "archive_room.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "oci/annotation.h"
#include "store_room.h"
#include "tar_file.h"

struct archive_image *
open_archive(const char *path)
{
	AUTO_ERROR struct error *err = NULL;
	struct archive_image *archive = archive_open(path, &err);

	if (!archive)
		fail_msg("%s", error_text(err));
	return archive;
}

void
assert_error(struct error *err, enum error_kind kind, const char *part, const char *class_name)
{
	assert_non_null(err);
	if (!strstr(error_text(err), part))
		fail_msg("'%s' lacks '%s'", error_text(err), part);
	assert_int_equal(error_kind(err), kind);
	if (!class_name)
		return;
	assert_non_null(error_class(err));
	assert_string_equal(error_class(err), class_name);
}

void
assert_not_opened(const char *path, enum error_kind kind, const char *part, const char *class_name)
{
	AUTO_ERROR struct error *err = NULL;
	AUTO_ARCHIVE struct archive_image *archive = archive_open(path, &err);

	assert_null(archive);
	assert_error(err, kind, part, class_name);
}

static void
list(const struct archive_image *archive, struct descriptors *references)
{
	AUTO_ERROR struct error *err = NULL;

	assert_int_equal(archive_list_references(archive, references, &err), 0);
}

char *
name_of(const struct archive_image *archive, size_t i)
{
	AUTO_DESCRIPTORS struct descriptors references = { 0 };

	list(archive, &references);
	assert_true(i < references.count);
	return xstrdup_null(descriptor_annotation(&references.items[i], ANNOTATION_REF_NAME));
}

char *
read_text(const struct archive_image *archive, const struct digest *digest)
{
	AUTO_BUF struct buf buf = BUF_INIT(MANIFEST_LIMIT_BYTES);
	AUTO_ERROR struct error *err = NULL;
	bool found = false;

	if (archive_read(archive, digest, &buf, &found, &err) < 0)
		fail_msg("%s", error_text(err));
	assert_true(found);
	return buf_take(&buf);
}

char *
read_reference(const struct archive_image *archive, size_t i)
{
	AUTO_DESCRIPTORS struct descriptors references = { 0 };

	list(archive, &references);
	assert_true(i < references.count);
	return read_text(archive, &references.items[i].digest);
}

char *
read_blob(const struct archive_image *archive, const struct descriptor *blob)
{
	AUTO_FREE char *bytes = xcalloc(1, (size_t)blob->size_bytes + 1);
	AUTO_ERROR struct error *err = NULL;
	uint64_t offset_bytes = 0;
	AUTO_CLOSE int fd =
		archive_open_blob(archive, &blob->digest, blob->size_bytes, &offset_bytes, &err);

	if (fd < 0)
		fail_msg("%s", error_text(err));
	assert_int_equal(pread(fd, bytes, (size_t)blob->size_bytes, (off_t)offset_bytes),
			 blob->size_bytes);
	return TAKE_PTR(bytes);
}

char *
config_of(const char *first, const char *second)
{
	struct descriptor one = blob_of(first);
	struct descriptor two = blob_of(second ? second : "");

	return xasprintf("{\"architecture\":\"amd64\",\"os\":\"linux\",\"rootfs\":"
			 "{\"type\":\"layers\",\"diff_ids\":[\"%s\"%s%s%s]}}",
			 digest_text(&one.digest).text, second ? ",\"" : "",
			 second ? digest_text(&two.digest).text : "", second ? "\"" : "");
}

void
make_saved(const char *path, const char *manifest, const char *config, const char *layer)
{
	struct tar_file *tar = tar_begin(path, "ustar");

	tar_add(tar, "config.json", config);
	tar_add(tar, "one/layer.tar", layer);
	tar_add_symlink(tar, "two/layer.tar", "../one/layer.tar");
	tar_add(tar, "manifest.json", manifest);
	tar_end(tar);
}
