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

#include "base/buf.h"
#include "base/error.h"
#include "base/fd.h"
#include "store/store.h"
#include "store_room.h"

static const char hello[] = "hello, world";

static void
assert_committed(struct store *store)
{
	AUTO_ERROR struct error *err = NULL;

	if (store_commit(store, &err) < 0)
		fail_msg("%s", error_text(err));
}

static void
assert_read(struct store *store, const char *text)
{
	AUTO_BUF struct buf buf = BUF_INIT(1000);
	AUTO_ERROR struct error *err = NULL;
	struct descriptor blob = blob_of(text);
	bool found = false;

	if (store_read(store, &blob.digest, &buf, &found, &err) < 0)
		fail_msg("%s", error_text(err));
	assert_true(found);
	assert_string_equal(buf.data, text);
}

static void
damage(const char *path)
{
	assert_int_equal(chmod(path, 0600), 0);
	put_file(path, "hello, wOrld");
}

static void
what_was_added_is_there_before_and_after_the_commit(void **state)
{
	AUTO_STORE struct store *store = create_store("store");
	AUTO_STORE struct store *other = open_store("store");
	struct descriptor blob = blob_of(hello);

	(void)state;
	assert_false(store_has(store, &blob.digest, blob.size_bytes));
	add_text(store, hello);
	add_text(store, hello);
	assert_true(store_has(store, &blob.digest, blob.size_bytes));
	assert_false(store_has(other, &blob.digest, blob.size_bytes));
	assert_read(store, hello);
	assert_committed(store);
	assert_true(store_has(other, &blob.digest, blob.size_bytes));
	assert_read(other, hello);
	assert_false(store_has(other, &blob.digest, blob.size_bytes + 1));
	run("test $(ls store/blobs/sha256 | wc -l) = 1 && test -z \"$(ls store/.ocifp/ingest)\"");
}

static void
bytes_of_another_digest_are_not_added(void **state)
{
	AUTO_STORE struct store *store = create_store("store");
	struct descriptor blob = blob_of(hello);
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	assert_int_equal(store_add(store, &blob.digest, "other", 5, &err), -1);
	assert_int_equal(error_kind(err), ERROR_CONTENT);
	assert_string_equal(error_class(err), "digest");
	assert_false(store_has(store, &blob.digest, 5));
}

static void
two_may_add_the_same_at_once(void **state)
{
	AUTO_STORE struct store *store = create_store("store");
	AUTO_STORE struct store *other = open_store("store");

	(void)state;
	add_text(store, hello);
	add_text(other, hello);
	assert_committed(store);
	assert_committed(other);
	assert_read(store, hello);
	run("test -z \"$(ls store/.ocifp/ingest)\"");
}

static void
a_blob_is_opened_with_its_size(void **state)
{
	AUTO_STORE struct store *store = create_store("store");
	struct descriptor blob = blob_of(hello);
	AUTO_BUF struct buf buf = BUF_INIT(1000);
	AUTO_ERROR struct error *err = NULL;
	AUTO_CLOSE int fd = -1;
	uint64_t size_bytes = 0;

	(void)state;
	assert_int_equal(store_open_blob(store, &blob.digest, &size_bytes, &err), -1);
	assert_string_equal(error_class(err), "missing");
	error_free(TAKE_PTR(err));
	add_text(store, hello);
	assert_committed(store);
	fd = store_open_blob(store, &blob.digest, &size_bytes, &err);
	assert_int_equal(size_bytes, strlen(hello));
	assert_int_equal(fd_read_all(fd, &buf, "blob", &err), 0);
	assert_string_equal(buf.data, hello);
}

static void
a_missing_blob_is_not_found(void **state)
{
	AUTO_STORE struct store *store = create_store("store");
	struct descriptor blob = blob_of(hello);
	AUTO_BUF struct buf buf = BUF_INIT(1000);
	AUTO_ERROR struct error *err = NULL;
	bool found = true;

	(void)state;
	assert_int_equal(store_read(store, &blob.digest, &buf, &found, &err), 0);
	assert_false(found);
}

static void
a_damaged_document_goes_to_quarantine_and_may_be_added_again(void **state)
{
	AUTO_STORE struct store *store = create_store("store");
	AUTO_FREE char *path = path_of("store", hello);
	struct descriptor blob = blob_of(hello);
	AUTO_BUF struct buf buf = BUF_INIT(1000);
	AUTO_ERROR struct error *err = NULL;
	bool found = false;

	(void)state;
	add_text(store, hello);
	assert_committed(store);
	damage(path);
	assert_int_equal(store_read(store, &blob.digest, &buf, &found, &err), -1);
	assert_int_equal(error_kind(err), ERROR_CONTENT);
	assert_string_equal(error_class(err), "digest");
	assert_false(is_there(path));
	run("grep -q wOrld store/.ocifp/quarantine/blobs-sha256-*");
	add_text(store, hello);
	assert_committed(store);
	assert_read(store, hello);
}

static void
a_reader_refuses_a_damaged_document_and_leaves_it(void **state)
{
	AUTO_STORE struct store *store = create_store("store");
	AUTO_STORE struct store *reader = NULL;
	AUTO_FREE char *path = path_of("store", hello);
	struct descriptor blob = blob_of(hello);
	AUTO_BUF struct buf buf = BUF_INIT(1000);
	AUTO_ERROR struct error *err = NULL;
	bool found = false;

	(void)state;
	add_text(store, hello);
	assert_committed(store);
	damage(path);
	reader = store_open("store", STORE_READ, NULL, &err);
	assert_int_equal(store_read(reader, &blob.digest, &buf, &found, &err), -1);
	assert_string_equal(error_class(err), "digest");
	assert_true(is_there(path));
}

static void
a_blob_of_the_wrong_size_is_replaced(void **state)
{
	AUTO_STORE struct store *store = create_store("store");
	AUTO_FREE char *path = path_of("store", hello);

	(void)state;
	put_file(path, "short");
	add_text(store, hello);
	assert_committed(store);
	assert_holds(path, hello);
}

static void
a_document_beyond_the_limit_is_refused(void **state)
{
	AUTO_STORE struct store *store = create_store("store");
	struct descriptor blob = blob_of(hello);
	AUTO_BUF struct buf buf = BUF_INIT(sizeof(hello) - 2);
	AUTO_ERROR struct error *err = NULL;
	bool found = false;

	(void)state;
	add_text(store, hello);
	assert_int_equal(store_read(store, &blob.digest, &buf, &found, &err), -1);
	assert_int_equal(error_kind(err), ERROR_CONTENT);
}

static void
a_link_or_a_fifo_is_no_blob(void **state)
{
	static const char *const makes[] = { "ln -s $PWD/target", "mkfifo", "mkdir" };
	AUTO_STORE struct store *store = create_store("store");
	AUTO_FREE char *path = path_of("store", hello);
	struct descriptor blob = blob_of(hello);

	(void)state;
	put_file("target", hello);
	for (size_t i = 0; i < sizeof(makes) / sizeof(*makes); i++) {
		AUTO_BUF struct buf buf = BUF_INIT(1000);
		AUTO_ERROR struct error *err = NULL;
		char script[512];
		bool found = false;

		(void)snprintf(script, sizeof(script), "rm -rf %s; %s %s", path, makes[i], path);
		run(script);
		assert_false(store_has(store, &blob.digest, blob.size_bytes));
		assert_int_equal(store_read(store, &blob.digest, &buf, &found, &err), -1);
		assert_int_equal(error_kind(err), ERROR_LOCAL);
	}
}

static void
a_copy_or_a_moved_store_is_valid(void **state)
{
	struct store *store = create_store("store");
	struct descriptor manifest = add_manifest(store, "a layer", NULL);
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	assert_int_equal(store_set_reference(store, "name", &manifest, &err), 0);
	run("mv store moved; cp -r moved copied");
	add_text(store, hello);
	assert_committed(store);
	store_free(store);
	store = open_store("moved");
	assert_read(store, hello);
	store_free(store);
	store = open_store("copied");
	assert_read(store, "a layer");
	store_free(store);
}

#define IN_ROOM(test) cmocka_unit_test_setup_teardown(test, enter_room, leave_room)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_ROOM(what_was_added_is_there_before_and_after_the_commit),
		IN_ROOM(bytes_of_another_digest_are_not_added),
		IN_ROOM(two_may_add_the_same_at_once),
		IN_ROOM(a_blob_is_opened_with_its_size),
		IN_ROOM(a_missing_blob_is_not_found),
		IN_ROOM(a_damaged_document_goes_to_quarantine_and_may_be_added_again),
		IN_ROOM(a_reader_refuses_a_damaged_document_and_leaves_it),
		IN_ROOM(a_blob_of_the_wrong_size_is_replaced),
		IN_ROOM(a_document_beyond_the_limit_is_refused),
		IN_ROOM(a_link_or_a_fifo_is_no_blob),
		IN_ROOM(a_copy_or_a_moved_store_is_valid),
	};

	return cmocka_run_group_tests_name("blobs", tests, NULL, NULL);
}
