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

#include "ability.h"
#include "base/error.h"
#include "base/strings.h"
#include "base/xalloc.h"
#include "run/root/mounts.h"
#include "run/root/own_files.h"
#include "run/root/root.h"
#include "run/root/upper_snapshot.h"
#include "run/roots.h"
#include "store/store.h"
#include "store_room.h"

static struct root
make_root(struct store *store, const char *const *paths)
{
	AUTO_STRINGS struct strings layers = { 0 };
	struct root root = ROOT_INIT;

	for (; *paths; paths++)
		strings_add(&layers, *paths);
	assert_int_equal(root_make(store, &layers, 02751, NULL, &root, NULL), 0);
	return root;
}

static void
assert_leads(const struct root *root, const char *name, const char *wanted)
{
	AUTO_FREE char *full = realpath(wanted, NULL);
	char target[256] = "";

	assert_true(readlinkat(root->fd, name, target, sizeof(target) - 1) > 0);
	assert_string_equal(target, full);
}

static void
a_root_stands_on_its_layers_the_topmost_first(void **state)
{
	static const char *const layers[] = { "below", "above", NULL };
	struct store *store = create_store("store");
	AUTO_ROOT struct root root = ROOT_INIT;
	struct stat status;

	(void)state;
	run("mkdir below above");
	root = make_root(store, layers);
	assert_leads(&root, "lower/0", "above");
	assert_leads(&root, "lower/1", "below");
	assert_int_equal(fstatat(root.fd, "upper", &status, 0), 0);
	assert_int_equal(status.st_mode & 07777, 02751);
	assert_int_equal(fstatat(root.fd, "work", &status, 0), 0);
	assert_int_equal(status.st_mode & 07777, 0700);
	store_free(store);
}

static void
a_layer_that_is_no_directory_is_refused(void **state)
{
	struct store *store = create_store("store");
	static const char *const rows[] = { "none", "file" };

	(void)state;
	put_file("file", "x");
	for (size_t i = 0; i < 2; i++) {
		AUTO_STRINGS struct strings layers = { 0 };
		AUTO_ERROR struct error *failure = NULL;
		AUTO_ROOT struct root root = ROOT_INIT;

		strings_add(&layers, rows[i]);
		assert_int_equal(root_make(store, &layers, 0755, NULL, &root, &failure), -1);
		assert_int_equal(error_kind(failure), ERROR_LOCAL);
		assert_int_equal(root.fd, -1);
	}
	store_free(store);
}

static void
only_the_roots_of_ended_runs_are_collected(void **state)
{
	static const char *const none[] = { NULL };
	struct store *store = create_store("store");
	AUTO_ROOT struct root running = ROOT_INIT;
	struct root ended = ROOT_INIT;
	uint64_t removed_count = 0;
	AUTO_FREE char *left = NULL;

	(void)state;
	need("root");
	running = make_root(store, none);
	ended = make_root(store, none);
	left = xstrdup(ended.path);
	assert_int_equal(root_write(&ended, "file", "x", NULL), 0);
	root_release(&ended);
	assert_int_equal(roots_collect(store, true, &removed_count, NULL), 0);
	assert_int_equal(removed_count, 1);
	assert_true(is_there(left));
	assert_int_equal(roots_collect(store, false, &removed_count, NULL), 0);
	assert_int_equal(removed_count, 1);
	assert_false(is_there(left));
	assert_true(is_there(running.path));
	store_free(store);
}

static void
what_was_made_for_mounts_goes_unless_the_job_touched_it(void **state)
{
	static const char *const none[] = { NULL };
	static const char *const made[] = { "/a/b/file", "/used/dir", "/written", "/moved" };
	struct store *store = create_store("store");
	AUTO_ROOT struct root root = make_root(store, none);
	CLEANUP(upper_snapshot_release) struct upper_snapshot snapshot = { 0 };
	AUTO_STRINGS struct strings names = { 0 };
	AUTO_FREE char *upper = xasprintf("%s/upper", root.path);
	AUTO_FREE char *before = xasprintf(
		"cd '%s'; mkdir -p a/b used/dir out/moved; : >a/b/file; : >written; : >moved",
		upper);
	AUTO_FREE char *job = xasprintf(
		"sleep 0.1; cd '%s'; : >used/file; chmod 600 written; rm moved; ln -s out moved",
		upper);

	(void)state;
	run(before);
	for (size_t i = 0; i < sizeof(made) / sizeof(*made); i++)
		strings_add(&names, made[i]);
	assert_int_equal(upper_snapshot_note(&root, &names, &snapshot, NULL), 0);
	run(job);
	assert_int_equal(upper_snapshot_remove(&root, &snapshot, NULL), 0);
	assert_int_equal(chdir(upper), 0);
	assert_false(is_there("a"));
	assert_false(is_there("used/dir"));
	assert_true(is_there("used/file"));
	assert_true(is_there("written"));
	assert_true(is_there("moved"));
	assert_true(is_there("out/moved"));
	store_free(store);
}

static void
a_job_has_its_own_name_and_of_our_network_our_names(void **state)
{
	static const char *const none[] = { NULL };
	struct store *store = create_store("store");

	(void)state;
	for (int own_network = 0; own_network < 2; own_network++) {
		AUTO_ROOT struct root root = make_root(store, none);
		AUTO_JOB_MOUNTS struct job_mounts mounts = { NULL, 0 };
		AUTO_FREE char *hostname = xasprintf("%s/hostname", root.path);
		AUTO_FREE char *resolvers = xasprintf("%s/resolv.conf", root.path);

		job_mounts_add_file(&mounts, "mine", "/etc/hosts");
		assert_int_equal(own_files_add(&root, "jobs-name", own_network, &mounts, NULL), 0);
		assert_int_equal(mounts.count, 3);
		assert_holds(hostname, "jobs-name\n");
		if (own_network)
			assert_holds(resolvers, "");
	}
	store_free(store);
}

int
main(void)
{
#define IN_ROOM(test) cmocka_unit_test_setup_teardown(test, enter_room, leave_room)
	const struct CMUnitTest tests[] = {
		IN_ROOM(a_root_stands_on_its_layers_the_topmost_first),
		IN_ROOM(a_layer_that_is_no_directory_is_refused),
		IN_ROOM(only_the_roots_of_ended_runs_are_collected),
		IN_ROOM(what_was_made_for_mounts_goes_unless_the_job_touched_it),
		IN_ROOM(a_job_has_its_own_name_and_of_our_network_our_names),
	};

	return cmocka_run_group_tests_name("root", tests, NULL, NULL);
}
