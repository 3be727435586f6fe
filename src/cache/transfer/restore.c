#include "cache/transfer/restore.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/observer.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "cache/transfer/parent.h"
#include "cache/tree/cache_roots.h"
#include "cache/tree/journal.h"
#include "cache/tree/restorer.h"
#include "image/transfer/fetch.h"
#include "image/unpack/stage.h"
#include "oci/location.h"
#include "repository/repository.h"
#include "repository/session.h"
#include "store/store.h"

/* linux/fs.h */
#ifndef RENAME_EXCHANGE
#define RENAME_EXCHANGE 2
#endif

struct restoring {
	struct session *session;
	const struct cache_restore *restore;
	struct observer *observer;
	struct store *store;
	struct repository *repository; /* of the candidate that is there */
	struct index_head head;
	struct cache_restored result;
};

static void
restoring_release(struct restoring *restoring)
{
	repository_free(restoring->repository);
	index_head_release(&restoring->head);
	cache_restored_release(&restoring->result);
}

/* Finding it */

/* *ret_found false: proven absent, or no cache that can be read, which is told. */
static int
try_place(struct restoring *restoring, const struct cache_place *place, bool *ret_found,
	  struct error **err)
{
	AUTO_RESOLUTION struct resolution resolution = { .bytes = BUF_INIT(MANIFEST_LIMIT_BYTES) };
	AUTO_LOCATION struct location location = { 0 };
	AUTO_ERROR struct error *broken = NULL;

	if (location_parse(place->repository, &location, err) < 0)
		return -1;
	repository_free(TAKE_PTR(restoring->repository));
	restoring->repository =
		repository_open(restoring->session, &location, REPOSITORY_READ, err);
	if (!restoring->repository ||
	    repository_resolve(restoring->repository, place->tag, NULL, &resolution, err) < 0)
		return -1;
	if (resolution.evidence.presence != PRESENCE_PRESENT)
		return 0;
	*ret_found = cache_artifact_parse(resolution.bytes.data, resolution.bytes.size,
					  &restoring->result.artifact, &broken) == 0;
	if (broken)
		observer_tell(restoring->observer, EVENT_NOTICE, "%s:%s: %s", place->repository,
			      place->tag, error_text(broken));
	return 0;
}

static int
find(struct restoring *restoring, struct error **err)
{
	const struct cache_restore *restore = restoring->restore;

	for (size_t i = 0; i < restore->place_count && !restoring->result.is_hit; i++) {
		if (try_place(restoring, &restore->places[i], &restoring->result.is_hit, err) < 0)
			return -1;
		restoring->result.place = i;
	}
	return 0;
}

/* Paths */

static bool
has_content(const char *directory)
{
	AUTO_STRINGS struct strings names = { 0 };
	AUTO_CLOSE int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat info;

	if (fd < 0)
		return lstat(directory, &info) == 0; /* a file, or one that is not ours to read */
	return dir_names(fd, 1, &names) < 0 || names.count > 0;
}

static void
look_at_paths(struct restoring *restoring)
{
	const struct cache_restore *restore = restoring->restore;
	struct cache_restored *result = &restoring->result;

	result->path_count = restore->roots->count;
	result->paths = xcalloc(result->path_count + 1, sizeof(*result->paths));
	for (size_t i = 0; i < result->path_count; i++)
		if (!restore->replace && has_content(restore->roots->items[i].directory))
			result->paths[i] = CACHE_PATH_KEPT;
}

static bool
has_work(const struct restoring *restoring)
{
	for (size_t i = 0; i < restoring->result.path_count; i++)
		if (restoring->result.paths[i] != CACHE_PATH_KEPT)
			return true;
	return false;
}

/* The folder above, which is made; what cannot be looked at is found out when it is written to. */
static int
check_room(const char *directory, uint64_t bytes, struct error **err)
{
	AUTO_FREE char *above = xstrdup(directory);
	char *slash = strrchr(above, '/');
	AUTO_FREE char *wanted = text_bytes(bytes);
	AUTO_FREE char *there = NULL;
	struct statvfs info;
	uint64_t free_bytes;

	if (slash)
		*(slash == above ? slash + 1 : slash) = '\0';
	if (dir_make(above, 0777, err) < 0)
		return -1;
	if (statvfs(above, &info) < 0)
		return 0;
	free_bytes = (uint64_t)info.f_bavail * info.f_frsize;
	if (bytes + LAYER_RESERVE_BYTES <= free_bytes)
		return 0;
	there = text_bytes(free_bytes);
	error_set(err, ERROR_LOCAL, "cannot restore to '%s': the cache has %s, and %s are free",
		  directory, wanted, there);
	return error_set_class(err, "space");
}

static int
check_store_room(const struct restoring *restoring, struct error **err)
{
	const struct descriptors *layers = &restoring->result.artifact.manifest.layers;
	uint64_t missing_bytes = 0;

	for (size_t i = 0; i < layers->count; i++)
		if (!store_has(restoring->store, &layers->items[i].digest,
			       layers->items[i].size_bytes))
			missing_bytes += layers->items[i].size_bytes;
	return store_space_check(restoring->store, missing_bytes, err);
}

static int
check_space(const struct restoring *restoring, struct error **err)
{
	const struct cache_restored *result = &restoring->result;

	for (size_t i = 0; i < result->path_count; i++)
		if (result->paths[i] != CACHE_PATH_KEPT &&
		    check_room(restoring->restore->roots->items[i].directory,
			       result->artifact.total_bytes, err) < 0)
			return -1;
	return check_store_room(restoring, err);
}

/* Bytes */

static int
fetch(struct restoring *restoring, struct error **err)
{
	const struct fetch_options options = {
		.repository = restoring->repository,
		.store = restoring->store,
		.observer = restoring->observer,
	};

	return fetch_blobs(&options, &restoring->result.artifact.manifest.layers, err);
}

static int
open_blob(const struct restoring *restoring, const struct digest *digest, struct error **err)
{
	uint64_t size_bytes = 0;

	return store_open_blob(restoring->store, digest, &size_bytes, err);
}

static int
send_packs(const struct restoring *restoring, struct restorer *restorer,
	   const struct descriptors *packs, struct error **err)
{
	for (size_t i = 0; i < packs->count; i++) {
		AUTO_CLOSE int fd = open_blob(restoring, &packs->items[i].digest, err);

		if (fd < 0 || restorer_send(restorer, &packs->items[i].digest, fd, err) < 0)
			return -1;
	}
	return 0;
}

static int
write_tree(const struct restoring *restoring, const struct cache_root *root, int tree_fd,
	   struct restored *ret_restored, struct error **err)
{
	const struct cache_artifact *artifact = &restoring->result.artifact;
	const struct restore_request request = {
		.label = root->label,
		.shift_ns = restoring->result.shift_ns,
		.most_bytes = artifact->total_bytes,
		.index_pack_count = artifact->index_packs.count,
		.pack_count = artifact->packs.count,
	};
	CLEANUP(restorer_free_at) struct restorer *restorer = NULL;
	AUTO_CLOSE int head_fd = open_blob(restoring, &artifact->head->digest, err);
	bool ended = false;

	if (head_fd < 0)
		return -1;
	restorer = restorer_start(tree_fd, head_fd, &request, err);
	if (!restorer || send_packs(restoring, restorer, &artifact->index_packs, err) < 0 ||
	    send_packs(restoring, restorer, &artifact->packs, err) < 0)
		return -1;
	while (!ended)
		if (restorer_receive(restorer, &ended, ret_restored, err) < 0)
			return -1;
	return 0;
}

/* What is there changes places with what was made, and is removed with the stage. */
static int
exchange(const struct stage *stage, struct error **err)
{
#ifdef SYS_renameat2
	if (syscall(SYS_renameat2, stage->fd, "fs", AT_FDCWD, stage->directory, RENAME_EXCHANGE) ==
	    0)
		return 0;
#endif
	if (renameat(stage->fd, "fs", stage->fd, "new") < 0 ||
	    renameat(AT_FDCWD, stage->directory, stage->fd, "fs") < 0 ||
	    renameat(stage->fd, "new", AT_FDCWD, stage->directory) < 0)
		return error_set_path(err, errno, "replace", stage->directory);
	return 0;
}

static int
commit(const struct restoring *restoring, struct stage *stage, struct error **err)
{
	if (restoring->restore->replace && has_content(stage->directory))
		return exchange(stage, err);
	return stage_commit(stage, err);
}

static int
restore_path(struct restoring *restoring, size_t number, struct error **err)
{
	static const struct id_map map = { .kind = ID_MAP_HOST };
	const struct cache_root *root = &restoring->restore->roots->items[number];
	struct cache_restored *result = &restoring->result;
	AUTO_STAGE struct stage stage = STAGE_INIT;
	struct restored restored = { 0 };

	if (stage_open(root->directory, &map, &stage, err) < 0 ||
	    write_tree(restoring, root, stage.tree_fd, &restored, err) < 0)
		return error_wrap(err, "cannot restore '%s'", root->directory);
	if (!restored.has_root) {
		result->paths[number] = CACHE_PATH_MISSING;
		return 0;
	}
	if (commit(restoring, &stage, err) < 0)
		return error_wrap(err, "cannot restore '%s'", root->directory);
	result->file_count += restored.file_count;
	result->total_bytes += restored.total_bytes;
	return 0;
}

static int
restore_paths(struct restoring *restoring, struct error **err)
{
	for (size_t i = 0; i < restoring->result.path_count; i++)
		if (restoring->result.paths[i] != CACHE_PATH_KEPT &&
		    restore_path(restoring, i, err) < 0)
			return -1;
	return 0;
}

/* The journal */

/* Until the clock of the file system has passed what was restored, so that whatever is written from
 * here on has a later time. */
static void
await_tick(int64_t newest_ns)
{
	const struct timespec step = { .tv_nsec = 1000000 };

	for (int i = 0; i < 100 && journal_now_ns() <= newest_ns; i++)
		(void)nanosleep(&step, NULL);
}

static int
note_files(struct restoring *restoring, struct error **err)
{
	const struct cache_restore *restore = restoring->restore;
	AUTO_CACHE_ROOTS struct cache_roots placed = { 0 };
	AUTO_TREE_SCAN struct tree_scan scan = { 0 };

	for (size_t i = 0; i < restore->roots->count; i++)
		if (restoring->result.paths[i] == CACHE_PATH_RESTORED)
			cache_roots_add(&placed, restore->roots->items[i].label,
					restore->roots->items[i].directory);
	await_tick(journal_now_ns());
	if (tree_scan(&placed, NULL, true, &scan, err) < 0)
		return -1;
	return journal_write(restore->journal_folder, restore->roots, &scan, journal_now_ns(),
			     &restoring->result.artifact.digest, err);
}

static int
read_sections(struct restoring *restoring, struct error **err)
{
	struct cache_restored *result = &restoring->result;

	if (cache_index_fetch(&result->artifact, restoring->repository, restoring->store,
			      restoring->observer, &restoring->head, err) < 0 ||
	    cache_stream_read(&restoring->head, restoring->store, STREAM_SOURCES, &result->sources,
			      err) < 0)
		return -1;
	return cache_stream_read(&restoring->head, restoring->store, STREAM_RECORD, &result->record,
				 err);
}

static int
run(struct restoring *restoring, struct error **err)
{
	const struct cache_restore *restore = restoring->restore;
	struct cache_restored *result = &restoring->result;

	if (find(restoring, err) < 0)
		return -1;
	if (!result->is_hit)
		return 0;
	look_at_paths(restoring);
	if (restore->dry_run || !has_work(restoring))
		return 0;
	if (restore->shift)
		result->shift_ns = restore->shift(result->artifact.newest_ns);
	restoring->store = session_store(restoring->session, err);
	if (!restoring->store || check_space(restoring, err) < 0 || fetch(restoring, err) < 0 ||
	    read_sections(restoring, err) < 0 || restore_paths(restoring, err) < 0)
		return -1;
	return note_files(restoring, err);
}

int
cache_restore(struct session *session, const struct cache_restore *restore,
	      struct cache_restored *ret_restored, struct error **err)
{
	CLEANUP(restoring_release)
	struct restoring restoring = {
		.session = session,
		.restore = restore,
		.observer = session_observer(session),
		.result = { .sources = BUF_INIT(CACHE_STREAM_LIMIT_BYTES),
			    .record = BUF_INIT(CACHE_STREAM_LIMIT_BYTES) },
	};

	if (run(&restoring, err) < 0)
		return -1;
	*ret_restored = restoring.result;
	restoring.result = (struct cache_restored){ 0 };
	return 0;
}

void
cache_restored_release(struct cache_restored *restored)
{
	cache_artifact_release(&restored->artifact);
	free(restored->paths);
	buf_release(&restored->sources);
	buf_release(&restored->record);
	*restored = (struct cache_restored){ 0 };
}
