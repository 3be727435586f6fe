/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/workers.h"
#include "base/xalloc.h"
#include "store/file_hash.h"
#include "store_room.h"

#define LARGE_BYTES (5 * HASH_BEHIND_BYTES + 17)

static int
open_file(void)
{
	int fd = open("file", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	return fd;
}

static struct workers *
two_workers(void)
{
	AUTO_ERROR struct error *err = NULL;
	struct workers *workers = workers_new(2, &err);

	assert_non_null(workers);
	return workers;
}

static char *
large_content(void)
{
	char *bytes = xcalloc(1, LARGE_BYTES);

	for (size_t i = 0; i < LARGE_BYTES; i++)
		bytes[i] = (char)(i * 31 + i / 1021);
	return bytes;
}

/* Writes it in pieces of the size that libcurl hands out. */
static void
write_in_pieces(struct file_hash *hash, int fd, const char *bytes, size_t size)
{
	size_t done = 0;

	while (done < size) {
		size_t piece = size - done < 16 * KIB ? size - done : 16 * KIB;

		assert_int_equal(pwrite(fd, bytes + done, piece, (off_t)done), piece);
		done += piece;
		file_hash_grown(hash, done);
	}
}

static void
assert_hash(struct file_hash *hash, const char *bytes, size_t size)
{
	struct digest expected = digest_of(DIGEST_SHA256, bytes, size);
	struct digest actual;

	assert_int_equal(file_hash_finish(hash, &actual), 0);
	assert_true(digest_equal(&actual, &expected));
}

/* A large file and two threads to hash it. */
struct scene {
	int fd;
	char *bytes;
	struct workers *workers;
	struct file_hash *hash;
};

static struct scene
open_scene(void)
{
	struct scene scene = {
		.fd = open_file(),
		.bytes = large_content(),
		.workers = two_workers(),
	};

	scene.hash = file_hash_new(DIGEST_SHA256, scene.fd, scene.workers);
	return scene;
}

static void
close_scene(struct scene *scene)
{
	file_hash_free(scene->hash);
	workers_free(scene->workers);
	free(scene->bytes);
	close(scene->fd);
}

static void
a_small_file_needs_no_thread(void **state)
{
	AUTO_CLOSE int fd = open_file();
	struct file_hash *hash = file_hash_new(DIGEST_SHA256, fd, NULL);

	(void)state;
	write_in_pieces(hash, fd, "hello", 5);
	assert_hash(hash, "hello", 5);
	file_hash_free(hash);
}

static void
an_empty_file_has_the_hash_of_nothing(void **state)
{
	AUTO_CLOSE int fd = open_file();
	struct file_hash *hash = file_hash_new(DIGEST_SHA256, fd, NULL);

	(void)state;
	assert_hash(hash, "", 0);
	file_hash_free(hash);
}

static void
a_large_file_is_hashed_while_it_grows(void **state)
{
	struct scene scene = open_scene();

	(void)state;
	write_in_pieces(scene.hash, scene.fd, scene.bytes, LARGE_BYTES);
	assert_hash(scene.hash, scene.bytes, LARGE_BYTES);
	close_scene(&scene);
}

static void
what_an_earlier_run_left_is_hashed_too(void **state)
{
	struct scene scene = open_scene();

	(void)state;
	assert_int_equal(pwrite(scene.fd, scene.bytes, LARGE_BYTES, 0), LARGE_BYTES);
	file_hash_grown(scene.hash, LARGE_BYTES - 1);
	file_hash_grown(scene.hash, LARGE_BYTES);
	assert_hash(scene.hash, scene.bytes, LARGE_BYTES);
	close_scene(&scene);
}

static void
the_threads_do_it_before_anybody_asks(void **state)
{
	struct scene scene = open_scene();

	(void)state;
	assert_int_equal(pwrite(scene.fd, scene.bytes, LARGE_BYTES, 0), LARGE_BYTES);
	file_hash_grown(scene.hash, LARGE_BYTES);
	workers_free(scene.workers);
	scene.workers = NULL;
	assert_int_equal(ftruncate(scene.fd, 0), 0);
	assert_hash(scene.hash, scene.bytes, LARGE_BYTES);
	close_scene(&scene);
}

static void
many_files_share_the_threads(void **state)
{
	enum { COUNT = 6 };
	AUTO_FREE char *bytes = large_content();
	struct workers *workers = two_workers();
	struct file_hash *hashes[COUNT];
	int fds[COUNT];

	(void)state;
	for (size_t i = 0; i < COUNT; i++) {
		fds[i] = open_file();
		run("rm file");
		hashes[i] = file_hash_new(DIGEST_SHA256, fds[i], workers);
		write_in_pieces(hashes[i], fds[i], bytes + i, LARGE_BYTES - i);
	}
	for (size_t i = 0; i < COUNT; i++) {
		assert_hash(hashes[i], bytes + i, LARGE_BYTES - i);
		file_hash_free(hashes[i]);
		close(fds[i]);
	}
	workers_free(workers);
}

static void
after_a_reset_it_starts_with_the_first_byte(void **state)
{
	struct scene scene = open_scene();

	(void)state;
	write_in_pieces(scene.hash, scene.fd, scene.bytes + 1, LARGE_BYTES - 1);
	file_hash_reset(scene.hash);
	write_in_pieces(scene.hash, scene.fd, scene.bytes, LARGE_BYTES);
	assert_hash(scene.hash, scene.bytes, LARGE_BYTES);
	close_scene(&scene);
}

static void
a_file_that_somebody_cut_short_cannot_be_read(void **state)
{
	AUTO_CLOSE int fd = open_file();
	struct file_hash *hash = file_hash_new(DIGEST_SHA256, fd, NULL);
	struct digest digest;

	(void)state;
	write_in_pieces(hash, fd, "hello", 5);
	assert_int_equal(ftruncate(fd, 3), 0);
	assert_int_equal(file_hash_finish(hash, &digest), -1);
	assert_int_equal(errno, EIO);
	file_hash_free(hash);
}

static void
it_may_be_freed_while_a_thread_is_at_it(void **state)
{
	struct scene scene = open_scene();

	(void)state;
	assert_int_equal(pwrite(scene.fd, scene.bytes, LARGE_BYTES, 0), LARGE_BYTES);
	file_hash_grown(scene.hash, LARGE_BYTES);
	close_scene(&scene);
}

#define IN_ROOM(test) cmocka_unit_test_setup_teardown(test, enter_room, leave_room)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_ROOM(a_small_file_needs_no_thread),
		IN_ROOM(an_empty_file_has_the_hash_of_nothing),
		IN_ROOM(a_large_file_is_hashed_while_it_grows),
		IN_ROOM(what_an_earlier_run_left_is_hashed_too),
		IN_ROOM(the_threads_do_it_before_anybody_asks),
		IN_ROOM(many_files_share_the_threads),
		IN_ROOM(after_a_reset_it_starts_with_the_first_byte),
		IN_ROOM(a_file_that_somebody_cut_short_cannot_be_read),
		IN_ROOM(it_may_be_freed_while_a_thread_is_at_it),
	};

	return cmocka_run_group_tests_name("file_hash", tests, NULL, NULL);
}
