/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/spawn.h"
#include "base/xalloc.h"
#include "oci/media_type.h"
#include "store/store.h"
#include "store_room.h"

struct room {
	char path[32];
	int before_fd;
};

int
enter_room(void **state)
{
	struct room *room = XNEW(struct room);

	/* In memory, where there is such a place: syncing hundreds of small files takes its time.
	 */
	(void)snprintf(room->path, sizeof(room->path), "%s/test_store.XXXXXX",
		       access("/dev/shm", W_OK | X_OK) == 0 ? "/dev/shm" : "/tmp");
	room->before_fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_non_null(mkdtemp(room->path));
	assert_int_equal(chdir(room->path), 0);
	alarm(60);
	*state = room;
	return 0;
}

int
leave_room(void **state)
{
	struct room *room = *state;

	alarm(0);
	assert_int_equal(fchdir(room->before_fd), 0);
	close(room->before_fd);
	{
		AUTO_FREE char *removal = xasprintf("rm -rf '%s'", room->path);

		run(removal);
	}
	free(room);
	return 0;
}

void
run(const char *script)
{
	const struct spawn_options options = {
		.argv = (const char *const[]){ "/bin/sh", "-ec", script, NULL },
	};
	struct spawn_result result = { 0 };
	AUTO_ERROR struct error *err = NULL;

	assert_int_equal(spawn_run(&options, &result, &err), 0);
	assert_int_equal(result.exit_status, 0);
}

void
wait_for_children(int count)
{
	for (int i = 0; i < count; i++) {
		int status = 0;

		assert_true(wait(&status) > 0);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), 0);
	}
}

void
put_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

void
assert_holds(const char *path, const char *text)
{
	AUTO_BUF struct buf buf = BUF_INIT(100000);
	AUTO_ERROR struct error *err = NULL;

	assert_int_equal(file_read(AT_FDCWD, path, &buf, &err), 0);
	assert_string_equal(buf.data ? buf.data : "", text);
}

bool
is_there(const char *path)
{
	struct stat status;

	return lstat(path, &status) == 0;
}

mode_t
mode_of(const char *path)
{
	struct stat status;

	assert_int_equal(lstat(path, &status), 0);
	return status.st_mode & 07777;
}

struct descriptor
blob_of(const char *text)
{
	return (struct descriptor){
		.digest = digest_of(DIGEST_SHA256, text, strlen(text)),
		.size_bytes = strlen(text),
	};
}

char *
path_of(const char *store, const char *text)
{
	struct descriptor blob = blob_of(text);

	return xasprintf("%s/blobs/sha256/%s", store, digest_hex(&blob.digest).text);
}

char *
part_of(const char *store, const char *text)
{
	struct descriptor blob = blob_of(text);

	return xasprintf("%s/.ocifp/ingest/sha256-%s.part", store, digest_hex(&blob.digest).text);
}

static struct store *
open_or_fail(const char *path, enum store_mode mode)
{
	const struct store_options options = { .lock_timeout_ms = 5000 };
	AUTO_ERROR struct error *err = NULL;
	struct store *store = store_open(path, mode, &options, &err);

	if (!store)
		fail_msg("%s", error_text(err));
	return store;
}

struct store *
create_store(const char *path)
{
	return open_or_fail(path, STORE_CREATE);
}

struct store *
open_store(const char *path)
{
	return open_or_fail(path, STORE_WRITE);
}

void
add_text(struct store *store, const char *text)
{
	struct descriptor blob = blob_of(text);
	AUTO_ERROR struct error *err = NULL;

	if (store_add(store, &blob.digest, text, strlen(text), &err) < 0)
		fail_msg("%s", error_text(err));
}

static char *
descriptor_text(const char *text, const char *media_type)
{
	struct descriptor blob = blob_of(text);

	return xasprintf("{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%zu}", media_type,
			 digest_text(&blob.digest).text, strlen(text));
}

/* The media type of the result points to a literal and is not to be released. */
struct descriptor
add_manifest(struct store *store, const char *layer, const char *subject)
{
	AUTO_FREE char *config_text = descriptor_text("{}", MEDIA_OCI_CONFIG);
	AUTO_FREE char *layer_text = descriptor_text(layer, MEDIA_OCI_LAYER);
	AUTO_FREE char *manifest =
		xasprintf("{\"schemaVersion\":2,\"mediaType\":\"%s\","
			  "\"config\":%s,\"layers\":[%s]%s%s}",
			  MEDIA_OCI_MANIFEST, config_text, layer_text,
			  subject ? ",\"subject\":" : "", subject ? subject : "");
	static char media_type[] = MEDIA_OCI_MANIFEST;
	struct descriptor descriptor = blob_of(manifest);

	add_text(store, "{}");
	add_text(store, layer);
	add_text(store, manifest);
	descriptor.media_type = media_type;
	return descriptor;
}
