/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/xalloc.h"
#include "oci/index.h"
#include "store/care.h"
#include "store/ingest.h"
#include "store/store.h"
#include "store_room.h"

static void
set(struct store *store, const char *name, const struct descriptor *descriptor)
{
	AUTO_ERROR struct error *err = NULL;

	if (store_set_reference(store, name, descriptor, &err) < 0)
		fail_msg("%s", error_text(err));
}

static struct gc_result
collect(struct store *store, bool dry_run)
{
	struct gc_result result = { 0 };
	AUTO_ERROR struct error *err = NULL;

	if (store_gc(store, dry_run, &result, &err) < 0)
		fail_msg("%s", error_text(err));
	return result;
}

static struct fsck_result
check(struct store *store, bool repair)
{
	struct fsck_result result = { 0 };
	AUTO_ERROR struct error *err = NULL;

	if (store_fsck(store, repair, &result, &err) < 0)
		fail_msg("%s", error_text(err));
	return result;
}

static void
assert_clean(struct store *store)
{
	AUTO_FSCK struct fsck_result result = check(store, false);

	if (result.problems.count > 0)
		fail_msg("%s", result.problems.items[0]);
}

static struct descriptor
put_image(struct store *store, const char *name, const char *layer)
{
	struct descriptor manifest = add_manifest(store, layer, NULL);

	set(store, name, &manifest);
	return manifest;
}

static struct descriptor
add_index(struct store *store, const struct descriptor *child)
{
	struct image_index index = { .manifests = { (struct descriptor *)(uintptr_t)child, 1 } };
	AUTO_FREE char *text = image_index_format(&index);
	static char media_type[] = MEDIA_OCI_INDEX;
	struct descriptor descriptor = blob_of(text);

	add_text(store, text);
	descriptor.media_type = media_type;
	return descriptor;
}

static void
gc_keeps_what_a_reference_leads_to(void **state)
{
	AUTO_STORE struct store *store = create_store("store");
	AUTO_FREE char *layer = path_of("store", "a layer");
	AUTO_FREE char *other = path_of("store", "another");
	struct gc_result result;

	(void)state;
	put_image(store, "kept", "a layer");
	add_text(store, "another");
	put_image(store, "removed", "a second layer");
	assert_true(is_there(other));
	{
		AUTO_ERROR struct error *err = NULL;
		bool found = false;

		assert_int_equal(store_remove_reference(store, "removed", &found, &err), 0);
		assert_true(found);
	}
	result = collect(store, true);
	assert_int_equal(result.removed_count, 3);
	assert_true(is_there(other));
	result = collect(store, false);
	assert_int_equal(result.removed_count, 3);
	assert_int_equal(result.kept_count, 3);
	assert_true(is_there(layer));
	assert_false(is_there(other));
	assert_clean(store);
}

static void
gc_follows_indexes_and_subjects(void **state)
{
	AUTO_STORE struct store *store = create_store("store");
	struct descriptor subject = add_manifest(store, "layer of the subject", NULL);
	AUTO_FREE char *subject_text = xasprintf(
		"{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%zu}", subject.media_type,
		digest_text(&subject.digest).text, (size_t)subject.size_bytes);
	struct descriptor manifest = add_manifest(store, "a layer", subject_text);
	struct descriptor index = add_index(store, &manifest);
	struct gc_result result;

	(void)state;
	set(store, "name", &index);
	result = collect(store, false);
	assert_int_equal(result.removed_count, 0);
	assert_int_equal(result.kept_count, 6);
}

static void
gc_follows_documents_whose_type_says_nothing(void **state)
{
	AUTO_STORE struct store *store = create_store("store");
	AUTO_FREE char *layer = path_of("store", "a layer");
	struct descriptor child = add_manifest(store, "a layer", NULL);
	struct descriptor index, root;
	static char generic[] = "application/json";

	(void)state;
	child.media_type = generic;
	index = add_index(store, &child);
	index.media_type = generic;
	root = add_index(store, &index);
	set(store, "name", &root);
	assert_int_equal(collect(store, false).kept_count, 5);
	assert_true(is_there(layer));
}

static void
gc_keeps_what_an_index_lists_and_is_no_document(void **state)
{
	AUTO_STORE struct store *store = create_store("store");
	AUTO_FREE char *path = path_of("store", "{\"a\":1");
	struct descriptor child = blob_of("{\"a\":1");
	struct descriptor index;
	static char generic[] = "application/octet-stream";

	(void)state;
	add_text(store, "{\"a\":1");
	child.media_type = generic;
	index = add_index(store, &child);
	set(store, "name", &index);
	assert_int_equal(collect(store, false).kept_count, 2);
	assert_true(is_there(path));
}

/* As an artifact may carry the manifest of another image. */
static void
gc_follows_a_document_that_is_a_layer_elsewhere(void **state)
{
	AUTO_STORE struct store *store = create_store("store");
	AUTO_FREE char *layer = path_of("store", "a layer");
	struct descriptor child = add_manifest(store, "a layer", NULL);
	AUTO_FREE char *text = xasprintf(
		"{\"schemaVersion\":2,\"mediaType\":\"%s\",\"config\":{\"mediaType\":\"%s\","
		"\"digest\":\"%s\",\"size\":%zu},\"layers\":[]}",
		MEDIA_OCI_MANIFEST, MEDIA_OCI_CONFIG, digest_text(&child.digest).text,
		(size_t)child.size_bytes);
	struct descriptor carrier = blob_of(text);
	struct descriptor index;

	(void)state;
	add_text(store, text);
	carrier.media_type = child.media_type;
	set(store, "a carrier", &carrier);
	index = add_index(store, &child);
	set(store, "name", &index);
	assert_int_equal(collect(store, false).kept_count, 5);
	assert_true(is_there(layer));
}

static void
gc_accepts_children_that_were_never_fetched(void **state)
{
	AUTO_STORE struct store *store = create_store("store");
	static char media_type[] = MEDIA_OCI_MANIFEST;
	struct descriptor child = blob_of("not here");
	struct descriptor index;

	(void)state;
	child.media_type = media_type;
	index = add_index(store, &child);
	set(store, "name", &index);
	assert_int_equal(collect(store, false).kept_count, 1);
	assert_clean(store);
}

static void
gc_removes_nothing_when_a_document_is_damaged(void **state)
{
	AUTO_STORE struct store *store = create_store("store");
	AUTO_FREE char *layer = path_of("store", "a layer");
	struct descriptor manifest = put_image(store, "name", "a layer");
	AUTO_FREE char *script = xasprintf("f=store/blobs/sha256/%s; chmod u+w $f; printf x >>$f",
					   digest_hex(&manifest.digest).text);
	struct gc_result result;
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	run(script);
	assert_int_equal(store_gc(store, false, &result, &err), -1);
	assert_int_equal(error_kind(err), ERROR_CONTENT);
	assert_true(is_there(layer));
}

static void
gc_waits_for_who_adds_blobs(void **state)
{
	const struct store_options impatient = { .lock_timeout_ms = 50 };
	AUTO_STORE struct store *writer = create_store("store");
	AUTO_STORE struct store *cleaner = NULL;
	struct gc_result result;
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	add_text(writer, "a blob");
	cleaner = store_open("store", STORE_WRITE, &impatient, &err);
	assert_non_null(cleaner);
	assert_int_equal(store_gc(cleaner, false, &result, &err), -1);
	assert_int_equal(error_kind(err), ERROR_LOCAL);
	assert_string_equal(error_class(err), "lock");
	put_image(writer, "name", "a layer");
	assert_int_equal(collect(cleaner, false).kept_count, 3);
}

static void
gc_waits_for_who_counts_on_a_blob_that_is_there(void **state)
{
	const struct store_options impatient = { .lock_timeout_ms = 50 };
	AUTO_STORE struct store *writer = create_store("store");
	AUTO_STORE struct store *cleaner = NULL;
	struct descriptor blob = blob_of("a blob");
	struct gc_result result;
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	add_text(writer, "a blob");
	assert_int_equal(store_commit(writer, &err), 0);
	store_free(writer);
	writer = open_store("store");
	assert_true(store_has(writer, &blob.digest, blob.size_bytes));
	cleaner = store_open("store", STORE_WRITE, &impatient, &err);
	assert_int_equal(store_gc(cleaner, false, &result, &err), -1);
	assert_string_equal(error_class(err), "lock");
}

static void
gc_removes_what_downloads_and_repairs_left(void **state)
{
	AUTO_STORE struct store *store = create_store("store");
	AUTO_FREE char *part = part_of("store", "a blob");

	(void)state;
	run("mkdir -p store/.ocifp/ingest store/.ocifp/quarantine");
	put_file(part, "a bl");
	put_file("store/.ocifp/quarantine/x", "x");
	put_file("store/.0123456789abcdef.tmp", "{");
	assert_int_equal(collect(store, false).removed_count, 3);
	assert_false(is_there(part));
	assert_false(is_there("store/.0123456789abcdef.tmp"));
}

/* Somebody removed gc.lock under the one who downloads. */
static void
gc_leaves_a_part_that_is_locked(void **state)
{
	AUTO_STORE struct store *store = create_store("store");
	AUTO_FREE char *part = part_of("store", "a blob");
	AUTO_CLOSE int fd = -1;

	(void)state;
	run("mkdir -p store/.ocifp/ingest");
	put_file(part, "a bl");
	fd = open(part, O_RDONLY | O_CLOEXEC);
	assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
	assert_int_equal(collect(store, false).removed_count, 0);
	assert_true(is_there(part));
}

static void
gc_leaves_files_alone_that_are_no_blobs(void **state)
{
	AUTO_STORE struct store *store = create_store("store");

	(void)state;
	put_file("store/blobs/sha256/README", "of somebody else");
	put_file("store/notes", "of somebody else");
	assert_int_equal(collect(store, false).removed_count, 0);
	assert_true(is_there("store/blobs/sha256/README"));
	assert_true(is_there("store/notes"));
}

static void
gc_is_refused_while_this_process_adds_blobs(void **state)
{
	AUTO_STORE struct store *store = create_store("store");
	struct gc_result result;
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	add_text(store, "a blob");
	assert_int_equal(store_gc(store, false, &result, &err), -1);
}

static void
assert_one_problem(struct store *store, const char *path, const char *what)
{
	AUTO_FSCK struct fsck_result result = check(store, false);
	AUTO_FREE char *line = xasprintf("%s: %s", path, what);

	assert_int_equal(result.problems.count, 1);
	assert_string_equal(result.problems.items[0], line);
	assert_int_equal(result.repaired.count, 0);
}

static void
fsck_finds_a_flipped_bit_and_repair_moves_the_blob_away(void **state)
{
	AUTO_STORE struct store *store = create_store("store");
	AUTO_FREE char *path = path_of("store", "a layer");
	AUTO_FREE char *script = xasprintf("chmod u+w %s; printf b >%s", path, path);

	(void)state;
	put_image(store, "name", "a layer");
	assert_clean(store);
	run(script);
	assert_one_problem(store, path + strlen("store/"), "content does not match");
	{
		AUTO_FSCK struct fsck_result result = check(store, true);

		assert_int_equal(result.repaired.count, 1);
	}
	assert_false(is_there(path));
	run("test $(cat store/.ocifp/quarantine/blobs-sha256-*) = b");
	/* A layer that is not there counts as never fetched. */
	assert_clean(store);
}

static void
fsck_lists_missing_parts_of_a_manifest_as_no_problem(void **state)
{
	AUTO_STORE struct store *store = create_store("store");
	AUTO_FREE char *path = path_of("store", "a layer");
	AUTO_FSCK struct fsck_result result = { 0 };

	(void)state;
	put_image(store, "name", "a layer");
	assert_int_equal(unlink(path), 0);
	result = check(store, false);
	assert_int_equal(result.problems.count, 0);
	assert_int_equal(result.incomplete.count, 1);
	assert_non_null(strstr(result.incomplete.items[0], path + strlen("store/blobs/sha256/")));
}

static void
fsck_tells_of_a_document_that_cannot_be_understood(void **state)
{
	AUTO_STORE struct store *store = create_store("store");
	static char media_type[] = MEDIA_OCI_MANIFEST;
	struct descriptor document = blob_of("{\"schemaVersion\":2}");

	(void)state;
	document.media_type = media_type;
	add_text(store, "{\"schemaVersion\":2}");
	set(store, "name", &document);
	{
		AUTO_FSCK struct fsck_result result = check(store, false);

		assert_int_equal(result.problems.count, 1);
	}
}

static void
fsck_finds_a_reference_to_nothing_and_repair_removes_it(void **state)
{
	AUTO_STORE struct store *store = create_store("store");
	struct descriptor manifest = put_image(store, "gone", "a layer");
	AUTO_FREE char *script =
		xasprintf("rm -f store/blobs/sha256/%s", digest_hex(&manifest.digest).text);
	AUTO_DESCRIPTORS struct descriptors references = { NULL, 0 };
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	put_image(store, "kept", "another layer");
	run(script);
	{
		AUTO_FSCK struct fsck_result result = check(store, false);

		assert_int_equal(result.problems.count, 1);
		assert_non_null(strstr(result.problems.items[0], "index.json: gone: "));
	}
	{
		AUTO_FSCK struct fsck_result result = check(store, true);

		assert_int_equal(result.repaired.count, 1);
	}
	assert_clean(store);
	assert_int_equal(store_list_references(store, &references, true, &err), 0);
	assert_int_equal(references.count, 1);
}

static void
fsck_finds_files_that_are_no_blobs(void **state)
{
	AUTO_STORE struct store *store = create_store("store");

	(void)state;
	put_file("store/blobs/sha256/extra", "");
	assert_one_problem(store, "blobs/sha256/extra", "its name is not a digest");
}

static void
fsck_finds_links_and_repair_leaves_their_targets_alone(void **state)
{
	AUTO_STORE struct store *store = create_store("store");
	AUTO_FREE char *path = path_of("store", "a blob");

	(void)state;
	put_file("target", "a blob");
	assert_int_equal(symlink("../../../target", path), 0);
	assert_one_problem(store, path + strlen("store/"), "not a regular file");
	{
		AUTO_FSCK struct fsck_result result = check(store, true);

		assert_int_equal(result.repaired.count, 1);
	}
	assert_false(is_there(path));
	assert_holds("target", "a blob");
}

static void
fsck_finds_a_damaged_index_and_repair_starts_a_new_one(void **state)
{
	static const char *const texts[] = { "", "{\"schemaVersion\":2,\"manif", "[]",
					     "{\"manifests\":{}}", "{\"manifests\":[1]}" };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		AUTO_STORE struct store *store = create_store("store");

		put_file("store/index.json", texts[i]);
		{
			AUTO_FSCK struct fsck_result result = check(store, false);

			assert_int_equal(result.problems.count, 1);
		}
		assert_holds("store/index.json", texts[i]);
		{
			AUTO_FSCK struct fsck_result result = check(store, true);

			assert_int_equal(result.repaired.count, 1);
		}
		assert_clean(store);
		assert_holds("store/.ocifp/quarantine/index.json", texts[i]);
	}
}

static void
fsck_counts_unfinished_downloads_as_no_problem(void **state)
{
	AUTO_STORE struct store *store = create_store("store");
	AUTO_FREE char *part = part_of("store", "a blob");

	(void)state;
	run("mkdir -p store/.ocifp/ingest");
	put_file(part, "a bl");
	{
		AUTO_FSCK struct fsck_result result = check(store, false);

		assert_int_equal(result.problems.count, 0);
		assert_int_equal(result.unfinished_count, 1);
	}
}

static void
fsck_finds_blobs_that_others_may_write_to(void **state)
{
	AUTO_ERROR struct error *err = NULL;
	AUTO_STORE struct store *store = store_open_own("store", NULL, &err);
	AUTO_FREE char *path = path_of("store", "a layer");

	(void)state;
	assert_non_null(store);
	put_image(store, "name", "a layer");
	assert_int_equal(chmod(path, 0620), 0);
	assert_one_problem(store, path + strlen("store/"), "other users can write it");
	{
		AUTO_FSCK struct fsck_result result = check(store, true);

		assert_int_equal(result.repaired.count, 1);
	}
	assert_int_equal(mode_of(path), 0400);
	assert_clean(store);
}

static void
fsck_works_where_nothing_may_be_written(void **state)
{
	AUTO_STORE struct store *store = create_store("store");
	AUTO_STORE struct store *reader = NULL;
	struct fsck_result result;
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	put_image(store, "name", "a layer");
	reader = store_open("store", STORE_READ, NULL, &err);
	assert_clean(reader);
	assert_int_equal(store_fsck(reader, true, &result, &err), -1);
	assert_int_equal(error_kind(err), ERROR_LOCAL);
}

#define IN_ROOM(test) cmocka_unit_test_setup_teardown(test, enter_room, leave_room)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_ROOM(gc_keeps_what_a_reference_leads_to),
		IN_ROOM(gc_follows_indexes_and_subjects),
		IN_ROOM(gc_follows_documents_whose_type_says_nothing),
		IN_ROOM(gc_keeps_what_an_index_lists_and_is_no_document),
		IN_ROOM(gc_follows_a_document_that_is_a_layer_elsewhere),
		IN_ROOM(gc_accepts_children_that_were_never_fetched),
		IN_ROOM(gc_removes_nothing_when_a_document_is_damaged),
		IN_ROOM(gc_waits_for_who_adds_blobs),
		IN_ROOM(gc_waits_for_who_counts_on_a_blob_that_is_there),
		IN_ROOM(gc_removes_what_downloads_and_repairs_left),
		IN_ROOM(gc_leaves_a_part_that_is_locked),
		IN_ROOM(gc_leaves_files_alone_that_are_no_blobs),
		IN_ROOM(gc_is_refused_while_this_process_adds_blobs),
		IN_ROOM(fsck_finds_a_flipped_bit_and_repair_moves_the_blob_away),
		IN_ROOM(fsck_lists_missing_parts_of_a_manifest_as_no_problem),
		IN_ROOM(fsck_tells_of_a_document_that_cannot_be_understood),
		IN_ROOM(fsck_finds_a_reference_to_nothing_and_repair_removes_it),
		IN_ROOM(fsck_finds_files_that_are_no_blobs),
		IN_ROOM(fsck_finds_links_and_repair_leaves_their_targets_alone),
		IN_ROOM(fsck_finds_a_damaged_index_and_repair_starts_a_new_one),
		IN_ROOM(fsck_counts_unfinished_downloads_as_no_problem),
		IN_ROOM(fsck_finds_blobs_that_others_may_write_to),
		IN_ROOM(fsck_works_where_nothing_may_be_written),
	};

	return cmocka_run_group_tests_name("care", tests, NULL, NULL);
}
