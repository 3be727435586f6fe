/* SPDX-License-Identifier: Apache-2.0 */
/* With the real program, which $OCIFP_LIBEXEC names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/watched.h"
#include "base/xalloc.h"
#include "fake_helper.h"
#include "image/unpack/layer_jobs.h"
#include "layers_room.h"
#include "sandbox/id_map.h"
#include "sandbox/userns.h"
#include "store/store.h"
#include "store_room.h"

struct fixture {
	struct store *store;
	struct local_image image;
	struct id_map map;
	struct layer_jobs jobs;
};

static struct fixture fixture;

static int
set_up(void **state)
{
	AUTO_ERROR struct error *refusal = NULL;

	enter_room(state);
	fixture = (struct fixture){ .store = create_store("store") };
	assert_int_equal(id_map_choose(&fixture.map, NULL), 0);
	if (fixture.map.kind == ID_MAP_RANGES && userns_try(&refusal) < 0)
		fixture.map = (struct id_map){ .kind = ID_MAP_OWN };
	fixture.jobs.source = (struct layer_source){
		.store = fixture.store,
		.image = &fixture.image,
		.map = &fixture.map,
		.overlay = true,
	};
	return 0;
}

static int
tear_down(void **state)
{
	layer_jobs_release(&fixture.jobs);
	local_image_release(&fixture.image);
	store_free(fixture.store);
	return leave_room(state);
}

/* One with a file of its own, and its job: a tree named like the file. */
static void
add_job(const char *name)
{
	AUTO_FREE char *script = xasprintf("echo %s >%s", name, name);
	size_t number = fixture.image.manifest.layers.count;

	add_layer(&fixture.image, script);
	layer_jobs_add(&fixture.jobs, xstrdup(name), number, 1);
}

static bool
is_running(size_t number)
{
	return fixture.jobs.items[number].job.unpacker != NULL;
}

static bool
has_tree(const char *name)
{
	AUTO_FREE char *path = xasprintf("store/.ocifp/layers/%s", name);

	return is_there(path);
}

static void
assert_holds_file(const char *tree, const char *name, const char *text)
{
	AUTO_FREE char *path = xasprintf("store/.ocifp/layers/%s/fs/%s", tree, name);

	assert_holds(path, text);
}

static void
step(bool more)
{
	assert_int_equal(layer_jobs_step(&fixture.jobs, more, NULL), 0);
}

static void
wait_for_helpers(struct watched *watched)
{
	struct pollfd polled[UNPACKERS_LIMIT_COUNT];

	layer_jobs_watch(&fixture.jobs, watched);
	for (size_t i = 0; i < watched->count; i++)
		polled[i] = (struct pollfd){ .fd = watched->fds[i], .events = POLLIN };
	assert_true(poll(polled, watched->count, 10000) > 0);
}

/* As a download's loop does. */
static void
step_until_made(size_t number)
{
	struct watched watched;

	while (is_running(number)) {
		wait_for_helpers(&watched);
		step(false);
	}
}

static void
each_layer_becomes_a_tree_that_others_may_share(void **state)
{
	(void)state;
	add_job("one");
	add_job("two");
	put_layers(fixture.store, &fixture.image);
	assert_int_equal(layer_jobs_run(&fixture.jobs, NULL), 0);
	assert_holds_file("one", "one", "one\n");
	assert_holds_file("two", "two", "two\n");
	for (size_t i = 0; i < 2; i++) {
		AUTO_FREE char *path = xasprintf("store/.ocifp/layers/%s", i ? "two" : "one");
		AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);

		assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), -1);
		assert_int_equal(flock(fd, LOCK_SH | LOCK_NB), 0);
	}
	assert_no_child();
}

static void
what_was_made_before_is_not_made_again(void **state)
{
	(void)state;
	add_job("one");
	put_layers(fixture.store, &fixture.image);
	assert_int_equal(layer_jobs_run(&fixture.jobs, NULL), 0);
	run("echo touched >store/.ocifp/layers/one/fs/one");
	layer_jobs_release(&fixture.jobs);
	layer_jobs_add(&fixture.jobs, xstrdup("one"), 0, 1);
	assert_int_equal(layer_jobs_run(&fixture.jobs, NULL), 0);
	assert_holds_file("one", "one", "touched\n");
}

static void
a_layer_is_begun_when_it_has_come(void **state)
{
	(void)state;
	add_job("one");
	add_job("two");
	step(true);
	assert_false(is_running(0) || is_running(1));
	put_layer(fixture.store, &fixture.image, 1);
	step(true);
	assert_false(is_running(0));
	assert_true(is_running(1));
	step_until_made(1);
	assert_true(fixture.jobs.items[1].job.is_made);
	assert_no_child();
	put_layer(fixture.store, &fixture.image, 0);
	assert_int_equal(layer_jobs_run(&fixture.jobs, NULL), 0);
	assert_holds_file("two", "two", "two\n");
}

static void
what_has_come_in_part_is_not_read(void **state)
{
	AUTO_FREE char *part = NULL;
	AUTO_FREE char *whole = NULL;
	struct digest_text hex;

	(void)state;
	add_job("one");
	hex = digest_hex(&fixture.image.manifest.layers.items[0].digest);
	part = xasprintf("mkdir -p store/.ocifp/ingest; cp made.tar "
			 "store/.ocifp/ingest/sha256-%s.part",
			 hex.text);
	whole = xasprintf("mkdir -p store/blobs/sha256; head -c 5000 made.tar "
			  ">store/blobs/sha256/%s",
			  hex.text);
	run(part);
	step(true);
	assert_false(is_running(0));
	run(whole);
	step(true);
	assert_false(is_running(0));
}

static void
only_so_many_run_at_once(void **state)
{
	size_t most = (size_t)sysconf(_SC_NPROCESSORS_ONLN);
	size_t running = 0;
	struct watched watched;

	(void)state;
	if (most > UNPACKERS_LIMIT_COUNT)
		most = UNPACKERS_LIMIT_COUNT;
	for (char name[] = "a"; *name <= 'f'; ++*name)
		add_job(name);
	put_layers(fixture.store, &fixture.image);
	step(true);
	for (size_t i = 0; i < fixture.jobs.count; i++)
		running += is_running(i);
	assert_int_equal(running, most);
	layer_jobs_watch(&fixture.jobs, &watched);
	assert_int_equal(watched.count, most);
	assert_int_equal(layer_jobs_run(&fixture.jobs, NULL), 0);
	assert_holds_file("f", "f", "f\n");
}

static void
the_first_failure_ends_all(void **state)
{
	AUTO_ERROR struct error *failure = NULL;
	struct watched watched;

	(void)state;
	add_job("wrong");
	add_job("lasting");
	add_layer(&fixture.image, ": >never");
	fixture.jobs.items[1].job.count = 2;
	fixture.image.config.diff_ids[0] = fixture.image.config.diff_ids[1];
	put_layer(fixture.store, &fixture.image, 0);
	put_layer(fixture.store, &fixture.image, 1);
	step(true);
	do
		wait_for_helpers(&watched);
	while (layer_jobs_step(&fixture.jobs, false, &failure) == 0);
	assert_int_equal(error_kind(failure), ERROR_CONTENT);
	assert_string_equal(error_class(failure), "digest");
	assert_non_null(strstr(error_text(failure), "layer 1 of 3: "));
	layer_jobs_release(&fixture.jobs);
	assert_no_child();
	assert_false(has_tree("wrong") || has_tree("lasting"));
}

static void
a_layer_that_never_came_is_an_error(void **state)
{
	AUTO_ERROR struct error *failure = NULL;

	(void)state;
	add_job("one");
	assert_int_equal(layer_jobs_run(&fixture.jobs, &failure), -1);
	assert_int_equal(error_kind(failure), ERROR_CONTENT);
	assert_string_equal(error_class(failure), "missing");
	assert_non_null(strstr(error_text(failure), "layer 1"));
	layer_jobs_release(&fixture.jobs);
	assert_no_child();
}

static void
what_is_given_up_leaves_no_child_and_can_be_had_again(void **state)
{
	(void)state;
	add_job("one");
	add_job("two");
	layer_jobs_release(&fixture.jobs);
	layer_jobs_add(&fixture.jobs, xstrdup("both"), 0, 2);
	put_layer(fixture.store, &fixture.image, 0);
	step(true);
	assert_true(is_running(0));
	layer_jobs_release(&fixture.jobs);
	assert_no_child();
	assert_false(has_tree("both"));
	layer_jobs_add(&fixture.jobs, xstrdup("both"), 0, 2);
	put_layer(fixture.store, &fixture.image, 1);
	assert_int_equal(layer_jobs_run(&fixture.jobs, NULL), 0);
	assert_holds_file("both", "one", "one\n");
	assert_holds_file("both", "two", "two\n");
}

static void
what_another_process_makes_is_waited_for(void **state)
{
	enum layer_state theirs = LAYER_BUSY;
	int their_fd = -1;
	pid_t pid;

	(void)state;
	add_job("one");
	put_layers(fixture.store, &fixture.image);
	assert_int_equal(store_layer_open(fixture.store, "one", &theirs, &their_fd, NULL), 0);
	assert_int_equal(theirs, LAYER_NEW);
	pid = fork();
	if (pid == 0) {
		(void)poll(NULL, 0, 300);
		(void)mkdirat(their_fd, "fs", 0700);
		(void)close(openat(their_fd, "fs/one", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
		_exit(store_layer_commit(fixture.store, "one", their_fd, NULL) < 0);
	}
	(void)close(their_fd);
	assert_int_equal(layer_jobs_run(&fixture.jobs, NULL), 0);
	assert_holds_file("one", "one", "");
	wait_for_children(1);
}

static void
expect_given_up(void)
{
	AUTO_ERROR struct error *failure = NULL;

	time_flies = true;
	assert_int_equal(layer_jobs_run(&fixture.jobs, &failure), -1);
	assert_non_null(strstr(error_text(failure), "layer 1"));
	assert_non_null(strstr(error_text(failure), "the confined helper has made no progress"));
	layer_jobs_release(&fixture.jobs);
	assert_no_child();
}

static void
a_helper_that_stands_still_is_not_waited_for_for_ever(void **state)
{
	(void)state;
	add_job("one");
	put_layers(fixture.store, &fixture.image);
	with_helper(stopping_helper, expect_given_up);
}

static void
a_directory_of_the_callers_gets_all_layers(void **state)
{
	AUTO_CLOSE int tree_fd = -1;

	(void)state;
	add_layer(&fixture.image, "echo below >file; mkdir gone; echo x >gone/x");
	add_layer(&fixture.image, "echo above >file; : >.wh.gone");
	put_layers(fixture.store, &fixture.image);
	fixture.jobs.source.overlay = false;
	run("mkdir tree");
	tree_fd = open("tree", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(layer_jobs_add_directory(&fixture.jobs, tree_fd, -1, NULL), 0);
	assert_int_equal(layer_jobs_run(&fixture.jobs, NULL), 0);
	assert_holds("tree/file", "above\n");
	assert_false(is_there("tree/gone"));
}

int
main(void)
{
#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		WITH_STORE(each_layer_becomes_a_tree_that_others_may_share),
		WITH_STORE(what_was_made_before_is_not_made_again),
		WITH_STORE(a_layer_is_begun_when_it_has_come),
		WITH_STORE(what_has_come_in_part_is_not_read),
		WITH_STORE(only_so_many_run_at_once),
		WITH_STORE(the_first_failure_ends_all),
		WITH_STORE(a_layer_that_never_came_is_an_error),
		WITH_STORE(what_is_given_up_leaves_no_child_and_can_be_had_again),
		WITH_STORE(what_another_process_makes_is_waited_for),
		WITH_STORE(a_helper_that_stands_still_is_not_waited_for_for_ever),
		WITH_STORE(a_directory_of_the_callers_gets_all_layers),
	};

	return cmocka_run_group_tests_name("layer jobs", tests, NULL, NULL);
}
