/* SPDX-License-Identifier: Apache-2.0 */
/* With the real program, which $OCIFP_LIBEXEC names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/error.h"
#include "image/make/new_layer.h"
#include "oci/media_type.h"
#include "store/store.h"
#include "store_room.h"

static struct new_layer
made(struct store *store, const char *path, enum compression compression)
{
	const struct new_layer_options options = { .compression = compression };
	const struct layer_path from = { .path = path };
	struct new_layer layer = { 0 };

	assert_int_equal(new_layer_make(store, &from, &options, &layer, NULL), 0);
	return layer;
}

static void
assert_refused(struct store *store, const char *path, const char *prefix, enum error_kind kind)
{
	const struct new_layer_options options = { .compression = COMPRESSION_GZIP };
	const struct layer_path from = { path, prefix };
	AUTO_ERROR struct error *failure = NULL;
	struct new_layer layer = { 0 };

	assert_int_equal(new_layer_make(store, &from, &options, &layer, &failure), -1);
	assert_int_equal(error_kind(failure), kind);
	assert_non_null(strstr(error_text(failure), path));
	assert_int_equal(layer.diff_id.algorithm, DIGEST_NONE);
}

static void
a_tar_is_the_same_layer_however_it_is_compressed(void **state)
{
	static const char *const names[] = { "plain.tar", "plain.tar.gz" };
	struct store *store = create_store("store");
	struct new_layer first;

	(void)state;
	run("mkdir d; echo x >d/x; tar -cf plain.tar d; gzip -k plain.tar; "
	    "sha256sum <plain.tar | cut -c 1-64 | tr -d '\\n' >wanted; "
	    "sha256sum <plain.tar.gz | cut -c 1-64 | tr -d '\\n' >wanted-blob");
	first = made(store, names[0], COMPRESSION_NONE);
	assert_holds("wanted", digest_hex(&first.diff_id).text);
	assert_true(digest_equal(&first.diff_id, &first.blob.digest));
	for (int i = 0; i < 2; i++) {
		struct new_layer layer = made(store, names[i], COMPRESSION_GZIP);

		assert_true(digest_equal(&layer.diff_id, &first.diff_id));
		assert_int_equal(layer.compression, COMPRESSION_GZIP);
		/* What is compressed already goes as it is. */
		if (i == 1)
			assert_holds("wanted-blob", digest_hex(&layer.blob.digest).text);
	}
	store_free(store);
}

static void
a_directory_is_the_same_layer_each_time(void **state)
{
	struct store *store = create_store("store");
	struct new_layer first;
	struct new_layer second;

	(void)state;
	run("mkdir d; echo x >d/x; mkdir d/y");
	first = made(store, "d", COMPRESSION_ZSTD);
	second = made(store, "d", COMPRESSION_ZSTD);
	assert_true(digest_equal(&first.blob.digest, &second.blob.digest));
	assert_true(digest_equal(&first.diff_id, &second.diff_id));
	assert_false(digest_equal(&first.diff_id, &first.blob.digest));
	store_free(store);
}

static void
what_is_no_layer_is_refused(void **state)
{
	struct store *store = create_store("store");

	(void)state;
	run("mkfifo fifo; echo noise >noise; head -c 700 /dev/urandom >block; "
	    "mkdir d; tar -cf good.tar d; head -c 700 good.tar | gzip >cut.gz; "
	    "gzip -c good.tar | head -c -5 >short.gz");
	assert_refused(store, "fifo", NULL, ERROR_USAGE);
	assert_refused(store, "none", NULL, ERROR_LOCAL);
	assert_refused(store, "good.tar", "/prefix", ERROR_USAGE);
	assert_refused(store, "noise", NULL, ERROR_CONTENT);
	assert_refused(store, "block", NULL, ERROR_CONTENT);
	assert_refused(store, "cut.gz", NULL, ERROR_CONTENT);
	assert_refused(store, "short.gz", NULL, ERROR_CONTENT);
	store_free(store);
}

static void
its_media_type_is_of_the_manifests_family(void **state)
{
	struct new_layer layer = { .compression = COMPRESSION_ZSTD };

	(void)state;
	assert_string_equal(new_layer_media_type(&layer, MEDIA_OCI_MANIFEST), MEDIA_OCI_LAYER_ZSTD);
	assert_string_equal(new_layer_media_type(&layer, MEDIA_DOCKER_MANIFEST),
			    MEDIA_DOCKER_LAYER_ZSTD);
	layer.compression = COMPRESSION_NONE;
	assert_string_equal(new_layer_media_type(&layer, MEDIA_OCI_MANIFEST), MEDIA_OCI_LAYER);
}

int
main(void)
{
#define IN_ROOM(test) cmocka_unit_test_setup_teardown(test, enter_room, leave_room)
	const struct CMUnitTest tests[] = {
		IN_ROOM(a_tar_is_the_same_layer_however_it_is_compressed),
		IN_ROOM(a_directory_is_the_same_layer_each_time),
		IN_ROOM(what_is_no_layer_is_refused),
		cmocka_unit_test(its_media_type_is_of_the_manifests_family),
	};

	return cmocka_run_group_tests_name("new_layer", tests, NULL, NULL);
}
