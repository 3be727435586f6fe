#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/strings.h"
#include "base/xalloc.h"
#include "fingerprint/git.h"
#include "project/git/git_objects.h"
#include "tree_room.h"

#define FILES_COUNT 4

/* Blobs of a repository in the directory, and what was read of them. */
struct room {
	struct git *git;
	struct git_objects objects;
	struct listed_file files[FILES_COUNT];
	const struct listed_file *wanted[FILES_COUNT];
	size_t count;
	struct strings read;
};

static void
room_release(struct room *room)
{
	git_objects_release(&room->objects);
	git_free(room->git);
	strings_release(&room->read);
}

#define AUTO_ROOM CLEANUP(room_release)

/* Makes a blob of what the script writes. */
static void
add_blob(struct room *room, const char *script, uint64_t size_bytes)
{
	AUTO_FREE char *command = xasprintf("[ -d .git ] || git init -q .; "
					    "%s | git hash-object -w --stdin >id",
					    script);
	AUTO_BUF struct buf id = BUF_INIT(GIT_ID_LIMIT_CHARS + 1);
	AUTO_ERROR struct error *err = NULL;
	struct git_object *object;

	shell(command);
	assert_int_equal(file_read(AT_FDCWD, "id", &id, &err), 0);
	id.data[strcspn(id.data, "\n")] = '\0';
	object = git_objects_get(&room->objects, id.data, "", size_bytes, &err);
	assert_non_null(object);
	room->files[room->count].content = &object->content;
	room->wanted[room->count] = &room->files[room->count];
	room->count++;
}

static int
note(void *context, size_t index, const void *bytes, size_t size, struct error **err)
{
	struct room *room = context;

	(void)err;
	strings_take(&room->read, xasprintf("%zu:%zu:%.*s", index, size, size < 20 ? (int)size : 20,
					    (const char *)bytes));
	return 0;
}

static int
read_all(struct room *room, struct error **err)
{
	struct git_reading reading;

	if (!room->git)
		assert_int_equal(git_open(".", &room->git, err), 0);
	reading = (struct git_reading){ room->git, room->wanted, note, room };
	return git_objects_read(&reading, 0, room->count, err);
}

static void
contents_come_in_order_whatever_they_hold(void **state)
{
	AUTO_ROOM struct room room = { 0 };
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	add_blob(&room, "printf one", 3);
	add_blob(&room, ":", 0);
	add_blob(&room, "printf '\\n\\n0 blob 3'", 10);
	assert_int_equal(read_all(&room, &err), 0);
	assert_int_equal(room.read.count, 3);
	assert_string_equal(room.read.items[0], "0:3:one");
	assert_string_equal(room.read.items[1], "1:0:");
	assert_string_equal(room.read.items[2], "2:10:\n\n0 blob 3");
}

/* A wrapper counts how often git is asked. */
static size_t
count_questions(struct room *room)
{
	AUTO_BUF struct buf lines = BUF_INIT(KIB);
	AUTO_ERROR struct error *err = NULL;
	const char *path = getenv("PATH");
	AUTO_FREE char *saved = xstrdup(path);
	AUTO_FREE char *longer = xasprintf("%s/bin:%s", getenv("PWD_OF_ROOM"), path);

	shell("mkdir -p bin; rm -f asked; real=$(command -v git); "
	      "printf '#!/bin/sh\necho >>asked\nexec %s \"$@\"\n' \"$real\" >bin/git; "
	      "chmod +x bin/git");
	setenv("PATH", longer, 1);
	assert_int_equal(read_all(room, &err), 0);
	setenv("PATH", saved, 1);
	assert_int_equal(file_read(AT_FDCWD, "asked", &lines, &err), 0);
	return lines.size;
}

static int
enter(void **state)
{
	AUTO_FREE char *here = NULL;

	enter_tree(state);
	here = realpath(".", NULL);
	return setenv("PWD_OF_ROOM", here, 1);
}

static void
so_many_bytes_are_asked_for_at_once_and_no_more(void **state)
{
	AUTO_ROOM struct room room = { 0 };
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	add_blob(&room, "head -c 16777215 /dev/zero", GIT_BATCH_BYTES - 1);
	add_blob(&room, "printf x", 1);
	assert_int_equal(read_all(&room, &err), 0); /* settings were asked for */
	assert_int_equal(count_questions(&room), 1);
	add_blob(&room, "printf y", 1);
	assert_int_equal(count_questions(&room), 2);
}

static void
content_of_another_size_than_was_listed_is_refused(void **state)
{
	AUTO_ROOM struct room room = { 0 };
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	add_blob(&room, "printf one", 2);
	assert_int_equal(read_all(&room, &err), -1);
	assert_true(error_is(err, ERROR_CONTENT));
	assert_int_equal(room.read.count, 0);
}

static void
object_that_is_not_there_is_refused(void **state)
{
	AUTO_ROOM struct room room = { 0 };
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	add_blob(&room, "printf one", 3);
	shell("rm -rf .git/objects/??");
	assert_int_equal(read_all(&room, &err), -1);
	assert_true(error_is(err, ERROR_CONTENT));
}

static void
an_object_is_one_by_id_and_form(void **state)
{
	static const char id[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
	AUTO_ROOM struct room room = { 0 };
	AUTO_ERROR struct error *err = NULL;
	struct git_object *object = git_objects_get(&room.objects, id, "", 1, &err);

	(void)state;
	assert_ptr_equal(git_objects_get(&room.objects, id, "", 1, &err), object);
	assert_ptr_not_equal(git_objects_get(&room.objects, id, " ident", 1, &err), object);
	assert_ptr_equal(git_object_of(&object->content), object);
	/* Of a repository with SHA-256. */
	assert_non_null(git_objects_get(
		&room.objects, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		"", 1, &err));
}

static void
what_is_no_id_is_refused(void **state)
{
	static const char *const ids[] = {
		"",
		"aaaa",
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		"--batch-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	};
	AUTO_ROOM struct room room = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(ids) / sizeof(*ids); i++) {
		AUTO_ERROR struct error *err = NULL;

		assert_null(git_objects_get(&room.objects, ids[i], "", 1, &err));
		assert_true(error_is(err, ERROR_CONTENT));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(contents_come_in_order_whatever_they_hold, enter,
						leave_tree),
		cmocka_unit_test_setup_teardown(so_many_bytes_are_asked_for_at_once_and_no_more,
						enter, leave_tree),
		cmocka_unit_test_setup_teardown(content_of_another_size_than_was_listed_is_refused,
						enter, leave_tree),
		cmocka_unit_test_setup_teardown(object_that_is_not_there_is_refused, enter,
						leave_tree),
		cmocka_unit_test(an_object_is_one_by_id_and_form),
		cmocka_unit_test(what_is_no_id_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
