/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/xalloc.h"
#include "oci/media_type.h"
#include "store/care.h"
#include "store/ingest.h"
#include "store/store.h"
#include "store_room.h"
#include "stream/body.h"

enum { BLOB_COUNT = 6, BLOB_BYTES = 3000, STEP_BYTES = 500, ROUND_COUNT = 40 };

/* A blob is known by the letter that fills it. */
static char *
content(int number)
{
	char *text = xcalloc(BLOB_BYTES + 1, 1);

	memset(text, 'a' + number, BLOB_BYTES);
	return text;
}

static int
send(struct ingest *ingest, const char *text, struct error **err)
{
	struct body *body = ingest_body(ingest);
	struct body_range left = body_wanted(body);

	if (body_begin(body, left.first, err) < 0)
		return -1;
	for (uint64_t at = left.first; at < left.end; at += STEP_BYTES) {
		uint64_t size = left.end - at < STEP_BYTES ? left.end - at : STEP_BYTES;

		if (body_write(body, text + at, (size_t)size, err) < 0)
			return -1;
	}
	return body_end(body, err);
}

static int
fetch(struct store *store, int number, struct error **err)
{
	AUTO_FREE char *text = content(number);
	struct descriptor blob = blob_of(text);
	AUTO_INGEST struct ingest *ingest = NULL;
	enum ingest_state state;

	if (ingest_open(store, &blob, &state, &ingest, err) < 0)
		return -1;
	return state == INGEST_OPEN ? send(ingest, text, err) : 0;
}

/* Image `number`: one of the blobs and a manifest that names it. */
static int
pull_one(struct store *store, int number, struct error **err)
{
	AUTO_FREE char *layer = content(number);
	struct descriptor manifest;
	char name[16];

	if (fetch(store, number, err) < 0)
		return -1;
	(void)snprintf(name, sizeof(name), "%d", number);
	manifest = add_manifest(store, layer, NULL);
	return store_set_reference(store, name, &manifest, err);
}

static int
pull_all(void)
{
	struct error *err = NULL;
	struct store *store = store_open_own("store", NULL, &err);
	int ret = store ? 0 : -1;

	for (int i = 0; ret == 0 && i < BLOB_COUNT; i++)
		ret = pull_one(store, i, &err);
	store_free(store);
	if (err)
		(void)fprintf(stderr, "%s\n", error_text(err));
	error_free(err);
	return ret;
}

static void
assert_sound(void)
{
	AUTO_ERROR struct error *err = NULL;
	AUTO_STORE struct store *store = store_open_own("store", NULL, &err);
	AUTO_FSCK struct fsck_result result = { 0 };

	if (!store || store_fsck(store, false, &result, &err) < 0)
		fail_msg("%s", error_text(err));
	if (result.problems.count > 0)
		fail_msg("%s", result.problems.items[0]);
	if (result.incomplete.count > 0)
		fail_msg("%s", result.incomplete.items[0]);
}

static void
kill_after(useconds_t delay_us)
{
	pid_t child = fork();
	int status = 0;

	assert_true(child >= 0);
	if (child == 0)
		_exit(pull_all() == 0 ? 0 : 1);
	(void)usleep(delay_us);
	(void)kill(child, SIGKILL);
	assert_int_equal(waitpid(child, &status, 0), child);
	if (WIFEXITED(status))
		assert_int_equal(WEXITSTATUS(status), 0);
}

static void
a_store_is_sound_whenever_its_writer_is_killed(void **state)
{
	unsigned seed = (unsigned)getpid();

	(void)state;
	print_message("# seed %u\n", seed);
	for (int i = 0; i < ROUND_COUNT; i++) {
		if (i % 8 == 0)
			run("rm -rf store");
		kill_after((useconds_t)(rand_r(&seed) % 8000));
		assert_sound();
	}
	assert_int_equal(pull_all(), 0);
	assert_sound();
	run("test $(ls store/blobs/sha256 | wc -l) = 13");
}

static void
gc_and_pulls_at_once_lose_nothing(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		if (fork() == 0)
			_exit(pull_all() == 0 ? 0 : 1);
	}
	for (int i = 0; i < 10; i++) {
		AUTO_ERROR struct error *err = NULL;
		AUTO_STORE struct store *store = store_open_own("store", NULL, &err);
		struct gc_result result;

		if (!store || store_gc(store, false, &result, &err) < 0)
			fail_msg("%s", error_text(err));
	}
	wait_for_children(3);
	assert_sound();
	run("test $(ls store/blobs/sha256 | wc -l) = 13");
}

#define IN_ROOM(test) cmocka_unit_test_setup_teardown(test, enter_room, leave_room)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_ROOM(a_store_is_sound_whenever_its_writer_is_killed),
		IN_ROOM(gc_and_pulls_at_once_lose_nothing),
	};

	return cmocka_run_group_tests_name("store_kill", tests, NULL, NULL);
}
