/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ability.h"
#include "archive/output.h"
#include "archive_room.h"
#include "base/buf.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "oci/document.h"
#include "oci/location.h"
#include "oci/media_type.h"
#include "store/store.h"
#include "store_room.h"

static int
write_to(struct store *store, const char *location_text, const char *tag,
	 const struct descriptor *root, struct error **err)
{
	AUTO_LOCATION struct location location = { 0 };

	if (location_parse(location_text, &location, err) < 0)
		fail_msg("%s", error_text(*err));
	return archive_write(store, &location, tag, root, err);
}

static void
assert_written(struct store *store, const char *location, const char *tag,
	       const struct descriptor *root)
{
	AUTO_ERROR struct error *err = NULL;

	if (write_to(store, location, tag, root, &err) < 0)
		fail_msg("%s", error_text(err));
}

static void
assert_not_written(struct store *store, const char *location, const struct descriptor *root,
		   enum error_kind kind, const char *part)
{
	AUTO_ERROR struct error *err = NULL;

	assert_int_equal(write_to(store, location, "t1", root, &err), -1);
	assert_error(err, kind, part, NULL);
}

/* Whole or not at all: also no temporary file. */
static void
assert_nothing_but(const char *names)
{
	AUTO_FREE char *script = xasprintf("test \"$(ls -A | tr '\\n' ' ')\" = '%s'", names);

	run(script);
}

static char *
slurp(const char *path, size_t *ret_size)
{
	AUTO_BUF struct buf buf = BUF_INIT(64 * MIB);
	AUTO_ERROR struct error *err = NULL;

	assert_int_equal(file_read(AT_FDCWD, path, &buf, &err), 0);
	*ret_size = buf.size;
	return buf_take(&buf);
}

static void
assert_same_file(const char *one, const char *other)
{
	AUTO_FREE char *script = xasprintf("cmp %s %s", one, other);

	run(script);
}

static struct descriptor
add_index(struct store *store, const struct descriptor *first, const char *second_digest)
{
	AUTO_FREE char *text =
		xasprintf("{\"schemaVersion\":2,\"mediaType\":\"%s\",\"manifests\":["
			  "{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%zu},"
			  "{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":100}]}",
			  MEDIA_OCI_INDEX, MEDIA_OCI_MANIFEST, digest_text(&first->digest).text,
			  (size_t)first->size_bytes, MEDIA_OCI_MANIFEST, second_digest);
	static char media_type[] = MEDIA_OCI_INDEX;
	struct descriptor index = blob_of(text);

	add_text(store, text);
	index.media_type = media_type;
	return index;
}

static const char absent_digest[] =
	"sha256:1111111111111111111111111111111111111111111111111111111111111111";

static void
what_was_written_can_be_read(void **state)
{
	AUTO_STORE struct store *store = create_store("s");
	struct descriptor root = add_manifest(store, "a layer", NULL);
	AUTO_ARCHIVE struct archive_image *archive = NULL;
	struct descriptor layer = blob_of("a layer");
	AUTO_FREE char *name = NULL;
	AUTO_FREE char *manifest = NULL;
	AUTO_FREE char *layer_read = NULL;

	(void)state;
	assert_written(store, "oci-archive:o.tar", "t1", &root);
	archive = open_archive("o.tar");
	name = name_of(archive, 0);
	manifest = read_reference(archive, 0);
	layer_read = read_blob(archive, &layer);
	assert_string_equal(name, "t1");
	assert_int_equal(strlen(manifest), root.size_bytes);
	assert_string_equal(layer_read, "a layer");
}

static void
without_a_tag_the_image_has_no_name(void **state)
{
	AUTO_STORE struct store *store = create_store("s");
	struct descriptor root = add_manifest(store, "a layer", NULL);
	AUTO_ARCHIVE struct archive_image *archive = NULL;

	(void)state;
	assert_written(store, "oci-archive:o.tar", NULL, &root);
	archive = open_archive("o.tar");
	assert_null(name_of(archive, 0));
}

static void
the_same_image_makes_the_same_bytes(void **state)
{
	AUTO_STORE struct store *store = create_store("s");
	AUTO_STORE struct store *other = create_store("other");
	struct descriptor root = add_manifest(store, "a layer", NULL);

	(void)state;
	add_text(other, "something else");
	add_manifest(other, "a layer", NULL);
	assert_written(store, "oci-archive:one.tar", "t1", &root);
	run("sleep 1.1");
	(void)umask(077);
	assert_written(other, "oci-archive:two.tar", "t1", &root);
	(void)umask(022);
	assert_same_file("one.tar", "two.tar");
	/* Two directories; five files of a header and a block each; and the end. */
	run("test $(wc -c <one.tar) = $((7 * 1024))");
}

static void
members_come_in_order_without_a_time_and_belong_to_the_caller(void **state)
{
	AUTO_STORE struct store *store = create_store("s");
	struct descriptor root = add_manifest(store, "a layer", NULL);

	(void)state;
	assert_written(store, "docker-archive:d.tar", "host.test/a:t1", &root);
	run("tar tf d.tar >names; "
	    "printf '%s\\n' oci-layout index.json manifest.json blobs/ blobs/sha256/ >expected; "
	    "tar tf d.tar | grep ^blobs/sha256/. | LC_ALL=C sort >>expected; "
	    "test $(wc -l <names) = 8; cmp names expected; "
	    "tar tvf d.tar --full-time --numeric-owner --utc | "
	    "grep -v \"^\\(-rw-r--r--\\|drwxr-xr-x\\) $(id -u)/$(id -g) .* 1970-01-01 00:00:00\" "
	    "&& exit 1; exit 0");
}

static json_t *
read_saved(const char *path)
{
	AUTO_FREE char *script = xasprintf("tar xOf %s manifest.json >manifest.json", path);
	AUTO_FREE char *text = NULL;
	size_t size = 0;
	json_t *json;

	run(script);
	text = slurp("manifest.json", &size);
	json = json_loadb(text, size, 0, NULL);
	assert_non_null(json);
	return json;
}

static void
a_docker_archive_says_where_docker_finds_config_and_layers(void **state)
{
	AUTO_STORE struct store *store = create_store("s");
	struct descriptor root = add_manifest(store, "a layer", NULL);
	AUTO_FREE char *layer = path_of("s", "a layer");
	AUTO_FREE char *config = path_of("s", "{}");
	AUTO_JSON json_t *json = NULL;
	const json_t *image;

	(void)state;
	assert_written(store, "docker-archive:d.tar", "host.test:5000/a/b:t1", &root);
	json = read_saved("d.tar");
	image = json_array_get(json, 0);
	assert_int_equal(json_array_size(json), 1);
	assert_string_equal(json_string_value(json_object_get(image, "Config")), config + 2);
	assert_string_equal(json_string_value(json_array_get(json_object_get(image, "Layers"), 0)),
			    layer + 2);
	assert_string_equal(
		json_string_value(json_array_get(json_object_get(image, "RepoTags"), 0)),
		"host.test:5000/a/b:t1");
}

/* `docker load` refuses such an archive as a whole. */
static void
a_tag_alone_is_no_repository_tag(void **state)
{
	static const char *const tags[] = { "t1", "host.test:5000/a", NULL };
	AUTO_STORE struct store *store = create_store("s");
	struct descriptor root = add_manifest(store, "a layer", NULL);

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		AUTO_JSON json_t *json = NULL;
		const json_t *repository_tags;

		assert_written(store, "docker-archive:d.tar", tags[i], &root);
		json = read_saved("d.tar");
		repository_tags = json_object_get(json_array_get(json, 0), "RepoTags");
		assert_true(json_is_array(repository_tags));
		assert_int_equal(json_array_size(repository_tags), 0);
	}
}

/* Else containerd, and a docker that stores its images there, keep it under a name nobody finds. */
static void
containerd_is_told_the_whole_name(void **state)
{
	static const char *const names[][2] = {
		{ "app:t1", "docker.io/library/app:t1" },
		{ "my/app:t1", "docker.io/my/app:t1" },
		{ "host.test:5000/a/b:t1", "host.test:5000/a/b:t1" },
	};
	AUTO_STORE struct store *store = create_store("s");
	struct descriptor root = add_manifest(store, "a layer", NULL);

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		AUTO_FREE char *script = xasprintf("tar xOf d.tar index.json | grep -qF "
						   "'\"io.containerd.image.name\":\"%s\",\"org."
						   "opencontainers.image.ref.name\":\"%s\"'",
						   names[i][1], names[i][1]);

		assert_written(store, "docker-archive:d.tar", names[i][0], &root);
		run(script);
	}
}

static void
a_name_that_docker_would_refuse_is_refused(void **state)
{
	AUTO_STORE struct store *store = create_store("s");
	struct descriptor root = add_manifest(store, "a layer", NULL);
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	assert_int_equal(write_to(store, "docker-archive:d.tar", "App:t1", &root, &err), -1);
	assert_int_equal(error_kind(err), ERROR_USAGE);
	assert_non_null(strstr(error_text(err), "'App:t1'"));
	assert_nothing_but("s ");
}

static void
a_docker_archive_of_several_platforms_is_refused_with_the_remedy(void **state)
{
	AUTO_STORE struct store *store = create_store("s");
	struct descriptor manifest = add_manifest(store, "a layer", NULL);
	struct descriptor root = add_index(store, &manifest, absent_digest);
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	assert_int_equal(write_to(store, "docker-archive:d.tar", "t1", &root, &err), -1);
	assert_error(err, ERROR_USAGE, "one platform", NULL);
	assert_non_null(strstr(error_hint(err), "--platform"));
	assert_nothing_but("s ");
}

static void
of_an_index_what_the_store_has_is_written(void **state)
{
	AUTO_STORE struct store *store = create_store("s");
	struct descriptor manifest = add_manifest(store, "a layer", NULL);
	struct descriptor root = add_index(store, &manifest, absent_digest);
	struct descriptor layer = blob_of("a layer");
	AUTO_ARCHIVE struct archive_image *archive = NULL;
	AUTO_FREE char *index = NULL;
	AUTO_FREE char *child = NULL;
	AUTO_FREE char *layer_read = NULL;

	(void)state;
	assert_written(store, "oci-archive:o.tar", "t1", &root);
	archive = open_archive("o.tar");
	index = read_reference(archive, 0);
	child = read_text(archive, &manifest.digest);
	layer_read = read_blob(archive, &layer);
	assert_non_null(strstr(index, absent_digest));
	assert_string_equal(layer_read, "a layer");
	run("test $(tar tf o.tar | grep -c ^blobs/sha256/.) = 4");
}

static void
a_manifest_that_lacks_a_layer_is_not_written(void **state)
{
	AUTO_STORE struct store *store = create_store("s");
	struct descriptor root = add_manifest(store, "a layer", NULL);
	AUTO_FREE char *path = path_of("s", "a layer");
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	assert_int_equal(store_commit(store, &err), 0);
	assert_int_equal(unlink(path), 0);
	assert_not_written(store, "oci-archive:o.tar", &root, ERROR_CONTENT, "not in the store");
	assert_nothing_but("s ");
}

static void
a_damaged_blob_is_not_written(void **state)
{
	AUTO_STORE struct store *store = create_store("s");
	struct descriptor root = add_manifest(store, "a layer", NULL);
	AUTO_FREE char *path = path_of("s", "a layer");
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	assert_int_equal(store_commit(store, &err), 0);
	put_file(path, "A layer");
	assert_not_written(store, "oci-archive:o.tar", &root, ERROR_CONTENT, "damaged");
	assert_nothing_but("s ");
}

static void
a_file_that_was_there_is_replaced_whole(void **state)
{
	AUTO_STORE struct store *store = create_store("s");
	struct descriptor root = add_manifest(store, "a layer", NULL);

	(void)state;
	put_file("old.tar", "what was there");
	assert_int_equal(symlink("old.tar", "o.tar"), 0);
	assert_written(store, "oci-archive:o.tar", "t1", &root);
	archive_close(open_archive("old.tar"));
	run("test -L o.tar");
	assert_nothing_but("o.tar old.tar s ");
}

/* Stands for a full disk: writes beyond the limit fail. */
static void
a_failed_write_leaves_what_was_there(void **state)
{
	AUTO_STORE struct store *store = create_store("s");
	AUTO_FREE char *text = xcalloc(1, 100000);
	struct descriptor root;
	struct rlimit limit;
	struct rlimit before;

	(void)state;
	memset(text, 'l', 99999);
	root = add_manifest(store, text, NULL);
	put_file("o.tar", "what was there");
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	limit = before;
	limit.rlim_cur = 50000;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_not_written(store, "oci-archive:o.tar", &root, ERROR_LOCAL, "File too large");
	assert_not_written(store, "oci-archive:new.tar", &root, ERROR_LOCAL, "new.tar");
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_holds("o.tar", "what was there");
	assert_nothing_but("o.tar s ");
}

static void
what_is_no_file_is_written_to_as_it_is(void **state)
{
	AUTO_STORE struct store *store = create_store("s");
	struct descriptor root = add_manifest(store, "a layer", NULL);

	(void)state;
	assert_written(store, "oci-archive:o.tar", "t1", &root);
	run("mkfifo fifo; { timeout 20 cat fifo >piped.tar; } & echo $! >pid");
	assert_written(store, "oci-archive:fifo", "t1", &root);
	run("while kill -0 $(cat pid) 2>&-; do sleep 0.01; done; test -p fifo");
	assert_same_file("o.tar", "piped.tar");
}

static void
an_output_that_cannot_be_put_in_place_leaves_nothing(void **state)
{
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	for (int commits = 0; commits < 2; commits++) {
		AUTO_OUTPUT struct output output = OUTPUT_INIT;

		assert_int_equal(output_open("o.tar", &output, &err), 0);
		assert_int_equal(mkdir("o.tar", 0700), 0);
		if (commits)
			assert_int_equal(output_commit(&output, &err), -1);
		assert_int_equal(rmdir("o.tar"), 0);
	}
	assert_error(err, ERROR_LOCAL, "o.tar", NULL);
	assert_nothing_but("");
}

static void
a_folder_that_is_not_there_is_named(void **state)
{
	AUTO_STORE struct store *store = create_store("s");
	struct descriptor root = add_manifest(store, "a layer", NULL);

	(void)state;
	assert_not_written(store, "oci-archive:nowhere/o.tar", &root, ERROR_LOCAL, "nowhere/o.tar");
	assert_not_written(store, "oci-archive:s", &root, ERROR_LOCAL, "directory");
}

static void
standard_output_gets_the_same_bytes(void **state)
{
	AUTO_STORE struct store *store = create_store("s");
	struct descriptor root = add_manifest(store, "a layer", NULL);
	AUTO_CLOSE int before_fd = dup(STDOUT_FILENO);
	AUTO_CLOSE int fd = open("piped.tar", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	(void)state;
	assert_written(store, "oci-archive:o.tar", "t1", &root);
	assert_int_equal(dup2(fd, STDOUT_FILENO), STDOUT_FILENO);
	assert_written(store, "oci-archive:-", "t1", &root);
	assert_int_equal(dup2(before_fd, STDOUT_FILENO), STDOUT_FILENO);
	assert_same_file("o.tar", "piped.tar");
}

/* Else the reader of a pipe would take it for whole. */
static void
an_archive_that_failed_is_not_ended(void **state)
{
	AUTO_STORE struct store *store = create_store("s");
	struct descriptor root = add_manifest(store, "a layer", NULL);
	AUTO_FREE char *path = path_of("s", "a layer");
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	assert_int_equal(store_commit(store, &err), 0);
	put_file(path, "A layer");
	assert_int_equal(mkfifo("fifo", 0600), 0);
	run("{ timeout 20 cat fifo >piped; } & echo $! >pid");
	assert_not_written(store, "oci-archive:fifo", &root, ERROR_CONTENT, "damaged");
	run("while kill -0 $(cat pid) 2>&-; do sleep 0.01; done");
	assert_not_opened("piped", ERROR_CONTENT, "piped", NULL);
}

static void
a_terminal_is_refused(void **state)
{
	AUTO_STORE struct store *store = create_store("s");
	struct descriptor root = add_manifest(store, "a layer", NULL);
	AUTO_CLOSE int before_fd = dup(STDOUT_FILENO);
	AUTO_CLOSE int master_fd = posix_openpt(O_RDWR | O_NOCTTY);
	AUTO_CLOSE int fd = -1;
	AUTO_ERROR struct error *err = NULL;
	char name[64];
	int ret;

	(void)state;
	need("pty");
	assert_true(master_fd >= 0 && grantpt(master_fd) == 0 && unlockpt(master_fd) == 0 &&
		    ptsname_r(master_fd, name, sizeof(name)) == 0);
	fd = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_int_equal(dup2(fd, STDOUT_FILENO), STDOUT_FILENO);
	ret = write_to(store, "oci-archive:-", "t1", &root, &err);
	assert_int_equal(dup2(before_fd, STDOUT_FILENO), STDOUT_FILENO);
	assert_int_equal(ret, -1);
	assert_error(err, ERROR_USAGE, "terminal", NULL);
}

#define IN_ROOM(test) cmocka_unit_test_setup_teardown(test, enter_room, leave_room)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_ROOM(what_was_written_can_be_read),
		IN_ROOM(without_a_tag_the_image_has_no_name),
		IN_ROOM(the_same_image_makes_the_same_bytes),
		IN_ROOM(members_come_in_order_without_a_time_and_belong_to_the_caller),
		IN_ROOM(a_docker_archive_says_where_docker_finds_config_and_layers),
		IN_ROOM(a_tag_alone_is_no_repository_tag),
		IN_ROOM(containerd_is_told_the_whole_name),
		IN_ROOM(a_name_that_docker_would_refuse_is_refused),
		IN_ROOM(a_docker_archive_of_several_platforms_is_refused_with_the_remedy),
		IN_ROOM(of_an_index_what_the_store_has_is_written),
		IN_ROOM(a_manifest_that_lacks_a_layer_is_not_written),
		IN_ROOM(a_damaged_blob_is_not_written),
		IN_ROOM(a_file_that_was_there_is_replaced_whole),
		IN_ROOM(a_failed_write_leaves_what_was_there),
		IN_ROOM(what_is_no_file_is_written_to_as_it_is),
		IN_ROOM(an_output_that_cannot_be_put_in_place_leaves_nothing),
		IN_ROOM(a_folder_that_is_not_there_is_named),
		IN_ROOM(standard_output_gets_the_same_bytes),
		IN_ROOM(an_archive_that_failed_is_not_ended),
		IN_ROOM(a_terminal_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
