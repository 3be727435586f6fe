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

#include "base/buf.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/strings.h"
#include "base/xalloc.h"
#include "oci/location.h"
#include "oci/media_type.h"
#include "repository/repository.h"
#include "store_room.h"
#include "stream/body.h"
#include "tar_file.h"

#define LAYOUT "{\"imageLayoutVersion\":\"1.0.0\"}"
#define FIRST \
	"{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_OCI_INDEX "\",\"manifests\":[]," \
	"\"annotations\":{\"n\":\"1\"}}"
#define SECOND \
	"{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_OCI_INDEX "\",\"manifests\":[]," \
	"\"annotations\":{\"n\":\"2\"}}"
#define REF_NAME "\"org.opencontainers.image.ref.name\""
#define IMAGE_NAME "\"io.containerd.image.name\""

static char *
entry(const char *text, const char *annotations)
{
	struct descriptor blob = blob_of(text);

	return xasprintf("{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%zu,"
			 "\"annotations\":{%s}}",
			 MEDIA_OCI_INDEX, digest_text(&blob.digest).text, strlen(text),
			 annotations);
}

static void
add_blob(struct tar_file *tar, const char *text)
{
	struct descriptor blob = blob_of(text);
	AUTO_FREE char *name = xasprintf("blobs/sha256/%s", digest_hex(&blob.digest).text);

	tar_add(tar, name, text);
}

/* An archive whose index.json has FIRST, and SECOND unless its annotations are NULL. */
static struct repository *
open_with(const char *first_annotations, const char *second_annotations)
{
	AUTO_FREE char *first = entry(FIRST, first_annotations);
	AUTO_FREE char *second = entry(SECOND, second_annotations ? second_annotations : "");
	AUTO_FREE char *index =
		xasprintf("{\"schemaVersion\":2,\"manifests\":[%s%s%s]}", first,
			  second_annotations ? "," : "", second_annotations ? second : "");
	struct tar_file *tar = tar_begin("o.tar", "ustar");
	AUTO_LOCATION struct location location = { 0 };
	AUTO_ERROR struct error *err = NULL;
	struct repository *repository;

	tar_add(tar, "oci-layout", LAYOUT);
	tar_add(tar, "index.json", index);
	add_blob(tar, FIRST);
	add_blob(tar, SECOND);
	add_blob(tar, "a layer");
	tar_end(tar);
	assert_int_equal(location_parse("oci-archive:o.tar", &location, &err), 0);
	repository = repository_open(NULL, &location, REPOSITORY_READ, &err);
	if (!repository)
		fail_msg("%s", error_text(err));
	return repository;
}

/* NULL: absent. */
static void
assert_resolves(struct repository *repository, const char *tag, const char *text)
{
	AUTO_RESOLUTION struct resolution resolution = { 0 };
	AUTO_ERROR struct error *err = NULL;
	struct descriptor blob = blob_of(text ? text : "");

	if (repository_resolve(repository, tag, NULL, &resolution, &err) < 0)
		fail_msg("%s", error_text(err));
	assert_int_equal(resolution.evidence.presence, text ? PRESENCE_PRESENT : PRESENCE_ABSENT);
	if (!text)
		return;
	assert_true(digest_equal(&resolution.descriptor.digest, &blob.digest));
	assert_int_equal(resolution.descriptor.size_bytes, blob.size_bytes);
	assert_string_equal(resolution.descriptor.media_type, MEDIA_OCI_INDEX);
	assert_null(resolution.descriptor.annotations);
	assert_string_equal(resolution.bytes.data, text);
}

static void
assert_ambiguous(struct repository *repository, const char *tag)
{
	AUTO_RESOLUTION struct resolution resolution = { 0 };
	AUTO_ERROR struct error *err = NULL;

	assert_int_equal(repository_resolve(repository, tag, NULL, &resolution, &err), -1);
	assert_int_equal(error_kind(err), ERROR_USAGE);
	assert_non_null(error_hint(err));
}

static void
the_only_image_needs_no_name(void **state)
{
	AUTO_REPOSITORY struct repository *repository = open_with("", NULL);

	(void)state;
	assert_resolves(repository, NULL, FIRST);
	assert_resolves(repository, "t1", NULL);
}

static void
one_of_several_images_needs_its_name(void **state)
{
	AUTO_REPOSITORY struct repository *repository =
		open_with(REF_NAME ":\"t1\"", REF_NAME ":\"t2\"");

	(void)state;
	assert_ambiguous(repository, NULL);
	assert_resolves(repository, "t1", FIRST);
	assert_resolves(repository, "t2", SECOND);
	assert_resolves(repository, "t", NULL);
}

static void
a_whole_reference_answers_to_its_tag_when_it_is_alone_in_that(void **state)
{
	AUTO_REPOSITORY struct repository *repository =
		open_with(REF_NAME ":\"host.test:5000/a:t1\"", REF_NAME ":\"host.test:5000/b:t2\"");

	(void)state;
	assert_resolves(repository, "host.test:5000/a:t1", FIRST);
	assert_resolves(repository, "t1", FIRST);
	assert_resolves(repository, "t2", SECOND);
}

static void
a_tag_of_two_images_is_refused_and_their_whole_names_are_not(void **state)
{
	AUTO_REPOSITORY struct repository *repository =
		open_with(REF_NAME ":\"host.test/a:t1\"", REF_NAME ":\"host.test/b:t1\"");

	(void)state;
	assert_ambiguous(repository, "t1");
	assert_resolves(repository, "host.test/a:t1", FIRST);
	assert_resolves(repository, "host.test/b:t1", SECOND);
}

static void
a_name_that_docker_gave_is_one_too(void **state)
{
	AUTO_REPOSITORY struct repository *repository =
		open_with(REF_NAME ":\"t1\"," IMAGE_NAME ":\"host.test/a:t1\"",
			  REF_NAME ":\"t1\"," IMAGE_NAME ":\"host.test/b:t1\"");

	(void)state;
	assert_ambiguous(repository, "t1");
	assert_resolves(repository, "host.test/b:t1", SECOND);
}

static void
a_name_means_what_it_means_to_docker(void **state)
{
	AUTO_REPOSITORY struct repository *repository =
		open_with(REF_NAME ":\"latest\"," IMAGE_NAME ":\"docker.io/library/a:latest\"",
			  REF_NAME ":\"my/b:t1\"");

	(void)state;
	assert_resolves(repository, "a", FIRST);
	assert_resolves(repository, "a:latest", FIRST);
	assert_resolves(repository, "docker.io/my/b:t1", SECOND);
	assert_resolves(repository, "my/b", NULL);
	assert_resolves(repository, "A", NULL);
}

static void
by_digest_names_do_not_matter(void **state)
{
	AUTO_REPOSITORY struct repository *repository = open_with("", "");
	AUTO_RESOLUTION struct resolution found = { 0 };
	AUTO_RESOLUTION struct resolution absent = { 0 };
	AUTO_ERROR struct error *err = NULL;
	struct descriptor second = blob_of(SECOND);
	struct descriptor nowhere = blob_of("nowhere");
	bool has = true;

	(void)state;
	assert_int_equal(repository_resolve(repository, NULL, &second.digest, &found, &err), 0);
	assert_int_equal(found.evidence.presence, PRESENCE_PRESENT);
	assert_string_equal(found.bytes.data, SECOND);
	assert_int_equal(repository_resolve(repository, NULL, &nowhere.digest, &absent, &err), 0);
	assert_int_equal(absent.evidence.presence, PRESENCE_ABSENT);
	assert_int_equal(repository_has_manifest(repository, &nowhere.digest, &has, &err), 0);
	assert_false(has);
	assert_int_equal(repository_has_manifest(repository, &second.digest, &has, &err), 0);
	assert_true(has);
}

static void
tags_are_the_names_that_there_are(void **state)
{
	AUTO_REPOSITORY struct repository *repository = open_with(REF_NAME ":\"t1\"", "");
	AUTO_STRINGS struct strings tags = { 0 };
	AUTO_STRINGS struct strings others = { 0 };
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	assert_int_equal(repository_list_tags(repository, &tags, &others, &err), 0);
	assert_int_equal(tags.count, 1);
	assert_string_equal(tags.items[0], "t1");
}

struct done {
	bool called;
	struct error *failure;
};

static void
note(void *context, enum blob_outcome outcome, struct error *failure)
{
	struct done *done = context;

	assert_int_equal(outcome, BLOB_MOVED);
	done->called = true;
	done->failure = failure;
}

static void
get_blob(struct repository *repository, const struct descriptor *blob, struct buf *buf,
	 struct done *done)
{
	AUTO_ERROR struct error *err = NULL;
	struct body_buf body;

	body_buf_init(&body, buf);
	assert_int_equal(repository_get_blob(repository, blob, &body.body, note, done, &err), 0);
	assert_false(done->called);
	assert_int_equal(repository_step(repository, NULL, 0, &err), 0);
	assert_true(done->called);
}

static void
a_blob_comes_with_the_next_step(void **state)
{
	AUTO_REPOSITORY struct repository *repository = open_with("", NULL);
	struct descriptor blob = blob_of("a layer");
	AUTO_BUF struct buf buf = BUF_INIT(1000);
	struct done done = { 0 };

	(void)state;
	get_blob(repository, &blob, &buf, &done);
	assert_null(done.failure);
	assert_string_equal(buf.data, "a layer");
}

static void
a_blob_of_a_file_that_changed_is_refused_as_that(void **state)
{
	AUTO_REPOSITORY struct repository *repository = open_with("", NULL);
	struct descriptor blob = blob_of("a layer");
	AUTO_BUF struct buf buf = BUF_INIT(1000);
	struct done done = { 0 };

	(void)state;
	assert_int_equal(truncate("o.tar", 100), 0);
	get_blob(repository, &blob, &buf, &done);
	assert_non_null(done.failure);
	assert_string_equal(error_class(done.failure), "source_changed");
	error_free(done.failure);
}

static void
a_blob_can_be_opened_where_it_lies(void **state)
{
	AUTO_REPOSITORY struct repository *repository = open_with("", NULL);
	struct descriptor blob = blob_of("a layer");
	AUTO_ERROR struct error *err = NULL;
	AUTO_CLOSE int fd = -1;
	uint64_t offset_bytes = 0;
	char text[8] = { 0 };

	(void)state;
	assert_int_equal(repository_open_blob(repository, &blob, &fd, &offset_bytes, &err), 0);
	assert_true(fd >= 0);
	assert_int_equal(pread(fd, text, 7, (off_t)offset_bytes), 7);
	assert_string_equal(text, "a layer");
}

static void
an_archive_is_not_written_to_as_a_repository(void **state)
{
	AUTO_REPOSITORY struct repository *repository = open_with("", NULL);
	AUTO_LOCATION struct location location = { 0 };
	AUTO_ERROR struct error *err = NULL;
	AUTO_ERROR struct error *open_failure = NULL;

	(void)state;
	assert_int_equal(repository_probe_push(repository, &err), -1);
	assert_int_equal(error_kind(err), ERROR_USAGE);
	assert_int_equal(location_parse("oci-archive:o.tar", &location, &open_failure), 0);
	assert_null(repository_open(NULL, &location, REPOSITORY_WRITE, &open_failure));
	assert_int_equal(error_kind(open_failure), ERROR_USAGE);
}

#define IN_ROOM(test) cmocka_unit_test_setup_teardown(test, enter_room, leave_room)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_ROOM(the_only_image_needs_no_name),
		IN_ROOM(one_of_several_images_needs_its_name),
		IN_ROOM(a_whole_reference_answers_to_its_tag_when_it_is_alone_in_that),
		IN_ROOM(a_tag_of_two_images_is_refused_and_their_whole_names_are_not),
		IN_ROOM(a_name_that_docker_gave_is_one_too),
		IN_ROOM(a_name_means_what_it_means_to_docker),
		IN_ROOM(by_digest_names_do_not_matter),
		IN_ROOM(tags_are_the_names_that_there_are),
		IN_ROOM(a_blob_comes_with_the_next_step),
		IN_ROOM(a_blob_of_a_file_that_changed_is_refused_as_that),
		IN_ROOM(a_blob_can_be_opened_where_it_lies),
		IN_ROOM(an_archive_is_not_written_to_as_a_repository),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
