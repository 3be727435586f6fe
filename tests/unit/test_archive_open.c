/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive_room.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "oci/media_type.h"
#include "store_room.h"
#include "tar_file.h"

#define LAYOUT "{\"imageLayoutVersion\":\"1.0.0\"}"
#define MANIFEST \
	"{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_OCI_MANIFEST "\",\"config\":" \
	"{\"mediaType\":\"" MEDIA_OCI_CONFIG "\",\"size\":2,\"digest\":\"sha256:" \
	"44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a\"},\"layers\":[]}"

static char *
index_of(const char *text)
{
	struct descriptor blob = blob_of(text);

	return xasprintf("{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":\"%s\","
			 "\"digest\":\"%s\",\"size\":%zu,\"annotations\":"
			 "{\"org.opencontainers.image.ref.name\":\"t1\"}}]}",
			 MEDIA_OCI_MANIFEST, digest_text(&blob.digest).text, strlen(text));
}

static char *
blob_name(const char *text)
{
	struct descriptor blob = blob_of(text);

	return xasprintf("blobs/sha256/%s", digest_hex(&blob.digest).text);
}

/* NULL: without that file. */
static void
make_layout(const char *layout, const char *index, const char *blob)
{
	AUTO_FREE char *name = blob_name(MANIFEST);
	struct tar_file *tar = tar_begin("o.tar", "pax");

	tar_add_directory(tar, "blobs");
	if (blob)
		tar_add(tar, name, blob);
	if (index)
		tar_add(tar, "index.json", index);
	if (layout)
		tar_add(tar, "oci-layout", layout);
	tar_end(tar);
}

static void
make_sound_layout(void)
{
	AUTO_FREE char *index = index_of(MANIFEST);

	make_layout(LAYOUT, index, MANIFEST);
}

static void
a_layout_in_a_tar_keeps_its_names_and_bytes(void **state)
{
	AUTO_ARCHIVE struct archive_image *archive = NULL;
	AUTO_FREE char *name = NULL;
	AUTO_FREE char *text = NULL;

	(void)state;
	make_sound_layout();
	archive = open_archive("o.tar");
	name = name_of(archive, 0);
	text = read_reference(archive, 0);
	assert_string_equal(name, "t1");
	assert_string_equal(text, MANIFEST);
}

static void
a_tar_that_is_both_is_read_as_a_layout(void **state)
{
	AUTO_FREE char *index = index_of(MANIFEST);
	AUTO_FREE char *blob = blob_name(MANIFEST);
	AUTO_ARCHIVE struct archive_image *archive = NULL;
	AUTO_FREE char *name = NULL;
	struct tar_file *tar = tar_begin("o.tar", "ustar");

	(void)state;
	tar_add(tar, "manifest.json", "this would be refused");
	tar_add(tar, "index.json", index);
	tar_add(tar, "oci-layout", LAYOUT);
	tar_add(tar, blob, MANIFEST);
	tar_end(tar);
	archive = open_archive("o.tar");
	name = name_of(archive, 0);
	assert_string_equal(name, "t1");
}

/* `docker save` of an image without a tag. */
static void
an_index_without_images_leaves_the_word_to_the_manifest(void **state)
{
	static const char *const indexes[] = {
		"{\"schemaVersion\":2,\"manifests\":null}",
		"{\"schemaVersion\":2,\"manifests\":[]}",
	};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		AUTO_FREE char *config = config_of("layer", NULL);
		AUTO_ARCHIVE struct archive_image *archive = NULL;
		AUTO_FREE char *text = NULL;
		struct tar_file *tar = tar_begin("o.tar", "ustar");

		tar_add(tar, "index.json", indexes[i]);
		tar_add(tar, "oci-layout", LAYOUT);
		tar_add(tar, "manifest.json",
			"[{\"Config\":\"c\",\"RepoTags\":null,\"Layers\":[\"l\"]}]");
		tar_add(tar, "c", config);
		tar_add(tar, "l", "layer");
		tar_end(tar);
		archive = open_archive("o.tar");
		assert_null(name_of(archive, 0));
		text = read_reference(archive, 0);
		assert_non_null(strstr(text, "\"layers\":[{"));
	}
}

static void
an_unsupported_digest_spoils_no_other_reference(void **state)
{
	struct descriptor blob = blob_of(MANIFEST);
	AUTO_FREE char *index =
		xasprintf("{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":\"%s\",\"size\":1,"
			  "\"digest\":\"blake3:00\"},{\"mediaType\":\"%s\",\"size\":%zu,"
			  "\"digest\":\"%s\"}]}",
			  MEDIA_OCI_MANIFEST, MEDIA_OCI_MANIFEST, strlen(MANIFEST),
			  digest_text(&blob.digest).text);
	AUTO_ARCHIVE struct archive_image *archive = NULL;
	AUTO_ERROR struct error *err = NULL;
	AUTO_FREE char *text = NULL;

	(void)state;
	make_layout(LAYOUT, index, MANIFEST);
	archive = open_archive("o.tar");
	text = read_reference(archive, 0);
	assert_string_equal(text, MANIFEST);
	assert_int_equal(archive_check_references(archive, &err), -1);
	assert_error(err, ERROR_FAILURE, "'blake3:00'", "unsupported");
}

static void
a_blob_that_is_not_what_its_name_says_is_refused(void **state)
{
	AUTO_FREE char *index = index_of(MANIFEST);
	struct descriptor blob = blob_of(MANIFEST);
	AUTO_ARCHIVE struct archive_image *archive = NULL;
	AUTO_BUF struct buf buf = BUF_INIT(MANIFEST_LIMIT_BYTES);
	AUTO_ERROR struct error *err = NULL;
	bool found;

	(void)state;
	make_layout(LAYOUT, index, "other bytes");
	archive = open_archive("o.tar");
	assert_int_equal(archive_read(archive, &blob.digest, &buf, &found, &err), -1);
	assert_error(err, ERROR_CONTENT, "o.tar", "digest");
	assert_int_equal(buf.size, 0);
}

static void
a_blob_of_another_size_than_wanted_is_refused(void **state)
{
	struct descriptor blob = blob_of(MANIFEST);
	AUTO_ARCHIVE struct archive_image *archive = NULL;
	AUTO_ERROR struct error *err = NULL;
	uint64_t offset_bytes = 0;

	(void)state;
	make_sound_layout();
	archive = open_archive("o.tar");
	assert_int_equal(
		archive_open_blob(archive, &blob.digest, blob.size_bytes - 1, &offset_bytes, &err),
		-1);
	assert_error(err, ERROR_CONTENT, "size", "size");
}

static void
a_blob_that_is_not_there_is_not_found(void **state)
{
	struct descriptor blob = blob_of("nowhere");
	AUTO_ARCHIVE struct archive_image *archive = NULL;
	AUTO_BUF struct buf buf = BUF_INIT(MANIFEST_LIMIT_BYTES);
	AUTO_ERROR struct error *err = NULL;
	uint64_t offset_bytes = 0;
	bool found = true;

	(void)state;
	make_sound_layout();
	archive = open_archive("o.tar");
	assert_int_equal(archive_read(archive, &blob.digest, &buf, &found, &err), 0);
	assert_false(found);
	assert_int_equal(
		archive_open_blob(archive, &blob.digest, blob.size_bytes, &offset_bytes, &err), -1);
	assert_error(err, ERROR_CONTENT, "lacks", "missing");
}

static void
a_document_past_the_limit_is_refused(void **state)
{
	struct descriptor blob = blob_of(MANIFEST);
	AUTO_ARCHIVE struct archive_image *archive = NULL;
	AUTO_BUF struct buf small = BUF_INIT(sizeof(MANIFEST) - 2);
	AUTO_BUF struct buf exact = BUF_INIT(sizeof(MANIFEST) - 1);
	AUTO_ERROR struct error *err = NULL;
	bool found;

	(void)state;
	make_sound_layout();
	archive = open_archive("o.tar");
	assert_int_equal(archive_read(archive, &blob.digest, &exact, &found, &err), 0);
	assert_int_equal(archive_read(archive, &blob.digest, &small, &found, &err), -1);
	assert_error(err, ERROR_CONTENT, "more than", "limit");
}

struct row {
	const char *layout; /* NULL: not there */
	const char *index;
	const char *part;
};

static const struct row rows[] = {
	{ LAYOUT, NULL, "does not contain an image" },
	{ NULL, "{\"schemaVersion\":2,\"manifests\":[]}", "does not contain an image" },
	{ NULL, NULL, "does not contain an image" },
	{ "", "{\"schemaVersion\":2,\"manifests\":[]}", "oci-layout" },
	{ "{}", "{\"schemaVersion\":2,\"manifests\":[]}", "version 1" },
	{ "{\"imageLayoutVersion\":\"2.0.0\"}", "{\"manifests\":[]}", "version 1" },
	{ LAYOUT, "", "index.json" },
	{ LAYOUT, "[]", "index.json" },
	{ LAYOUT, "{}", "'manifests' is missing" },
	{ LAYOUT, "{\"manifests\":{}}", "'manifests' is not an array" },
	{ LAYOUT, "{\"manifests\":[{\"digest\":\"../../x\"}]}", "index.json" },
};

static void
a_layout_that_makes_no_sense_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		make_layout(rows[i].layout, rows[i].index, MANIFEST);
		assert_not_opened("o.tar", ERROR_CONTENT, rows[i].part, NULL);
	}
}

static void
an_index_that_comes_twice_is_refused(void **state)
{
	AUTO_FREE char *index = index_of(MANIFEST);
	struct tar_file *tar = tar_begin("o.tar", "ustar");

	(void)state;
	tar_add(tar, "oci-layout", LAYOUT);
	tar_add(tar, "index.json", index);
	tar_add(tar, "index.json", "{\"schemaVersion\":2,\"manifests\":[]}");
	tar_end(tar);
	assert_not_opened("o.tar", ERROR_CONTENT, "'index.json' twice", NULL);
}

static void
a_compressed_archive_is_refused_with_the_remedy(void **state)
{
	static const char *const tools[] = { "gunzip", "bunzip2", "unxz", "unzstd" };
	static const char *const magics[] = { "\x1f\x8b\x08", "BZh91AY", "\xfd\067zXZ",
					      "\x28\xb5\x2f\xfd" };

	(void)state;
	for (size_t i = 0; i < sizeof(magics) / sizeof(magics[0]); i++) {
		AUTO_ERROR struct error *err = NULL;
		AUTO_ARCHIVE struct archive_image *archive = NULL;

		put_file("z", magics[i]);
		archive = archive_open("z", &err);
		assert_null(archive);
		assert_error(err, ERROR_CONTENT, "compressed", "compressed");
		assert_non_null(strstr(error_hint(err), tools[i]));
	}
}

static void
what_cannot_be_opened_is_a_local_error(void **state)
{
	(void)state;
	assert_not_opened("nothing", ERROR_LOCAL, "nothing", NULL);
	assert_not_opened(".", ERROR_LOCAL, "regular", NULL);
	run("mkfifo fifo");
	assert_not_opened("fifo", ERROR_LOCAL, "regular", NULL);
}

static void
a_file_that_changes_is_told_from_a_damaged_one(void **state)
{
	struct descriptor blob = blob_of(MANIFEST);
	AUTO_ARCHIVE struct archive_image *archive = NULL;
	AUTO_BUF struct buf buf = BUF_INIT(MANIFEST_LIMIT_BYTES);
	AUTO_ERROR struct error *err = NULL;
	AUTO_ERROR struct error *open_failure = NULL;
	uint64_t offset_bytes = 0;
	bool found;

	(void)state;
	make_sound_layout();
	run("touch -d @5 o.tar");
	archive = open_archive("o.tar");
	assert_int_equal(archive_check_unchanged(archive, &err), 0);
	run("touch -d @6 o.tar");
	assert_int_equal(archive_read(archive, &blob.digest, &buf, &found, &err), -1);
	assert_error(err, ERROR_CONTENT, "changed", "source_changed");
	assert_int_equal(archive_open_blob(archive, &blob.digest, blob.size_bytes, &offset_bytes,
					   &open_failure),
			 -1);
	assert_error(open_failure, ERROR_CONTENT, "changed", "source_changed");
}

static void
a_file_that_grows_is_noticed(void **state)
{
	AUTO_ARCHIVE struct archive_image *archive = NULL;
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	make_sound_layout();
	run("touch -d @5 o.tar");
	archive = open_archive("o.tar");
	run("echo more >>o.tar; touch -d @5 o.tar");
	assert_int_equal(archive_check_unchanged(archive, &err), -1);
	assert_error(err, ERROR_CONTENT, "changed", "source_changed");
}

/* Of what is not absolute TMPDIR is not heard. */
static char *
in_room(const char *name)
{
	AUTO_FREE char *room = realpath(".", NULL);

	return xasprintf("%s/%s", room, name);
}

static struct archive_image *
open_as_stdin(const char *path, struct error **err)
{
	AUTO_CLOSE int before_fd = dup(STDIN_FILENO);
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct archive_image *archive;

	assert_int_equal(dup2(fd, STDIN_FILENO), STDIN_FILENO);
	archive = archive_open("-", err);
	assert_int_equal(dup2(before_fd, STDIN_FILENO), STDIN_FILENO);
	return archive;
}

static void
standard_input_is_spooled_and_leaves_no_file(void **state)
{
	AUTO_ERROR struct error *err = NULL;
	AUTO_ARCHIVE struct archive_image *archive = NULL;
	AUTO_FREE char *text = NULL;
	AUTO_FREE char *folder = in_room("tmp");

	(void)state;
	make_sound_layout();
	run("mkdir tmp");
	assert_int_equal(setenv("TMPDIR", folder, 1), 0);
	archive = open_as_stdin("o.tar", &err);
	if (!archive)
		fail_msg("%s", error_text(err));
	assert_int_equal(unlink("o.tar"), 0);
	run("test -z \"$(ls -A tmp)\"");
	text = read_reference(archive, 0);
	assert_string_equal(text, MANIFEST);
	unsetenv("TMPDIR");
}

static void
a_folder_for_spooling_that_is_not_there_is_named(void **state)
{
	AUTO_ERROR struct error *err = NULL;
	AUTO_FREE char *folder = in_room("nowhere");

	(void)state;
	make_sound_layout();
	assert_int_equal(setenv("TMPDIR", folder, 1), 0);
	assert_null(open_as_stdin("o.tar", &err));
	assert_error(err, ERROR_LOCAL, "nowhere", NULL);
	unsetenv("TMPDIR");
}

#define IN_ROOM(test) cmocka_unit_test_setup_teardown(test, enter_room, leave_room)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_ROOM(a_layout_in_a_tar_keeps_its_names_and_bytes),
		IN_ROOM(a_tar_that_is_both_is_read_as_a_layout),
		IN_ROOM(an_index_without_images_leaves_the_word_to_the_manifest),
		IN_ROOM(an_unsupported_digest_spoils_no_other_reference),
		IN_ROOM(a_blob_that_is_not_what_its_name_says_is_refused),
		IN_ROOM(a_blob_of_another_size_than_wanted_is_refused),
		IN_ROOM(a_blob_that_is_not_there_is_not_found),
		IN_ROOM(a_document_past_the_limit_is_refused),
		IN_ROOM(a_layout_that_makes_no_sense_is_refused),
		IN_ROOM(an_index_that_comes_twice_is_refused),
		IN_ROOM(a_compressed_archive_is_refused_with_the_remedy),
		IN_ROOM(what_cannot_be_opened_is_a_local_error),
		IN_ROOM(a_file_that_changes_is_told_from_a_damaged_one),
		IN_ROOM(a_file_that_grows_is_noticed),
		IN_ROOM(standard_input_is_spooled_and_leaves_no_file),
		IN_ROOM(a_folder_for_spooling_that_is_not_there_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
