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
#include "oci/manifest.h"
#include "store_room.h"
#include "tar_file.h"

#define ONE_IMAGE \
	"[{\"Config\":\"config.json\",\"RepoTags\":[\"host.test/a/b:t1\",\"host.test/a/b:t2\"]," \
	"\"Layers\":[\"one/layer.tar\"]}]"

static const char layer_text[] = "the bytes of a layer";

static void
make_image(const char *manifest)
{
	AUTO_FREE char *config = config_of(layer_text, NULL);

	make_saved("d.tar", manifest, config, layer_text);
}

static void
parse_reference(const struct archive_image *archive, size_t i, struct manifest *manifest)
{
	AUTO_FREE char *text = read_reference(archive, i);
	AUTO_ERROR struct error *err = NULL;

	if (manifest_parse(text, strlen(text), NULL, manifest, &err) < 0)
		fail_msg("%s", error_text(err));
}

static void
a_saved_image_gets_the_manifest_that_a_registry_would_have(void **state)
{
	AUTO_FREE char *config = config_of(layer_text, NULL);
	struct descriptor layer = blob_of(layer_text);
	struct descriptor config_blob = blob_of(config);
	AUTO_ARCHIVE struct archive_image *archive = NULL;
	AUTO_MANIFEST struct manifest manifest = { 0 };
	AUTO_FREE char *layer_read = NULL;
	AUTO_FREE char *config_read = NULL;

	(void)state;
	make_image(ONE_IMAGE);
	archive = open_archive("d.tar");
	parse_reference(archive, 0, &manifest);
	assert_string_equal(manifest.media_type, MEDIA_OCI_MANIFEST);
	assert_string_equal(manifest.config.media_type, MEDIA_OCI_CONFIG);
	assert_true(digest_equal(&manifest.config.digest, &config_blob.digest));
	assert_int_equal(manifest.layers.count, 1);
	assert_string_equal(manifest.layers.items[0].media_type, MEDIA_OCI_LAYER);
	assert_true(digest_equal(&manifest.layers.items[0].digest, &layer.digest));
	layer_read = read_blob(archive, &manifest.layers.items[0]);
	assert_string_equal(layer_read, layer_text);
	config_read = read_blob(archive, &manifest.config);
	assert_string_equal(config_read, config);
}

static void
each_repository_tag_is_a_reference_and_an_image_without_one_has_none(void **state)
{
	AUTO_ARCHIVE struct archive_image *archive = NULL;
	AUTO_FREE char *first = NULL;
	AUTO_FREE char *second = NULL;
	AUTO_FREE char *third = NULL;

	(void)state;
	make_image(
		"[{\"Config\":\"config.json\",\"RepoTags\":[\"host.test/a/b:t1\",\"c:t2\"],"
		"\"Layers\":[\"one/layer.tar\"]},"
		"{\"Config\":\"config.json\",\"RepoTags\":null,\"Layers\":[\"one/layer.tar\"]}]");
	archive = open_archive("d.tar");
	first = name_of(archive, 0);
	second = name_of(archive, 1);
	third = name_of(archive, 2);
	assert_string_equal(first, "host.test/a/b:t1");
	assert_string_equal(second, "c:t2");
	assert_null(third);
}

static void
a_layer_that_is_a_link_to_an_equal_one_is_that_one(void **state)
{
	AUTO_FREE char *config = config_of(layer_text, layer_text);
	AUTO_ARCHIVE struct archive_image *archive = NULL;
	AUTO_MANIFEST struct manifest manifest = { 0 };

	(void)state;
	make_saved("d.tar",
		   "[{\"Config\":\"config.json\","
		   "\"Layers\":[\"one/layer.tar\",\"two/layer.tar\"]}]",
		   config, layer_text);
	archive = open_archive("d.tar");
	parse_reference(archive, 0, &manifest);
	assert_int_equal(manifest.layers.count, 2);
	assert_true(
		digest_equal(&manifest.layers.items[0].digest, &manifest.layers.items[1].digest));
}

static void
check_packed(const char *magic, const char *media_type)
{
	AUTO_FREE char *config = config_of("what is in the packed layer", NULL);
	AUTO_FREE char *packed = xasprintf("%sand so on", magic);
	AUTO_ARCHIVE struct archive_image *archive = NULL;
	AUTO_MANIFEST struct manifest manifest = { 0 };

	make_saved("d.tar", ONE_IMAGE, config, packed);
	archive = open_archive("d.tar");
	parse_reference(archive, 0, &manifest);
	assert_string_equal(manifest.layers.items[0].media_type, media_type);
}

static void
compressed_layers_keep_their_bytes_and_say_how_they_are_packed(void **state)
{
	(void)state;
	check_packed("\x1f\x8b", MEDIA_OCI_LAYER_GZIP);
	check_packed("\x28\xb5\x2f\xfd", MEDIA_OCI_LAYER_ZSTD);
}

static void
a_layer_that_is_not_what_the_config_says_is_refused(void **state)
{
	AUTO_FREE char *config = config_of("another layer", NULL);

	(void)state;
	make_saved("d.tar", ONE_IMAGE, config, layer_text);
	assert_not_opened("d.tar", ERROR_CONTENT, "diff_id", "digest");
}

static void
more_or_fewer_layers_than_the_config_says_are_refused(void **state)
{
	(void)state;
	make_image("[{\"Config\":\"config.json\",\"Layers\":[]}]");
	assert_not_opened("d.tar", ERROR_CONTENT, "1 diff_ids for 0 layers", NULL);
	make_image("[{\"Config\":\"config.json\","
		   "\"Layers\":[\"one/layer.tar\",\"one/layer.tar\"]}]");
	assert_not_opened("d.tar", ERROR_CONTENT, "1 diff_ids for 2 layers", NULL);
}

struct hostile {
	const char *manifest;
	const char *part; /* of the error */
};

static const struct hostile hostile_rows[] = {
	{ "", "invalid JSON" },
	{ "{}", "not an array" },
	{ "{\"Config\":\"config.json\",\"Layers\":[]}", "not an array" },
	{ "null", "not an array" },
	{ "\"text\"", "not an array" },
	{ "[], \"more\":[]", "not an array" },
	{ "[]} {", "invalid JSON" },
	{ "[", "invalid JSON" },
	{ "[1]", "image 1 in manifest.json: 'Config' is missing" },
	{ "[[]]", "'Config' is missing" },
	{ "[{}]", "'Config' is missing" },
	{ "[{\"Config\":1,\"Layers\":[]}]", "'Config' is not a string" },
	{ "[{\"Config\":\"config.json\"}]", "'Layers' is missing" },
	{ "[{\"Config\":\"config.json\",\"Layers\":{}}]", "'Layers' is not an array" },
	{ "[{\"Config\":\"config.json\",\"Layers\":[1]}]", "layer is not a string" },
	{ "[{\"Config\":\"config.json\",\"Layers\":[\"nothing\"]}]", "lacks 'nothing'" },
	{ "[{\"Config\":\"nothing\",\"Layers\":[]}]", "lacks 'nothing'" },
	{ "[{\"Config\":\"../config.json\",\"Layers\":[]}]", "lacks '../config.json'" },
	{ "[{\"Config\":\"/etc/passwd\",\"Layers\":[]}]", "lacks '/etc/passwd'" },
	{ "[{\"Config\":\"one/layer.tar\",\"Layers\":[]}]", "config 'one/layer.tar'" },
	{ "[{\"Config\":\"config.json\",\"RepoTags\":\"a:b\",\"Layers\":[\"one/layer.tar\"]}]",
	  "'RepoTags' is not an array" },
	{ "[{\"Config\":\"config.json\",\"RepoTags\":[1],\"Layers\":[\"one/layer.tar\"]}]",
	  "'RepoTags'" },
};

static void
a_list_of_images_that_makes_no_sense_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(hostile_rows) / sizeof(hostile_rows[0]); i++) {
		make_image(hostile_rows[i].manifest);
		assert_not_opened("d.tar", ERROR_CONTENT, hostile_rows[i].part, NULL);
	}
}

/* `count` times the same image. */
static void
make_images(int count)
{
	static const char image[] = "{\"Config\":\"config.json\",\"Layers\":[\"one/layer.tar\"]},";
	size_t size = sizeof(image) - 1;
	AUTO_FREE char *manifest = xcalloc(1, size * (size_t)count + 2);

	manifest[0] = '[';
	for (int i = 0; i < count; i++)
		memcpy(manifest + 1 + size * (size_t)i, image, size);
	manifest[size * (size_t)count] = ']';
	make_image(manifest);
}

static void
there_may_be_as_many_images_as_the_limit_and_no_more(void **state)
{
	AUTO_ARCHIVE struct archive_image *archive = NULL;
	AUTO_DESCRIPTORS struct descriptors references = { 0 };
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	make_images(ARCHIVE_IMAGES_LIMIT_COUNT);
	archive = open_archive("d.tar");
	assert_int_equal(archive_list_references(archive, &references, &err), 0);
	assert_int_equal(references.count, ARCHIVE_IMAGES_LIMIT_COUNT);
	make_images(ARCHIVE_IMAGES_LIMIT_COUNT + 1);
	assert_not_opened("d.tar", ERROR_CONTENT, "images", "limit");
}

static void
a_config_past_the_limit_is_refused(void **state)
{
	AUTO_FREE char *config = xcalloc(1, CONFIG_LIMIT_BYTES + 2);

	(void)state;
	memset(config, ' ', CONFIG_LIMIT_BYTES + 1);
	make_saved("d.tar", ONE_IMAGE, config, layer_text);
	assert_not_opened("d.tar", ERROR_CONTENT, "config.json", "limit");
}

/* What the archive does not hold as an image cannot be asked for. */
static void
files_that_no_image_names_are_no_blobs(void **state)
{
	AUTO_ARCHIVE struct archive_image *archive = NULL;
	struct descriptor manifest = blob_of(ONE_IMAGE);
	AUTO_BUF struct buf buf = BUF_INIT(1000);
	AUTO_ERROR struct error *err = NULL;
	bool found = true;

	(void)state;
	make_image(ONE_IMAGE);
	archive = open_archive("d.tar");
	assert_int_equal(archive_read(archive, &manifest.digest, &buf, &found, &err), 0);
	assert_false(found);
}

#define IN_ROOM(test) cmocka_unit_test_setup_teardown(test, enter_room, leave_room)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_ROOM(a_saved_image_gets_the_manifest_that_a_registry_would_have),
		IN_ROOM(each_repository_tag_is_a_reference_and_an_image_without_one_has_none),
		IN_ROOM(a_layer_that_is_a_link_to_an_equal_one_is_that_one),
		IN_ROOM(compressed_layers_keep_their_bytes_and_say_how_they_are_packed),
		IN_ROOM(a_layer_that_is_not_what_the_config_says_is_refused),
		IN_ROOM(more_or_fewer_layers_than_the_config_says_are_refused),
		IN_ROOM(a_list_of_images_that_makes_no_sense_is_refused),
		IN_ROOM(there_may_be_as_many_images_as_the_limit_and_no_more),
		IN_ROOM(a_config_past_the_limit_is_refused),
		IN_ROOM(files_that_no_image_names_are_no_blobs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
