/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "store/store.h"
#include "store_room.h"

static void
set(struct store *store, const char *name, const struct descriptor *descriptor)
{
	AUTO_ERROR struct error *err = NULL;

	if (store_set_reference(store, name, descriptor, &err) < 0)
		fail_msg("%s", error_text(err));
}

static void
assert_names(struct store *store, const char *name, const struct descriptor *expected)
{
	AUTO_DESCRIPTOR struct descriptor descriptor = { 0 };
	AUTO_ERROR struct error *err = NULL;
	bool found = false;

	if (store_find_reference(store, name, &descriptor, &found, &err) < 0)
		fail_msg("%s", error_text(err));
	assert_int_equal(found, expected != NULL);
	if (expected)
		assert_true(digest_equal(&descriptor.digest, &expected->digest));
}

static size_t
count(struct store *store)
{
	AUTO_DESCRIPTORS struct descriptors references = { NULL, 0 };
	AUTO_ERROR struct error *err = NULL;

	assert_int_equal(store_list_references(store, &references, true, &err), 0);
	return references.count;
}

static void
a_reference_names_its_image_and_replaces_the_old_one(void **state)
{
	AUTO_STORE struct store *store = create_store("store");
	struct descriptor first = add_manifest(store, "first", NULL);
	struct descriptor second = add_manifest(store, "second", NULL);

	(void)state;
	assert_names(store, "ghcr.io/a/b:1", NULL);
	set(store, "ghcr.io/a/b:1", &first);
	set(store, "ghcr.io/a/b:2", &first);
	set(store, "ghcr.io/a/b:1", &second);
	assert_names(store, "ghcr.io/a/b:1", &second);
	assert_names(store, "ghcr.io/a/b:2", &first);
	assert_names(store, "ghcr.io/a/b", NULL);
	assert_int_equal(count(store), 2);
}

static void
a_reference_that_is_set_already_is_not_written_again(void **state)
{
	AUTO_STORE struct store *store = create_store("store");
	struct descriptor manifest = add_manifest(store, "a layer", NULL);
	struct stat before;
	struct stat after;

	(void)state;
	set(store, "name", &manifest);
	assert_int_equal(stat("store/index.json", &before), 0);
	set(store, "name", &manifest);
	assert_int_equal(stat("store/index.json", &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
}

static void
a_name_that_is_no_text_is_refused(void **state)
{
	AUTO_STORE struct store *store = create_store("store");
	struct descriptor manifest = add_manifest(store, "a layer", NULL);
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	assert_int_equal(store_set_reference(store, "a\xff", &manifest, &err), -1);
	assert_int_equal(error_kind(err), ERROR_USAGE);
	assert_int_equal(count(store), 0);
}

static void
setting_a_reference_commits_its_blobs_first(void **state)
{
	AUTO_STORE struct store *store = create_store("store");
	AUTO_FREE char *layer = path_of("store", "a layer");
	struct descriptor manifest = add_manifest(store, "a layer", NULL);

	(void)state;
	assert_false(is_there(layer));
	set(store, "name", &manifest);
	assert_holds(layer, "a layer");
}

static void
a_reference_to_what_is_not_there_is_refused(void **state)
{
	AUTO_STORE struct store *store = create_store("store");
	struct descriptor descriptor = blob_of("not here");
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	assert_int_equal(store_set_reference(store, "name", &descriptor, &err), -1);
	assert_int_equal(error_kind(err), ERROR_CONTENT);
	assert_int_equal(count(store), 0);
}

static void
an_entry_without_a_name_is_added_once(void **state)
{
	AUTO_STORE struct store *store = create_store("store");
	struct descriptor first = add_manifest(store, "first", NULL);
	struct descriptor second = add_manifest(store, "second", NULL);

	(void)state;
	set(store, NULL, &first);
	set(store, NULL, &first);
	assert_int_equal(count(store), 1);
	assert_names(store, NULL, &first);
	set(store, NULL, &second);
	assert_int_equal(count(store), 2);
}

static void
content_is_removed_under_all_its_names(void **state)
{
	AUTO_STORE struct store *store = create_store("store");
	struct descriptor first = add_manifest(store, "first", NULL);
	struct descriptor second = add_manifest(store, "second", NULL);
	AUTO_ERROR struct error *err = NULL;
	bool found = false;

	(void)state;
	set(store, "a", &first);
	set(store, "b", &second);
	set(store, "c", &first);
	set(store, NULL, &first);
	assert_int_equal(store_remove_content(store, &first.digest, &found, &err), 0);
	assert_true(found);
	assert_int_equal(count(store), 1);
	assert_names(store, "b", &second);
	assert_int_equal(store_remove_content(store, &first.digest, &found, &err), 0);
	assert_false(found);
}

static void
without_a_name_several_images_are_ambiguous(void **state)
{
	AUTO_STORE struct store *store = create_store("store");
	struct descriptor manifest = add_manifest(store, "a layer", NULL);
	struct descriptor found_descriptor = { 0 };
	AUTO_ERROR struct error *err = NULL;
	bool found = false;

	(void)state;
	assert_names(store, NULL, NULL);
	set(store, "one", &manifest);
	assert_names(store, NULL, &manifest);
	set(store, "two", &manifest);
	assert_int_equal(store_find_reference(store, NULL, &found_descriptor, &found, &err), -1);
	assert_int_equal(error_kind(err), ERROR_USAGE);
}

static void
removing_a_reference_leaves_the_others(void **state)
{
	AUTO_STORE struct store *store = create_store("store");
	struct descriptor manifest = add_manifest(store, "a layer", NULL);
	AUTO_ERROR struct error *err = NULL;
	bool found = true;

	(void)state;
	set(store, "one", &manifest);
	set(store, "two", &manifest);
	assert_int_equal(store_remove_reference(store, "three", &found, &err), 0);
	assert_false(found);
	assert_int_equal(store_remove_reference(store, "one", &found, &err), 0);
	assert_true(found);
	assert_names(store, "one", NULL);
	assert_names(store, "two", &manifest);
}

static void
what_other_tools_wrote_is_kept(void **state)
{
	static const char before[] =
		"{\"schemaVersion\":2,\"x-field\":{\"b\":1,\"a\":[1.5,null]},\"manifests\":["
		"{\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",\"digest\":\"sha256:"
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\",\"size\":0,"
		"\"x-entry\":true,\"annotations\":{\"other\":\"\\u00e9\"}}],\"annotations\":{}}";
	static const char kept[] =
		"{\"schemaVersion\":2,\"x-field\":{\"b\":1,\"a\":[1.5,null]},\"manifests\":["
		"{\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",\"digest\":\"sha256:"
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\",\"size\":0,"
		"\"x-entry\":true,\"annotations\":{\"other\":\"\u00e9\"}}],\"annotations\":{}}";
	AUTO_STORE struct store *store = create_store("store");
	struct descriptor manifest = add_manifest(store, "a layer", NULL);
	AUTO_ERROR struct error *err = NULL;
	bool found = false;

	(void)state;
	put_file("store/index.json", before);
	set(store, "ours", &manifest);
	assert_int_equal(count(store), 2);
	assert_int_equal(store_remove_reference(store, "ours", &found, &err), 0);
	assert_holds("store/index.json", kept);
}

static void
annotations_of_the_descriptor_go_along(void **state)
{
	AUTO_STORE struct store *store = create_store("store");
	struct descriptor manifest = add_manifest(store, "a layer", NULL);
	AUTO_DESCRIPTOR struct descriptor read = { 0 };
	AUTO_ERROR struct error *err = NULL;
	bool found = false;

	(void)state;
	manifest.annotations = json_pack("{s:s, s:s}", "key", "value",
					 "org.opencontainers.image.ref.name", "of another store");
	set(store, "name", &manifest);
	assert_string_equal(descriptor_annotation(&manifest, "org.opencontainers.image.ref.name"),
			    "of another store");
	json_decref(manifest.annotations);
	assert_int_equal(store_find_reference(store, "name", &read, &found, &err), 0);
	assert_true(found);
	assert_string_equal(descriptor_annotation(&read, "key"), "value");
	assert_string_equal(descriptor_annotation(&read, "org.opencontainers.image.ref.name"),
			    "name");
}

static void
a_missing_index_is_empty_to_writers_and_an_error_to_readers(void **state)
{
	AUTO_STORE struct store *store = create_store("store");
	AUTO_STORE struct store *reader = NULL;
	struct descriptor manifest = add_manifest(store, "a layer", NULL);
	struct descriptors references = { NULL, 0 };
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	assert_int_equal(unlink("store/index.json"), 0);
	reader = store_open("store", STORE_READ, NULL, &err);
	assert_int_equal(store_list_references(reader, &references, true, &err), -1);
	assert_int_equal(error_kind(err), ERROR_CONTENT);
	set(store, "name", &manifest);
	assert_int_equal(count(reader), 1);
}

static void
a_damaged_index_is_never_written_over(void **state)
{
	AUTO_STORE struct store *store = create_store("store");
	struct descriptor manifest = add_manifest(store, "a layer", NULL);
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	put_file("store/index.json", "{\"schemaVersion\":2,\"manifests\":[{\"dig");
	assert_int_equal(store_set_reference(store, "name", &manifest, &err), -1);
	assert_int_equal(error_kind(err), ERROR_CONTENT);
	assert_holds("store/index.json", "{\"schemaVersion\":2,\"manifests\":[{\"dig");
}

static void
references_set_at_once_by_many_are_all_there(void **state)
{
	AUTO_STORE struct store *store = create_store("store");
	struct descriptor manifest = add_manifest(store, "a layer", NULL);
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	assert_int_equal(store_commit(store, &err), 0);
	for (int i = 0; i < 4; i++) {
		if (fork() != 0)
			continue;
		for (int j = 0; j < 8; j++) {
			struct store *child = store_open("store", STORE_WRITE, NULL, &err);
			char name[32];

			(void)snprintf(name, sizeof(name), "%d-%d", i, j);
			if (!child || store_set_reference(child, name, &manifest, &err) < 0)
				_exit(1);
			store_free(child);
		}
		_exit(0);
	}
	wait_for_children(4);
	assert_int_equal(count(store), 32);
}

#define IN_ROOM(test) cmocka_unit_test_setup_teardown(test, enter_room, leave_room)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_ROOM(a_reference_names_its_image_and_replaces_the_old_one),
		IN_ROOM(a_reference_that_is_set_already_is_not_written_again),
		IN_ROOM(a_name_that_is_no_text_is_refused),
		IN_ROOM(setting_a_reference_commits_its_blobs_first),
		IN_ROOM(a_reference_to_what_is_not_there_is_refused),
		IN_ROOM(an_entry_without_a_name_is_added_once),
		IN_ROOM(content_is_removed_under_all_its_names),
		IN_ROOM(without_a_name_several_images_are_ambiguous),
		IN_ROOM(removing_a_reference_leaves_the_others),
		IN_ROOM(what_other_tools_wrote_is_kept),
		IN_ROOM(annotations_of_the_descriptor_go_along),
		IN_ROOM(a_missing_index_is_empty_to_writers_and_an_error_to_readers),
		IN_ROOM(a_damaged_index_is_never_written_over),
		IN_ROOM(references_set_at_once_by_many_are_all_there),
	};

	return cmocka_run_group_tests_name("references", tests, NULL, NULL);
}
