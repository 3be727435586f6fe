/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/transfer/restore.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/observer.h"
#include "base/path.h"
#include "base/text.h"
#include "base/watched.h"
#include "base/xalloc.h"
#include "cache/transfer/cache_index.h"
#include "cache/tree/cache_roots.h"
#include "cache/tree/journal.h"
#include "image/transfer/fetch.h"
#include "oci/location.h"
#include "repository/repository.h"
#include "repository/session.h"
#include "store/store.h"

struct restoring {
	struct session *session;
	const struct cache_restore *restore;
	struct observer *observer;
	struct store *store;
	struct repository *repository; /* of the candidate that was found */
	struct descriptors packs;      /* the needed ones, each once, the largest first */
	size_t gone_count;             /* of these, written and released */
	struct fetch_hook hook;
	struct placement *placements; /* one for each root; kept ones have none */
	struct cache_restored result;
};

static void
restoring_release(struct restoring *restoring)
{
	for (size_t i = 0; restoring->placements && i < restoring->result.path_count; i++)
		placement_release(&restoring->placements[i]);
	free(restoring->placements);
	repository_free(restoring->repository);
	descriptors_release(&restoring->packs);
	cache_restored_release(&restoring->result);
}

/* Finding it */

/* A tag with a cache of another scope: somebody else put it there. */
static bool
is_of_scope(struct restoring *restoring, const struct cache_place *place)
{
	struct cache_artifact *artifact = &restoring->result.artifact;
	const char *scope = manifest_annotation(&artifact->manifest, ANNOTATION_CACHE_SCOPE);

	if (!place->scope || !scope || strcmp(scope, place->scope) == 0)
		return true;
	observer_tell(restoring->observer, EVENT_NOTICE,
		      "%s:%s is passed over: it was saved for '%s', not for '%s'",
		      place->repository, place->tag, QUOTED(scope), QUOTED(place->scope));
	cache_artifact_release(artifact);
	return false;
}

/* *ret_found false: proven absent, or not a readable cache, which is reported. */
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
	if (cache_artifact_parse(resolution.bytes.data, resolution.bytes.size,
				 &restoring->result.artifact, &broken) == 0) {
		*ret_found = is_of_scope(restoring, place);
		return 0;
	}
	observer_tell(restoring->observer, EVENT_NOTICE, "%s:%s: %s", place->repository, place->tag,
		      error_text(broken));
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

static void
look_at_paths(struct restoring *restoring)
{
	const struct cache_restore *restore = restoring->restore;
	struct cache_restored *result = &restoring->result;

	result->path_count = restore->roots->count;
	result->paths = xcalloc(result->path_count + 1, sizeof(*result->paths));
	for (size_t i = 0; i < result->path_count; i++)
		if (restore->way == PLACEMENT_NEW && !placement_is_free(&restore->roots->items[i]))
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

static int
larger_first(const void *a, const void *b)
{
	uint64_t a_bytes = ((const struct descriptor *)a)->size_bytes;
	uint64_t b_bytes = ((const struct descriptor *)b)->size_bytes;

	return (a_bytes < b_bytes) - (a_bytes > b_bytes);
}

/* In the order in which fetch_blobs() asks for them. */
static void
list_packs(struct restoring *restoring)
{
	const struct cache_artifact *artifact = &restoring->result.artifact;
	struct descriptors *packs = &restoring->packs;

	for (size_t i = 0; i < artifact->packs.count; i++)
		descriptors_add(packs, &artifact->packs.items[i]);
	if (restoring->restore->places[restoring->result.place].executables)
		for (size_t i = 0; i < artifact->executables.count; i++)
			if (!descriptors_has(packs, &artifact->executables.items[i].digest))
				descriptors_add(packs, &artifact->executables.items[i]);
	if (packs->count > 0)
		qsort(packs->items, packs->count, sizeof(*packs->items), larger_first);
}

/* The bytes still to be downloaded of the packs that the store holds at once. */
static uint64_t
missing_pack_bytes(const struct restoring *restoring)
{
	const struct descriptors *packs = &restoring->packs;
	uint64_t bytes = 0;

	for (size_t i = 0; i < packs->count && i < CACHE_PACKS_HELD_COUNT; i++)
		if (!store_has(restoring->store, &packs->items[i].digest,
			       packs->items[i].size_bytes))
			bytes += packs->items[i].size_bytes;
	return bytes;
}

/* The parent directory, which is created; if it cannot be examined, writing reports the error. */
static int
check_room(const struct restoring *restoring, const char *directory, struct error **err)
{
	uint64_t bytes = restoring->result.artifact.total_bytes + LAYER_RESERVE_BYTES;
	AUTO_FREE char *above = path_folder(directory);
	AUTO_FREE char *wanted = NULL;
	AUTO_FREE char *there = NULL;
	struct statvfs space;
	struct stat here;
	struct stat store;
	uint64_t free_bytes;

	if (dir_make(above, 0777, err) < 0)
		return -1;
	if (statvfs(above, &space) < 0 || space.f_blocks == 0)
		return 0;
	if (stat(above, &here) == 0 && stat(store_path(restoring->store), &store) == 0 &&
	    here.st_dev == store.st_dev)
		bytes += missing_pack_bytes(restoring);
	free_bytes = (uint64_t)space.f_bavail * space.f_frsize;
	if (bytes <= free_bytes)
		return 0;
	wanted = text_bytes(bytes);
	there = text_bytes(free_bytes);
	error_set(err, ERROR_LOCAL, "cannot restore to '%s': it takes %s, and %s are free",
		  QUOTED(directory), wanted, there);
	return error_set_class(err, CLASS_SPACE);
}

static int
check_space(const struct restoring *restoring, struct error **err)
{
	const struct cache_restored *result = &restoring->result;

	for (size_t i = 0; i < result->path_count; i++)
		if (result->paths[i] != CACHE_PATH_KEPT &&
		    check_room(restoring, restoring->restore->roots->items[i].directory, err) < 0)
			return -1;
	return store_space_check(restoring->store, missing_pack_bytes(restoring), err);
}

/* Bytes */

static int
open_blob(const struct restoring *restoring, const struct digest *digest, struct error **err)
{
	uint64_t size_bytes = 0;

	return store_open_blob(restoring->store, digest, &size_bytes, err);
}

static int
send_index(const struct restoring *restoring, struct placement *placement, struct error **err)
{
	const struct descriptors *packs = &restoring->result.artifact.index_packs;

	for (size_t i = 0; i < packs->count; i++) {
		AUTO_CLOSE int fd = open_blob(restoring, &packs->items[i].digest, err);

		if (fd < 0 ||
		    restorer_send(placement->restorer, &packs->items[i].digest, fd, err) < 0)
			return -1;
	}
	return 0;
}

static int
start_helper(struct restoring *restoring, size_t number, struct error **err)
{
	const struct cache_root *root = &restoring->restore->roots->items[number];
	const struct cache_artifact *artifact = &restoring->result.artifact;
	struct placement *placement = &restoring->placements[number];
	const struct restore_request request = {
		.label = root->label,
		.executables = restoring->restore->places[restoring->result.place].executables,
		.shift_ns = restoring->result.shift_ns,
		.most_bytes = artifact->total_bytes,
		.index_pack_count = artifact->index_packs.count,
		.pack_count = restoring->packs.count,
	};
	AUTO_CLOSE int head_fd = open_blob(restoring, &artifact->head->digest, err);

	if (head_fd < 0 || placement_open(placement, root, head_fd, &request, err) < 0 ||
	    send_index(restoring, placement, err) < 0)
		return error_wrap(err, "cannot restore '%s'", root->directory);
	return 0;
}

static bool
is_wanted(const struct restoring *restoring, size_t number)
{
	return restoring->result.paths[number] != CACHE_PATH_KEPT;
}

/* Sends packs that are in the store to helpers that are ready for them, in their order. */
static int
feed(const struct restoring *restoring, struct placement *placement, struct error **err)
{
	const struct descriptors *packs = &restoring->packs;

	while (placement->sent_count < packs->count && placement_wants(placement)) {
		const struct descriptor *pack = &packs->items[placement->sent_count];
		AUTO_CLOSE int fd = -1;

		if (!store_has(restoring->store, &pack->digest, pack->size_bytes))
			return 0;
		fd = open_blob(restoring, &pack->digest, err);
		if (fd < 0 || placement_send(placement, &pack->digest, fd, err) < 0)
			return -1;
	}
	return 0;
}

static bool
has_news(const struct placement *placement)
{
	struct pollfd polled = { .fd = placement_poll_fd(placement), .events = POLLIN };

	return poll(&polled, 1, 0) > 0;
}

static int
serve_helper(const struct restoring *restoring, size_t number, struct error **err)
{
	struct placement *placement = &restoring->placements[number];

	while (!placement->has_ended && has_news(placement))
		if (placement_hear(placement, err) < 0)
			return -1;
	return feed(restoring, placement, err);
}

/* Packs that all helpers have written are removed to make room; otherwise they are kept until all
 * trees are in place, so that a repeated run can continue. */
static void
let_packs_go(struct restoring *restoring)
{
	const struct descriptors *packs = &restoring->packs;
	size_t written = packs->count;

	for (size_t i = 0; i < restoring->result.path_count; i++)
		if (is_wanted(restoring, i) && restoring->placements[i].done_count < written)
			written = restoring->placements[i].done_count;
	for (; restoring->gone_count < written && restoring->hook.begin_limit < packs->count;
	     restoring->gone_count++, restoring->hook.begin_limit++)
		store_forget(restoring->store, &packs->items[restoring->gone_count].digest);
}

static int
turn(void *context, bool more, struct error **err)
{
	struct restoring *restoring = context;

	(void)more;
	for (size_t i = 0; i < restoring->result.path_count; i++)
		if (is_wanted(restoring, i) && serve_helper(restoring, i, err) < 0)
			return error_wrap(err, "cannot restore '%s'",
					  restoring->restore->roots->items[i].directory);
	let_packs_go(restoring);
	return 0;
}

/* With more helpers than can be polled, the rest is checked whenever one of these has a message. */
static void
watch(void *context, struct watched *ret_watched)
{
	const struct restoring *restoring = context;
	const size_t most = COUNT_OF(ret_watched->fds);

	ret_watched->count = 0;
	for (size_t i = 0; i < restoring->result.path_count && ret_watched->count < most; i++)
		if (is_wanted(restoring, i) && !restoring->placements[i].has_ended)
			ret_watched->fds[ret_watched->count++] =
				placement_poll_fd(&restoring->placements[i]);
}

static int
fetch(struct restoring *restoring, struct error **err)
{
	const struct fetch_options options = {
		.repository = restoring->repository,
		.store = restoring->store,
		.observer = restoring->observer,
		.hook = &restoring->hook,
		.is_passing = true,
	};

	restoring->hook = (struct fetch_hook){
		.turn = turn,
		.watch = watch,
		.context = restoring,
		.begin_limit = CACHE_PACKS_HELD_COUNT,
		.verb = "restore",
	};
	return fetch_blobs(&options, &restoring->packs, err);
}

static int
finish_helper(const struct restoring *restoring, size_t number, struct error **err)
{
	struct placement *placement = &restoring->placements[number];

	while (!placement->has_ended)
		if (feed(restoring, placement, err) < 0 || placement_hear(placement, err) < 0)
			return -1;
	return 0;
}

static int
place(struct restoring *restoring, size_t number, struct error **err)
{
	struct placement *placement = &restoring->placements[number];
	struct cache_restored *result = &restoring->result;

	if (!placement->restored.has_root) {
		result->paths[number] = CACHE_PATH_MISSING;
		return 0;
	}
	if (placement_commit(placement, restoring->restore->way, err) < 0)
		return -1;
	result->file_count += placement->restored.file_count;
	result->total_bytes += placement->restored.total_bytes;
	return 0;
}

/* Waits for all helpers first: if one fails, every path stays as it was. */
static int
place_all(struct restoring *restoring, struct error **err)
{
	const struct cache_roots *roots = restoring->restore->roots;

	for (size_t i = 0; i < roots->count; i++)
		if (is_wanted(restoring, i) && finish_helper(restoring, i, err) < 0)
			return error_wrap(err, "cannot restore '%s'", roots->items[i].directory);
	for (size_t i = 0; i < roots->count; i++) {
		if (!is_wanted(restoring, i))
			continue;
		if (place(restoring, i, err) < 0)
			return error_wrap(err, "cannot restore '%s'", roots->items[i].directory);
		placement_release(&restoring->placements[i]);
	}
	return 0;
}

/* The journal */

/* Waits until the file systems' clock has passed the present, so that a later write to a restored
 * file gets a later time.  That clock lags behind by a tick, and since Linux 6.13 files may also
 * get times of the precise clock. */
static void
await_tick(void)
{
	const struct timespec step = { .tv_nsec = 1000000 };
	struct timespec now = { 0 };
	int64_t now_ns;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	now_ns = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
	for (int i = 0; i < 100 && journal_now_ns() <= now_ns; i++)
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
	await_tick();
	if (tree_scan(&placed, NULL, TREE_ALL_EXECUTABLES, &scan, err) < 0)
		return -1;
	return journal_write(restore->journal_folder, restore->roots, &scan, journal_now_ns(),
			     &restoring->result.artifact.digest, err);
}

static int
read_sections(struct restoring *restoring, struct error **err)
{
	struct cache_restored *result = &restoring->result;
	struct index_parts parts = {
		.streams = { [STREAM_SOURCES] = &result->sources,
			     [STREAM_RECORD] = &result->record },
	};

	return cache_index_read(&result->artifact, restoring->repository, restoring->store,
				restoring->observer, &parts, err);
}

static int
prepare(struct restoring *restoring, struct error **err)
{
	const struct cache_restore_hook *hook = restoring->restore->hook;
	struct cache_restored *result = &restoring->result;
	const struct cache_found found = {
		.place = result->place,
		.artifact = &result->artifact,
		.sources = &result->sources,
		.record = &result->record,
		.paths = result->paths,
	};

	return hook ? hook->prepare(hook->context, &found, &result->shift_ns, err) : 0;
}

static int
run(struct restoring *restoring, struct error **err)
{
	const struct cache_restore *restore = restoring->restore;
	struct cache_restored *result = &restoring->result;
	const struct descriptors *packs;

	if (find(restoring, err) < 0)
		return -1;
	if (!result->is_hit)
		return 0;
	look_at_paths(restoring);
	if (restore->dry_run || !has_work(restoring))
		return 0;
	list_packs(restoring);
	restoring->store = session_store(restoring->session, err);
	if (!restoring->store || check_space(restoring, err) < 0 ||
	    read_sections(restoring, err) < 0 || prepare(restoring, err) < 0)
		return -1;
	restoring->placements =
		xcalloc(restoring->result.path_count + 1, sizeof(*restoring->placements));
	for (size_t i = 0; i < restoring->result.path_count; i++)
		if (is_wanted(restoring, i) && start_helper(restoring, i, err) < 0)
			return -1;
	if (fetch(restoring, err) < 0 || place_all(restoring, err) < 0)
		return -1;
	/* Packs are large and were needed only once. */
	packs = &restoring->packs;
	for (size_t i = 0; i < packs->count; i++)
		store_forget(restoring->store, &packs->items[i].digest);
	return restore->journal_folder ? note_files(restoring, err) : 0;
}

/* The next save then reuses nothing of this cache, and replaces it. */
static void
note_damage(const struct restoring *restoring, const struct error *failure)
{
	const struct cache_restore *restore = restoring->restore;
	AUTO_ERROR struct error *ignored = NULL;

	if (!restore->journal_folder || restore->dry_run || !restoring->result.is_hit ||
	    !error_is(failure, ERROR_CONTENT) || error_has_class(failure, CLASS_SOURCE_CHANGED))
		return;
	(void)!journal_note_damaged(restore->journal_folder, restore->roots,
				    &restoring->result.artifact.digest, &ignored);
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

	if (run(&restoring, err) < 0) {
		note_damage(&restoring, *err);
		return -1;
	}
	*ret_restored = restoring.result;
	restoring.result = (struct cache_restored){ 0 };
	return 0;
}

int
cache_restore_undo(const struct cache_restore *restore, const struct cache_restored *restored,
		   struct error **err)
{
	for (size_t i = 0; i < restored->path_count; i++)
		if (restored->paths[i] == CACHE_PATH_RESTORED &&
		    placement_remove(&restore->roots->items[i], err) < 0)
			return -1;
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
