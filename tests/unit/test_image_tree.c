/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "image/document/content.h"
#include "image/document/image_node.h"
#include "image/document/image_tree.h"
#include "in_image_room.h"

static struct descriptor
add_index(const char *entries)
{
	return image_room_add(room, MEDIA_OCI_INDEX,
			      "{\"schemaVersion\":2,\"mediaType\":\"%s\",\"manifests\":[%s]}",
			      MEDIA_OCI_INDEX, entries);
}

/* An index of amd64 and arm64 and an attestation. */
static struct descriptor
add_usual_index(void)
{
	AUTO_DESCRIPTOR struct descriptor amd64 = image_room_add_image(room, "linux/amd64", "a");
	AUTO_DESCRIPTOR struct descriptor arm64 = image_room_add_image(room, "linux/arm64", "b");
	AUTO_DESCRIPTOR struct descriptor other = image_room_add_image(room, "linux/amd64", "c");
	AUTO_FREE char *entries = xasprintf("%s,%s,%s", image_room_entry(&amd64, "linux/amd64"),
					    image_room_entry(&arm64, "linux/arm64"),
					    image_room_entry(&other, "unknown/unknown"));

	return add_index(entries);
}

/* `wanted` NULL: everything. */
static int
get_tree(const struct descriptor *root, const char *wanted, struct platforms *missing,
	 struct image_node *ret_root, struct error **err)
{
	AUTO_RESOLUTION struct resolution resolution = { 0 };
	AUTO_PLATFORMS struct platforms platforms = { 0 };
	AUTO_PLATFORM struct platform platform = { 0 };
	struct content content = { .repository = &room->repository };
	struct selection selection = { .missing = missing };

	if (wanted) {
		assert_int_equal(platform_parse(wanted, &platform, err), 0);
		platforms_add(&platforms, &platform);
		selection.platforms = &platforms;
	}
	assert_int_equal(
		repository_resolve(&room->repository, NULL, &root->digest, &resolution, err), 0);
	return image_tree_get(&content, &selection, &resolution, ret_root, err);
}

static void
only_the_wanted_platform_is_fetched(void **state)
{
	AUTO_DESCRIPTOR struct descriptor index = add_usual_index();
	AUTO_IMAGE_NODE struct image_node root = { 0 };
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	assert_int_equal(get_tree(&index, "linux/arm64", NULL, &root, &err), 0);
	assert_int_equal(root.child_count, 1);
	assert_string_equal(root.children[0].descriptor.platform.architecture, "arm64");
	assert_int_equal(image_room_count(room, "get:"), 2);
}

static void
everything_includes_attestations(void **state)
{
	AUTO_DESCRIPTOR struct descriptor index = add_usual_index();
	AUTO_IMAGE_NODE struct image_node root = { 0 };
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	assert_int_equal(get_tree(&index, NULL, NULL, &root, &err), 0);
	assert_int_equal(root.child_count, 3);
}

static void
an_unlisted_platform_is_an_error_that_names_what_there_is(void **state)
{
	AUTO_DESCRIPTOR struct descriptor index = add_usual_index();
	AUTO_IMAGE_NODE struct image_node root = { 0 };
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	assert_int_equal(get_tree(&index, "linux/s390x", NULL, &root, &err), -1);
	assert_int_equal(error_kind(err), ERROR_PLATFORM);
	assert_non_null(strstr(error_hint(err), "linux/amd64, linux/arm64"));
}

static void
an_unlisted_platform_is_missing_where_that_is_asked_for(void **state)
{
	AUTO_DESCRIPTOR struct descriptor index = add_usual_index();
	AUTO_IMAGE_NODE struct image_node root = { 0 };
	AUTO_PLATFORMS struct platforms missing = { 0 };
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	assert_int_equal(get_tree(&index, "linux/s390x", &missing, &root, &err), 0);
	assert_int_equal(missing.count, 1);
}

static struct descriptor
add_index_of_nothing(void)
{
	AUTO_DESCRIPTOR struct descriptor gone = {
		.media_type = xstrdup(MEDIA_OCI_MANIFEST),
		.digest = digest_of(DIGEST_SHA256, "gone", 4),
		.size_bytes = 4,
	};

	return add_index(image_room_entry(&gone, "linux/amd64"));
}

static void
a_listed_manifest_that_is_not_there_is_content_trouble(void **state)
{
	AUTO_DESCRIPTOR struct descriptor index = add_index_of_nothing();
	AUTO_IMAGE_NODE struct image_node root = { 0 };
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	assert_int_equal(get_tree(&index, "linux/amd64", NULL, &root, &err), -1);
	assert_int_equal(error_kind(err), ERROR_CONTENT);
	assert_string_equal(error_class(err), "manifest_unknown");
}

static void
a_listed_manifest_that_is_not_there_is_missing_where_that_is_asked_for(void **state)
{
	AUTO_DESCRIPTOR struct descriptor index = add_index_of_nothing();
	AUTO_IMAGE_NODE struct image_node root = { 0 };
	AUTO_PLATFORMS struct platforms missing = { 0 };
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	assert_int_equal(get_tree(&index, "linux/amd64", &missing, &root, &err), 0);
	assert_int_equal(missing.count, 1);
}

static void
a_nested_index_is_searched(void **state)
{
	AUTO_DESCRIPTOR struct descriptor amd64 = image_room_add_image(room, "linux/amd64", "a");
	AUTO_DESCRIPTOR struct descriptor arm64 = image_room_add_image(room, "linux/arm64", "b");
	AUTO_DESCRIPTOR struct descriptor first =
		add_index(image_room_entry(&amd64, "linux/amd64"));
	AUTO_DESCRIPTOR struct descriptor second =
		add_index(image_room_entry(&arm64, "linux/arm64"));
	AUTO_FREE char *entries =
		xasprintf("%s,%s", image_room_entry(&first, NULL), image_room_entry(&second, NULL));
	AUTO_DESCRIPTOR struct descriptor index = add_index(entries);
	AUTO_IMAGE_NODE struct image_node root = { 0 };
	AUTO_IMAGE_NODE struct image_node part = { 0 };
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	assert_int_equal(get_tree(&index, "linux/arm64", NULL, &root, &err), 0);
	assert_int_equal(root.child_count, 1);
	assert_int_equal(image_part_take(&root, &part, &err), 0);
	assert_true(digest_equal(&part.descriptor.digest, &arm64.digest));
}

static void
an_entry_without_a_platform_is_told_by_its_config(void **state)
{
	AUTO_DESCRIPTOR struct descriptor image = image_room_add_image(room, "linux/arm64", "b");
	AUTO_DESCRIPTOR struct descriptor index = add_index(image_room_entry(&image, NULL));
	AUTO_IMAGE_NODE struct image_node root = { 0 };
	AUTO_IMAGE_NODE struct image_node other = { 0 };
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	assert_int_equal(get_tree(&index, "linux/arm64", NULL, &root, &err), 0);
	assert_int_equal(root.child_count, 1);
	assert_int_equal(get_tree(&index, "linux/amd64", NULL, &other, &err), -1);
	assert_int_equal(error_kind(err), ERROR_PLATFORM);
}

static void
a_manifest_alone_serves_the_platform_of_its_config(void **state)
{
	AUTO_DESCRIPTOR struct descriptor image = image_room_add_image(room, "linux/arm64", "b");
	AUTO_IMAGE_NODE struct image_node root = { 0 };
	AUTO_IMAGE_NODE struct image_node other = { 0 };
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	assert_int_equal(get_tree(&image, "linux/arm64", NULL, &root, &err), 0);
	assert_int_equal(get_tree(&image, "linux/amd64", NULL, &other, &err), -1);
	assert_int_equal(error_kind(err), ERROR_PLATFORM);
}

/* `depth` indexes around an image, the outermost last. */
static struct descriptor
add_nested(unsigned depth)
{
	struct descriptor inner = image_room_add_image(room, "linux/amd64", "a");

	for (unsigned i = 0; i < depth; i++) {
		AUTO_DESCRIPTOR struct descriptor below = inner;

		inner = add_index(image_room_entry(&below, NULL));
	}
	return inner;
}

static void
indexes_nest_so_deep_and_no_deeper(void **state)
{
	AUTO_DESCRIPTOR struct descriptor deep = add_nested(INDEX_LIMIT_DEPTH + 1);
	AUTO_DESCRIPTOR struct descriptor deeper = add_nested(INDEX_LIMIT_DEPTH + 2);
	AUTO_IMAGE_NODE struct image_node root = { 0 };
	AUTO_IMAGE_NODE struct image_node other = { 0 };
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	assert_int_equal(get_tree(&deep, NULL, NULL, &root, &err), 0);
	assert_int_equal(get_tree(&deeper, NULL, NULL, &other, &err), -1);
	assert_string_equal(error_class(err), "limit");
}

/* An index of two documents that say to be so large, and are not there. */
static struct descriptor
add_index_of_large(uint64_t size_bytes)
{
	AUTO_DESCRIPTOR struct descriptor first = {
		.media_type = xstrdup(MEDIA_OCI_MANIFEST),
		.digest = digest_of(DIGEST_SHA256, "first", 5),
		.size_bytes = size_bytes,
	};
	AUTO_DESCRIPTOR struct descriptor image = image_room_add_image(room, "linux/amd64", "a");
	AUTO_FREE char *entries = xasprintf("%s,%s", image_room_entry(&image, "linux/amd64"),
					    image_room_entry(&first, "linux/arm64"));

	return add_index(entries);
}

static void
documents_that_say_to_be_too_much_are_not_asked_for(void **state)
{
	AUTO_DESCRIPTOR struct descriptor fits = add_index_of_large(TREE_LIMIT_BYTES - 10000);
	AUTO_DESCRIPTOR struct descriptor index = add_index_of_large(TREE_LIMIT_BYTES);
	AUTO_IMAGE_NODE struct image_node root = { 0 };
	AUTO_IMAGE_NODE struct image_node other = { 0 };
	AUTO_ERROR struct error *absent = NULL;
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	assert_int_equal(get_tree(&fits, NULL, NULL, &root, &absent), -1);
	assert_string_equal(error_class(absent), "manifest_unknown");
	assert_int_equal(get_tree(&index, NULL, NULL, &other, &err), -1);
	assert_string_equal(error_class(err), "limit");
}

static void
a_part_of_several_is_an_index_of_them(void **state)
{
	AUTO_DESCRIPTOR struct descriptor index = add_usual_index();
	AUTO_IMAGE_NODE struct image_node root = { 0 };
	AUTO_IMAGE_NODE struct image_node part = { 0 };
	AUTO_DESCRIPTORS struct descriptors blobs = { 0 };
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	assert_int_equal(get_tree(&index, NULL, NULL, &root, &err), 0);
	image_node_release(&root.children[2]);
	root.child_count = 2;
	assert_int_equal(image_part_take(&root, &part, &err), 0);
	assert_int_equal(part.kind, DOCUMENT_INDEX);
	assert_int_equal(part.child_count, 2);
	assert_false(digest_equal(&part.descriptor.digest, &index.digest));
	image_tree_blobs(&part, &blobs);
	assert_int_equal(blobs.count, 4);
}

/* As BuildKit's registry cache does. */
static void
an_index_may_list_blobs(void **state)
{
	AUTO_DESCRIPTOR struct descriptor image = image_room_add_image(room, "linux/amd64", "a");
	AUTO_DESCRIPTOR struct descriptor layer =
		image_room_add(room, MEDIA_OCI_LAYER_GZIP, "%s", "layer");
	AUTO_DESCRIPTOR struct descriptor config =
		image_room_add(room, "application/vnd.buildkit.cacheconfig.v0", "{}");
	AUTO_FREE char *entries =
		xasprintf("%s,%s,%s", image_room_entry(&layer, NULL),
			  image_room_entry(&image, "linux/amd64"), image_room_entry(&config, NULL));
	AUTO_DESCRIPTOR struct descriptor index = add_index(entries);
	AUTO_DESCRIPTORS struct descriptors blobs = { 0 };
	AUTO_IMAGE_NODE struct image_node root = { 0 };
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	assert_int_equal(get_tree(&index, NULL, NULL, &root, &err), 0);
	assert_int_equal(root.child_count, 1);
	assert_int_equal(root.blobs.count, 2);
	image_tree_blobs(&root, &blobs);
	assert_int_equal(blobs.count, 4);
	assert_true(descriptors_has(&blobs, &config.digest));
	assert_true(descriptors_has(&blobs, &layer.digest));
}

static void
what_cannot_be_checked_stops_only_who_wants_it(void **state)
{
	AUTO_DESCRIPTOR struct descriptor image = image_room_add_image(room, "linux/amd64", "a");
	AUTO_FREE char *entries =
		xasprintf("{\"mediaType\":\"%s\",\"digest\":\"blake3:00\",\"size\":1,\"platform\":"
			  "{\"os\":\"linux\",\"architecture\":\"arm64\"}},%s",
			  MEDIA_OCI_MANIFEST, image_room_entry(&image, "linux/amd64"));
	AUTO_DESCRIPTOR struct descriptor index = add_index(entries);
	AUTO_IMAGE_NODE struct image_node root = { 0 };
	AUTO_IMAGE_NODE struct image_node whole = { 0 };
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	assert_int_equal(get_tree(&index, "linux/amd64", NULL, &root, &err), 0);
	assert_int_equal(root.child_count, 1);
	assert_int_equal(get_tree(&index, NULL, NULL, &whole, &err), -1);
	assert_int_equal(error_kind(err), ERROR_FAILURE);
	assert_string_equal(error_class(err), "unsupported");
	assert_non_null(strstr(error_text(err), "'blake3:00'"));
}

static struct descriptor
add_image_without_platform(void)
{
	AUTO_DESCRIPTOR struct descriptor config = image_room_add(
		room, MEDIA_OCI_CONFIG, "%s", "{\"os\":\"\",\"rootfs\":{\"diff_ids\":[]}}");

	return image_room_add(room, MEDIA_OCI_MANIFEST,
			      "{\"schemaVersion\":2,\"config\":%s,\"layers\":[]}",
			      image_room_entry(&config, NULL));
}

static void
an_image_without_a_platform_is_what_the_index_says_and_alone_any(void **state)
{
	AUTO_DESCRIPTOR struct descriptor image = add_image_without_platform();
	AUTO_DESCRIPTOR struct descriptor said = add_index(image_room_entry(&image, "linux/arm64"));
	AUTO_DESCRIPTOR struct descriptor unsaid = add_index(image_room_entry(&image, NULL));
	AUTO_IMAGE_NODE struct image_node alone = { 0 };
	AUTO_IMAGE_NODE struct image_node by_index = { 0 };
	AUTO_IMAGE_NODE struct image_node by_nobody = { 0 };
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	assert_int_equal(get_tree(&image, "linux/arm64", NULL, &alone, &err), 0);
	assert_int_equal(get_tree(&said, "linux/arm64", NULL, &by_index, &err), 0);
	assert_int_equal(by_index.child_count, 1);
	assert_int_equal(get_tree(&unsaid, "linux/arm64", NULL, &by_nobody, &err), -1);
	assert_int_equal(error_kind(err), ERROR_PLATFORM);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_ROOM(only_the_wanted_platform_is_fetched),
		IN_ROOM(everything_includes_attestations),
		IN_ROOM(an_unlisted_platform_is_an_error_that_names_what_there_is),
		IN_ROOM(an_unlisted_platform_is_missing_where_that_is_asked_for),
		IN_ROOM(a_listed_manifest_that_is_not_there_is_content_trouble),
		IN_ROOM(a_listed_manifest_that_is_not_there_is_missing_where_that_is_asked_for),
		IN_ROOM(a_nested_index_is_searched),
		IN_ROOM(an_entry_without_a_platform_is_told_by_its_config),
		IN_ROOM(a_manifest_alone_serves_the_platform_of_its_config),
		IN_ROOM(indexes_nest_so_deep_and_no_deeper),
		IN_ROOM(documents_that_say_to_be_too_much_are_not_asked_for),
		IN_ROOM(a_part_of_several_is_an_index_of_them),
		IN_ROOM(an_index_may_list_blobs),
		IN_ROOM(what_cannot_be_checked_stops_only_who_wants_it),
		IN_ROOM(an_image_without_a_platform_is_what_the_index_says_and_alone_any),
	};

	return cmocka_run_group_tests_name("image_tree", tests, NULL, NULL);
}
