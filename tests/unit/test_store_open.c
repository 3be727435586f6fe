/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ability.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "oci/document.h"
#include "store/ingest.h"
#include "store/layout.h"
#include "store/store.h"
#include "store_room.h"

static void
assert_fails(const char *path, enum store_mode mode, enum error_kind kind)
{
	AUTO_ERROR struct error *err = NULL;
	AUTO_STORE struct store *store = store_open(path, mode, NULL, &err);

	assert_null(store);
	assert_int_equal(error_kind(err), kind);
}

static struct store *
open_own(const char *path)
{
	AUTO_ERROR struct error *err = NULL;
	struct store *store = store_open_own(path, NULL, &err);

	if (!store)
		fail_msg("%s", error_text(err));
	return store;
}

static void
assert_own_is_refused(const char *path, enum error_kind kind)
{
	AUTO_ERROR struct error *err = NULL;
	AUTO_STORE struct store *store = store_open_own(path, NULL, &err);

	assert_null(store);
	assert_int_equal(error_kind(err), kind);
	assert_non_null(error_hint(err));
}

static void
a_missing_layout_says_so(void **state)
{
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	assert_null(store_open("nothing", STORE_READ, NULL, &err));
	assert_int_equal(error_kind(err), ERROR_LOCAL);
	assert_string_equal(error_class(err), "missing");
	assert_fails("nothing", STORE_WRITE, ERROR_LOCAL);
}

static void
a_missing_or_empty_directory_becomes_a_layout(void **state)
{
	(void)state;
	store_free(create_store("a/new/one"));
	assert_holds("a/new/one/oci-layout", "{\"imageLayoutVersion\":\"1.0.0\"}");
	assert_int_equal(mkdir("empty", 0700), 0);
	store_free(create_store("empty"));
	store_free(create_store("empty"));
	store_free(open_store("empty"));
}

static void
a_layout_that_nothing_came_into_can_go_again(void **state)
{
	static const char *const names[] = { "absent", "empty" };

	(void)state;
	run("mkdir empty");
	for (int used = 0; used < 2; used++)
		for (size_t i = 0; i < 2; i++) {
			struct store *store = create_store(names[i]);

			store_remove_unused(store);
			if (used) {
				add_text(store, "blob");
				assert_int_equal(store_commit(store, NULL), 0);
			}
			store_free(store);
			assert_int_equal(is_there(names[i]), used || i == 1);
			assert_int_equal(is_there(i ? "empty/oci-layout" : "absent/oci-layout"),
					 used);
			if (used)
				assert_int_equal(is_there(i ? "empty/.ocifp" : "absent/.ocifp"), 0);
		}
}

static void
a_layout_that_was_there_stays(void **state)
{
	struct store *store;

	(void)state;
	store_free(create_store("store"));
	store = create_store("store");
	store_remove_unused(store);
	store_free(store);
	assert_true(is_there("store/oci-layout"));
}

static void
a_creation_that_was_cut_short_is_completed(void **state)
{
	(void)state;
	run("mkdir -p store/blobs/sha256 && touch store/.0123456789abcdef.tmp");
	store_free(create_store("store"));
	assert_true(is_there("store/oci-layout"));
}

static void
a_directory_of_other_files_is_refused_and_left_alone(void **state)
{
	(void)state;
	run("mkdir src && touch src/main.c");
	assert_fails("src", STORE_CREATE, ERROR_LOCAL);
	assert_fails("src", STORE_WRITE, ERROR_LOCAL);
	assert_own_is_refused("src", ERROR_LOCAL);
	run("test \"$(ls -A src)\" = main.c");
	put_file("file", "");
	assert_fails("file", STORE_READ, ERROR_LOCAL);
}

static void
a_layout_that_is_damaged_or_newer_is_refused_and_left_alone(void **state)
{
	static const struct {
		const char *text;
		enum error_kind kind;
	} cases[] = {
		{ "", ERROR_CONTENT },
		{ "{", ERROR_CONTENT },
		{ "{}", ERROR_LOCAL },
		{ "{\"imageLayoutVersion\":1}", ERROR_LOCAL },
		{ "{\"imageLayoutVersion\":\"2.0.0\"}", ERROR_LOCAL },
	};

	(void)state;
	assert_int_equal(mkdir("store", 0700), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		put_file("store/oci-layout", cases[i].text);
		assert_fails("store", STORE_READ, cases[i].kind);
		assert_fails("store", STORE_CREATE, cases[i].kind);
		run("test \"$(ls -A store)\" = oci-layout");
		assert_holds("store/oci-layout", cases[i].text);
	}
}

static void
a_store_of_a_newer_version_is_refused(void **state)
{
	(void)state;
	store_free(open_own("store"));
	put_file("store/.ocifp/version", "2\n");
	assert_own_is_refused("store", ERROR_USAGE);
	assert_fails("store", STORE_READ, ERROR_USAGE);
	assert_holds("store/.ocifp/version", "2\n");
	assert_true(is_there("store/.ocifp/index.lock"));
}

static void
a_layout_of_others_is_left_without_our_folder(void **state)
{
	struct store *store = create_store("store");
	struct descriptor manifest = add_manifest(store, "a layer", NULL);
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	assert_int_equal(store_set_reference(store, "name", &manifest, &err), 0);
	assert_true(is_there("store/.ocifp"));
	store_free(store);
	run("test \"$(ls -A store | tr '\\n' ' ')\" = 'blobs index.json oci-layout '");
}

static void
our_folder_stays_while_another_process_uses_it(void **state)
{
	struct store *store = create_store("store");
	struct store *other = open_store("store");

	(void)state;
	add_text(store, "a blob");
	add_text(other, "another");
	store_free(store);
	assert_true(is_there("store/.ocifp/gc.lock"));
	store_free(other);
	/* Neither was committed. */
	run("test $(ls store/.ocifp/ingest | wc -l) = 2");
}

static void
a_layout_of_others_serves_as_the_own_store_and_stays_as_it_is(void **state)
{
	struct store *store;

	(void)state;
	store_free(create_store("store"));
	assert_int_equal(chmod("store", 0755), 0);
	store = open_own("store");
	add_text(store, "a blob");
	assert_false(is_there("store/.ocifp/version"));
	{
		AUTO_ERROR struct error *err = NULL;

		assert_int_equal(store_commit(store, &err), 0);
	}
	store_free(store);
	assert_false(is_there("store/.ocifp"));
	assert_int_equal(mode_of("store"), 0755);
}

static void
reading_leaves_no_trace_and_needs_no_index_lock(void **state)
{
	struct descriptors references = { NULL, 0 };
	AUTO_STORE struct store *store = NULL;
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	store_free(create_store("store"));
	store = store_open("store", STORE_READ, NULL, &err);
	assert_non_null(store);
	assert_int_equal(store_list_references(store, &references, true, &err), 0);
	assert_int_equal(references.count, 0);
	assert_false(is_there("store/.ocifp"));
}

static void
the_own_store_has_constant_modes(void **state)
{
	static const mode_t masks[] = { 0, 022, 077 };

	(void)state;
	for (size_t i = 0; i < sizeof(masks) / sizeof(*masks); i++) {
		mode_t before = umask(masks[i]);
		struct store *store = open_own("a/store");
		struct descriptor manifest = add_manifest(store, "a layer", NULL);
		AUTO_FREE char *path = path_of("a/store", "a layer");
		AUTO_ERROR struct error *err = NULL;

		assert_int_equal(store_set_reference(store, "name", &manifest, &err), 0);
		store_free(store);
		umask(before);
		assert_int_equal(mode_of("a/store"), 0700);
		assert_int_equal(mode_of("a/store/blobs"), 0700);
		assert_int_equal(mode_of("a/store/blobs/sha256"), 0700);
		assert_int_equal(mode_of("a/store/.ocifp"), 0700);
		assert_int_equal(mode_of("a/store/.ocifp/ingest"), 0700);
		assert_int_equal(mode_of("a/store/index.json"), 0600);
		assert_int_equal(mode_of("a/store/oci-layout"), 0600);
		assert_int_equal(mode_of(path), 0400);
		run("rm -rf a");
	}
}

static void
a_layout_of_others_follows_the_umask(void **state)
{
	mode_t before = umask(022);
	struct store *store = create_store("store");
	AUTO_FREE char *path = path_of("store", "a blob");
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	add_text(store, "a blob");
	assert_int_equal(store_commit(store, &err), 0);
	store_free(store);
	umask(before);
	assert_int_equal(mode_of("store"), 0755);
	assert_int_equal(mode_of("store/index.json"), 0644);
	assert_int_equal(mode_of(path), 0644);
}

static void
an_own_store_that_others_may_write_to_is_refused(void **state)
{
	(void)state;
	store_free(open_own("store"));
	assert_int_equal(chmod("store", 0720), 0);
	assert_own_is_refused("store", ERROR_USAGE);
	assert_int_equal(chmod("store", 0702), 0);
	assert_own_is_refused("store", ERROR_USAGE);
	assert_int_equal(chmod("store", 0755), 0);
	store_free(open_own("store"));
}

/* An index.json of so many bytes. */
static bool
index_is_read(size_t size)
{
	static const char empty[] = "{\"schemaVersion\":2,\"manifests\":[]}";
	AUTO_FREE char *script = xasprintf(
		"{ printf '%%s' '%s'; head -c %zu /dev/zero | tr '\\0' ' '; } >store/index.json",
		empty, size - strlen(empty));
	struct store *store = open_store("store");
	AUTO_ERROR struct error *failure = NULL;
	AUTO_JSON json_t *index = NULL;

	run(script);
	index = layout_read_index(store, &failure);
	store_free(store);
	return index != NULL;
}

static void
an_index_has_a_limit(void **state)
{
	(void)state;
	store_free(create_store("store"));
	assert_true(index_is_read(LAYOUT_INDEX_LIMIT_BYTES));
	assert_false(index_is_read(LAYOUT_INDEX_LIMIT_BYTES + 1));
	run("rm -r store");
}

static void
an_own_store_of_another_user_is_refused(void **state)
{
	(void)state;
	need("root");
	store_free(open_own("store"));
	assert_int_equal(chown("store", 12345, (gid_t)-1), 0);
	assert_own_is_refused("store", ERROR_USAGE);
}

static void
a_link_of_another_user_does_not_choose_the_store(void **state)
{
	(void)state;
	need("root");
	assert_int_equal(mkdir("target", 0700), 0);
	assert_int_equal(symlink("target", "store"), 0);
	store_free(open_own("store"));
	run("rm -rf target/* target/.ocifp");
	assert_int_equal(lchown("store", 12345, (gid_t)-1), 0);
	assert_own_is_refused("store", ERROR_LOCAL);
	run("test -z \"$(ls -A target)\"");
}

static void
planted_links_are_refused_and_their_targets_left_alone(void **state)
{
	static const char *const paths[] = { ".ocifp",     "blobs",      "blobs/sha256",
					     "index.json", "oci-layout", ".ocifp/version" };

	(void)state;
	run("mkdir target && echo precious >target/file");
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		AUTO_FREE char *plant = xasprintf("rm -rf store/%s && ln -s $PWD/target store/%s",
						  paths[i], paths[i]);
		AUTO_ERROR struct error *err = NULL;
		struct descriptor blob = blob_of("a blob");
		struct store *store = open_own("store");
		bool worked;

		store_free(store);
		run(plant);
		store = store_open_own("store", NULL, &err);
		worked = store && store_add(store, &blob.digest, "a blob", 6, &err) == 0 &&
			 store_set_reference(store, "name", &blob, &err) == 0;
		assert_false(worked);
		store_free(store);
		run("test \"$(ls -A target)\" = file && test \"$(cat target/file)\" = precious");
		run("rm -rf store");
	}
}

/* As a user who is not root, whom modes do not stop. */
static void
in_child(void (*body)(void))
{
	int status = 0;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		if (setuid(12345) == 0)
			body();
		_exit(9);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void
read_protected_store(void)
{
	struct error *err = NULL;
	struct store *store = store_open_own("store", NULL, &err);
	struct descriptor blob = blob_of("a blob");
	struct descriptor other = blob_of("another");
	bool good = store && !store_is_writable(store) &&
		    store_has(store, &blob.digest, blob.size_bytes) &&
		    store_add(store, &blob.digest, "a blob", 6, &err) == 0 &&
		    store_add(store, &other.digest, "another", 7, &err) == -1 &&
		    error_is(err, ERROR_LOCAL);

	store_free(store);
	error_free(err);
	_exit(good ? 0 : 1);
}

static void
a_store_that_may_not_be_written_to_serves_what_it_has(void **state)
{
	struct store *store;
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	need("root");
	store = open_own("store");
	add_text(store, "a blob");
	assert_int_equal(store_commit(store, &err), 0);
	store_free(store);
	run("chmod 755 . && chown -R 12345 store && chmod -R a-w store");
	in_child(read_protected_store);
}

/* What a run leaves that is killed between the mode and the rename. */
static void
take_up_finished_part(void)
{
	struct error *err = NULL;
	struct store *store = store_open_own("store", NULL, &err);
	struct descriptor blob = blob_of("a blob");
	struct ingest *ingest = NULL;
	enum ingest_state state;
	bool good = store && ingest_open(store, &blob, &state, &ingest, &err) == 0 &&
		    state == INGEST_PRESENT && store_commit(store, &err) == 0;

	store_free(store);
	error_free(err);
	_exit(good ? 0 : 1);
}

static void
a_finished_part_is_taken_up_again(void **state)
{
	char *part;
	char *path;

	(void)state;
	need("root");
	part = part_of("store", "a blob");
	path = path_of("store", "a blob");
	store_free(open_own("store"));
	run("mkdir store/.ocifp/ingest");
	put_file(part, "a blob");
	assert_int_equal(chmod(part, 0400), 0);
	run("chmod 755 . && chown -R 12345 store");
	in_child(take_up_finished_part);
	assert_holds(path, "a blob");
	free(part);
	free(path);
}

static void
the_path_follows_the_environment(void **state)
{
	static const struct {
		const char *given, *own, *data, *home, *expected;
	} cases[] = {
		{ "/given", "/own", "/data", "/home/u", "/given" },
		{ NULL, "/own", "/data", "/home/u", "/own" },
		{ NULL, "", "/data", "/home/u", "/data/ocifp" },
		{ NULL, NULL, "relative", "/home/u", "/home/u/.local/share/ocifp" },
		{ NULL, NULL, NULL, "/home/u", "/home/u/.local/share/ocifp" },
		{ NULL, NULL, NULL, NULL, NULL },
		{ NULL, NULL, NULL, "", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		AUTO_ERROR struct error *err = NULL;
		AUTO_FREE char *path = NULL;

		(void)(cases[i].own ? setenv("OCIFP_STORE", cases[i].own, 1)
				    : unsetenv("OCIFP_STORE"));
		(void)(cases[i].data ? setenv("XDG_DATA_HOME", cases[i].data, 1)
				     : unsetenv("XDG_DATA_HOME"));
		(void)(cases[i].home ? setenv("HOME", cases[i].home, 1) : unsetenv("HOME"));
		path = store_own_path(cases[i].given, &err);
		if (cases[i].expected)
			assert_string_equal(path, cases[i].expected);
		else
			assert_int_equal(error_kind(err), ERROR_USAGE);
	}
}

static void
room_for_more_than_the_disk_has_is_refused(void **state)
{
	AUTO_STORE struct store *store = create_store("store");
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	assert_int_equal(store_space_check(store, 0, &err), 0);
	assert_int_equal(store_space_check(store, 1, &err), 0);
	assert_int_equal(store_space_check(store, UINT64_MAX, &err), -1);
	assert_int_equal(error_kind(err), ERROR_LOCAL);
	assert_string_equal(error_class(err), "space");
}

/* The parent holds the other end of the pipe until all are about to begin. */
static void
open_in_child(const char *path, int scope_auth_fd)
{
	AUTO_ERROR struct error *err = NULL;
	char byte;

	(void)!read(scope_auth_fd, &byte, 1);
	_exit(store_open_own(path, NULL, &err) ? 0 : 1);
}

static void
those_that_find_no_store_make_one_together(void **state)
{
	enum { ROUND_COUNT = 30, CHILD_COUNT = 4 };

	(void)state;
	for (int round = 0; round < ROUND_COUNT; round++) {
		AUTO_FREE char *path = xasprintf("store-%d", round);
		int scope_auth[2];

		assert_return_code(pipe(scope_auth), 0);
		for (int i = 0; i < CHILD_COUNT; i++) {
			if (fork() != 0)
				continue;
			(void)close(scope_auth[1]);
			open_in_child(path, scope_auth[0]);
		}
		(void)close(scope_auth[0]);
		(void)close(scope_auth[1]);
		wait_for_children(CHILD_COUNT);
	}
}

#define IN_ROOM(test) cmocka_unit_test_setup_teardown(test, enter_room, leave_room)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_ROOM(a_missing_layout_says_so),
		IN_ROOM(an_index_has_a_limit),
		IN_ROOM(those_that_find_no_store_make_one_together),
		IN_ROOM(a_missing_or_empty_directory_becomes_a_layout),
		IN_ROOM(a_layout_that_nothing_came_into_can_go_again),
		IN_ROOM(a_layout_that_was_there_stays),
		IN_ROOM(a_creation_that_was_cut_short_is_completed),
		IN_ROOM(a_directory_of_other_files_is_refused_and_left_alone),
		IN_ROOM(a_layout_that_is_damaged_or_newer_is_refused_and_left_alone),
		IN_ROOM(a_store_of_a_newer_version_is_refused),
		IN_ROOM(a_layout_of_others_is_left_without_our_folder),
		IN_ROOM(our_folder_stays_while_another_process_uses_it),
		IN_ROOM(a_layout_of_others_serves_as_the_own_store_and_stays_as_it_is),
		IN_ROOM(reading_leaves_no_trace_and_needs_no_index_lock),
		IN_ROOM(the_own_store_has_constant_modes),
		IN_ROOM(a_layout_of_others_follows_the_umask),
		IN_ROOM(an_own_store_that_others_may_write_to_is_refused),
		IN_ROOM(an_own_store_of_another_user_is_refused),
		IN_ROOM(a_link_of_another_user_does_not_choose_the_store),
		IN_ROOM(planted_links_are_refused_and_their_targets_left_alone),
		IN_ROOM(a_store_that_may_not_be_written_to_serves_what_it_has),
		IN_ROOM(a_finished_part_is_taken_up_again),
		IN_ROOM(the_path_follows_the_environment),
		IN_ROOM(room_for_more_than_the_disk_has_is_refused),
	};

	return cmocka_run_group_tests_name("store_open", tests, NULL, NULL);
}
