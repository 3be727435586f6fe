/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "store/care.h"
#include "store/ingest.h"
#include "store/lock.h"
#include "store/store.h"
#include "store_room.h"
#include "stream/body.h"

enum call { CALL_NONE, WRITE, PWRITE, FSYNC, SYNCFS, RENAMEAT, MKDIRAT, OPENAT, FLOCK };

/* The nth such call fails; the linker leads every one of the program here (--wrap). */
static struct {
	enum call call;
	int nth;
	int errnum;   /* 0: a short count */
	bool goes_on; /* so do all that follow */
	int count;
	bool fired;
} fault;

/* The calls in order, one letter each: w pwrite of a blob, S syncfs, r rename to a blob, d sync of
 * a directory, W write of another file, f sync of a file, i rename to index.json. */
static struct {
	char letters[1000];
	size_t size;
} trace;

static void
record(char letter)
{
	if (trace.size < sizeof(trace.letters) - 1)
		trace.letters[trace.size++] = letter;
}

static bool
is_directory(int fd)
{
	struct stat status;

	return fstat(fd, &status) == 0 && S_ISDIR(status.st_mode);
}

static bool
fails(enum call call)
{
	if (fault.call != call || ++fault.count < fault.nth ||
	    (fault.count > fault.nth && !fault.goes_on))
		return false;
	fault.fired = true;
	errno = fault.errnum;
	return true;
}

ssize_t __real_write(int fd, const void *bytes, size_t size);
ssize_t __wrap_write(int fd, const void *bytes, size_t size);
ssize_t __real_pwrite(int fd, const void *bytes, size_t size, off_t offset);
ssize_t __wrap_pwrite(int fd, const void *bytes, size_t size, off_t offset);
int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __real_syncfs(int fd);
int __wrap_syncfs(int fd);
int __real_renameat(int from_fd, const char *from, int to_fd, const char *to);
int __wrap_renameat(int from_fd, const char *from, int to_fd, const char *to);
int __real_mkdirat(int fd, const char *path, mode_t mode);
int __wrap_mkdirat(int fd, const char *path, mode_t mode);
int __real_openat(int fd, const char *path, int flags, mode_t mode);
int __wrap_openat(int fd, const char *path, int flags, mode_t mode);
int __real_flock(int fd, int operation);
int __wrap_flock(int fd, int operation);

ssize_t
__wrap_write(int fd, const void *bytes, size_t size)
{
	record('W');
	if (!fails(WRITE))
		return __real_write(fd, bytes, size);
	return fault.errnum ? -1 : __real_write(fd, bytes, (size + 1) / 2);
}

ssize_t
__wrap_pwrite(int fd, const void *bytes, size_t size, off_t offset)
{
	record('w');
	if (!fails(PWRITE))
		return __real_pwrite(fd, bytes, size, offset);
	return fault.errnum ? -1 : __real_pwrite(fd, bytes, (size + 1) / 2, offset);
}

int
__wrap_fsync(int fd)
{
	record(is_directory(fd) ? 'd' : 'f');
	return fails(FSYNC) ? -1 : __real_fsync(fd);
}

int
__wrap_syncfs(int fd)
{
	record('S');
	return fails(SYNCFS) ? -1 : __real_syncfs(fd);
}

int
__wrap_renameat(int from_fd, const char *from, int to_fd, const char *to)
{
	record(strcmp(to, "index.json") == 0 ? 'i' : 'r');
	return fails(RENAMEAT) ? -1 : __real_renameat(from_fd, from, to_fd, to);
}

int
__wrap_mkdirat(int fd, const char *path, mode_t mode)
{
	return fails(MKDIRAT) ? -1 : __real_mkdirat(fd, path, mode);
}

int
__wrap_openat(int fd, const char *path, int flags, mode_t mode)
{
	return fails(OPENAT) ? -1 : __real_openat(fd, path, flags, mode);
}

/* Another process removes it between our opening and locking it. */
static const char *removed_before_flock;

int
__wrap_flock(int fd, int operation)
{
	if (removed_before_flock)
		assert_int_equal(unlink(removed_before_flock), 0);
	removed_before_flock = NULL;
	return fails(FLOCK) ? -1 : __real_flock(fd, operation);
}

static const char hello[] = "hello, world";

static int
download(struct store *store, struct error **err)
{
	struct descriptor blob = blob_of(hello);
	AUTO_INGEST struct ingest *ingest = NULL;
	enum ingest_state state;
	uint64_t first;
	struct body *body;

	if (ingest_open(store, &blob, &state, &ingest, err) < 0)
		return -1;
	if (state == INGEST_BUSY)
		return error_set(err, ERROR_LOCAL, "somebody else is at it");
	if (state == INGEST_PRESENT)
		return 0;
	body = ingest_body(ingest);
	first = body_wanted(body).first;
	if (body_begin(body, first, err) < 0)
		return -1;
	for (const char *c = hello + first; *c; c++)
		if (body_write(body, c, 1, err) < 0)
			return -1;
	return body_end(body, err);
}

static int
add(struct store *store, const char *text, struct error **err)
{
	struct descriptor blob = blob_of(text);

	return store_add(store, &blob.digest, text, strlen(text), err);
}

/* What a pull does: blobs, a document, a reference. */
static int
pull(struct error **err)
{
	const struct store_options options = { .lock_timeout_ms = 100 };
	struct descriptor document = blob_of("a document");
	AUTO_STORE struct store *store = store_open_own("store", &options, err);
	static char media_type[] = "application/x.test";

	document.media_type = media_type;
	if (!store || download(store, err) < 0 || add(store, "a document", err) < 0)
		return -1;
	return store_set_reference(store, "name", &document, err);
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
}

static void
assert_complete(void)
{
	AUTO_FREE char *path = path_of("store", hello);
	AUTO_FREE char *document = path_of("store", "a document");

	assert_holds(path, hello);
	assert_holds(document, "a document");
	run("grep -q '\"name\"' store/index.json");
}

/* False once the fault comes too late to fire. */
static bool
survives(enum call call, int errnum, int nth, bool goes_on)
{
	AUTO_ERROR struct error *err = NULL;
	AUTO_ERROR struct error *again = NULL;
	bool fired;
	int ret;

	run("rm -rf store");
	memset(&fault, 0, sizeof(fault));
	fault.call = call;
	fault.errnum = errnum;
	fault.nth = nth;
	fault.goes_on = goes_on;
	ret = pull(&err);
	fired = fault.fired;
	memset(&fault, 0, sizeof(fault));
	if (ret == 0)
		assert_complete();
	else
		assert_true(error_kind(err) == ERROR_LOCAL || error_kind(err) == ERROR_FAILURE);
	assert_sound();
	if (pull(&again) < 0)
		fail_msg("call %d, error %d, number %d: %s", (int)call, errnum, nth,
			 error_text(again));
	assert_complete();
	assert_sound();
	return fired;
}

static void
no_failing_call_does_harm(void **state)
{
	static const struct {
		enum call call;
		int errnum;
	} cases[] = {
		{ WRITE, ENOSPC },      { PWRITE, ENOSPC }, { PWRITE, EIO },   { FSYNC, EIO },
		{ SYNCFS, EIO },        { SYNCFS, ENOSPC }, { RENAMEAT, EIO }, { MKDIRAT, EDQUOT },
		{ OPENAT, EMFILE },     { OPENAT, EROFS },  { OPENAT, EIO },   { FLOCK, ENOLCK },
		{ FLOCK, EWOULDBLOCK },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		for (int nth = 1; survives(cases[i].call, cases[i].errnum, nth, false); nth++)
			assert_true(nth < 500);
		for (int nth = 1; survives(cases[i].call, cases[i].errnum, nth, true); nth += 3)
			assert_true(nth < 500);
	}
}

static void
interrupted_and_short_calls_are_made_again(void **state)
{
	static const struct {
		enum call call;
		int errnum;
	} cases[] = {
		{ WRITE, EINTR }, { PWRITE, EINTR }, { SYNCFS, EINTR },
		{ FLOCK, EINTR }, { WRITE, 0 },      { PWRITE, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		bool fired = true;

		for (int nth = 1; fired; nth++) {
			AUTO_ERROR struct error *err = NULL;

			run("rm -rf store");
			memset(&fault, 0, sizeof(fault));
			fault.call = cases[i].call;
			fault.errnum = cases[i].errnum;
			fault.nth = nth;
			if (pull(&err) < 0)
				fail_msg("%s", error_text(err));
			fired = fault.fired;
			assert_complete();
		}
	}
}

static void
each_step_is_durable_before_the_next(void **state)
{
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	if (pull(&err) < 0)
		fail_msg("%s", error_text(err));
	/* The same again, with a reference that is to be written. */
	run("rm -rf store/blobs/sha256/*; sed -i 's/:\"name\"/:\"other\"/' store/index.json");
	memset(&trace, 0, sizeof(trace));
	if (pull(&err) < 0)
		fail_msg("%s", error_text(err));
	/* The last is the note of when the image was used, which nothing depends on. */
	assert_string_equal(trace.letters, "wwwwwwwwwwwwwffrrddWfidW");
}

static void
add_many(struct store *store)
{
	for (int i = 0; i <= SYNC_EACH_LIMIT_COUNT; i++) {
		AUTO_FREE char *text = xasprintf("blob %d", i);

		add_text(store, text);
	}
}

static void
many_blobs_are_synced_at_once(void **state)
{
	AUTO_STORE struct store *store = create_store("store");
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	add_many(store);
	memset(&trace, 0, sizeof(trace));
	assert_int_equal(store_commit(store, &err), 0);
	assert_memory_equal(trace.letters, "Srrr", 4);
	assert_null(strchr(trace.letters, 'f'));
}

static void
what_could_not_be_synced_is_fetched_again(void **state)
{
	bool fired = true;

	(void)state;
	/* The first syncs are of files that a new store has; those of blobs follow. */
	for (int nth = 1; fired; nth++) {
		AUTO_ERROR struct error *err = NULL;

		run("rm -rf store");
		memset(&fault, 0, sizeof(fault));
		fault.call = FSYNC;
		fault.errnum = EIO;
		fault.nth = nth;
		if (pull(&err) < 0)
			assert_int_equal(error_kind(err), ERROR_LOCAL);
		fired = fault.fired;
		run("test -z \"$(ls store/.ocifp/ingest 2>/dev/null)\"");
	}
}

static void
a_full_disk_keeps_what_was_downloaded(void **state)
{
	AUTO_ERROR struct error *err = NULL;
	AUTO_FREE char *part = part_of("store", hello);

	(void)state;
	memset(&fault, 0, sizeof(fault));
	fault.call = PWRITE;
	fault.errnum = ENOSPC;
	fault.nth = 6;
	assert_int_equal(pull(&err), -1);
	assert_int_equal(error_kind(err), ERROR_LOCAL);
	assert_holds(part, "hello");
}

static void
without_syncfs_each_file_is_synced(void **state)
{
	AUTO_STORE struct store *store = create_store("store");
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	add_many(store);
	memset(&trace, 0, sizeof(trace));
	memset(&fault, 0, sizeof(fault));
	fault.call = SYNCFS;
	fault.errnum = ENOSYS;
	fault.nth = 1;
	assert_int_equal(store_commit(store, &err), 0);
	assert_non_null(strstr(trace.letters, "Sffff"));
}

static void
a_lock_is_of_the_file_that_others_find(void **state)
{
	AUTO_STORE struct store *store = create_store("store");
	AUTO_ERROR struct error *err = NULL;
	AUTO_CLOSE int fd = -1;

	(void)state;
	removed_before_flock = "store/.ocifp/test.lock";
	fd = lock_take(store, "test.lock", LOCK_EXCLUSIVE, &err);
	assert_true(fd >= 0);
	assert_null(removed_before_flock);
	assert_int_equal(lock_check(store, "test.lock", fd, &err), 0);
}

static void
a_process_short_of_descriptors_commits_early(void **state)
{
	AUTO_STORE struct store *store = create_store("store");
	AUTO_FREE char *path = path_of("store", "first");
	AUTO_INGEST struct ingest *ingest = NULL;
	struct descriptor blob = blob_of(hello);
	enum ingest_state ingest_state;
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	add_text(store, "first");
	for (int nth = 1; !ingest; nth++) {
		AUTO_ERROR struct error *refused = NULL;

		assert_true(nth < 100);
		memset(&fault, 0, sizeof(fault));
		fault.call = OPENAT;
		fault.errnum = EMFILE;
		fault.nth = nth;
		(void)ingest_open(store, &blob, &ingest_state, &ingest, &refused);
		if (ingest && !is_there(path))
			ingest_free(TAKE_PTR(ingest));
	}
	memset(&fault, 0, sizeof(fault));
	assert_holds(path, "first");
	assert_int_equal(store_commit(store, &err), 0);
}

#define IN_ROOM(test) cmocka_unit_test_setup_teardown(test, enter_room, leave_room)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_ROOM(no_failing_call_does_harm),
		IN_ROOM(interrupted_and_short_calls_are_made_again),
		IN_ROOM(each_step_is_durable_before_the_next),
		IN_ROOM(many_blobs_are_synced_at_once),
		IN_ROOM(what_could_not_be_synced_is_fetched_again),
		IN_ROOM(a_full_disk_keeps_what_was_downloaded),
		IN_ROOM(without_syncfs_each_file_is_synced),
		IN_ROOM(a_lock_is_of_the_file_that_others_find),
		IN_ROOM(a_process_short_of_descriptors_commits_early),
	};

	return cmocka_run_group_tests_name("store_faults", tests, NULL, NULL);
}
