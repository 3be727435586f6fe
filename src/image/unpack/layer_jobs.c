/* SPDX-License-Identifier: Apache-2.0 */
#include "image/unpack/layer_jobs.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/leftovers.h"
#include "base/limits.h"
#include "base/observer.h"
#include "base/watched.h"
#include "base/xalloc.h"
#include "image/document/local_image.h"
#include "layer/unpacker.h"
#include "store/lock.h"
#include "store/store.h"

static bool
has_come(const struct layer_source *source, size_t number)
{
	const struct descriptor *layer = &source->image->manifest.layers.items[number];

	return source->is_whole || store_has(source->store, &layer->digest, layer->size_bytes);
}

/* Takes the descriptor; -1: none. */
static void
keep_sent(struct layer_job *job, size_t number, int fd)
{
	int *kept = &job->sent_fds[number % LAYERS_AHEAD_COUNT];

	close_at(kept);
	*kept = fd;
}

/* The helper reads on from the position of our descriptor of the same open file.  It is only shown,
 * and never more than the layer's size. */
static void
tell_progress(struct layer_job *job, const struct layer_source *source)
{
	const struct descriptors *layers = &source->image->manifest.layers;
	size_t number = job->first + job->done;
	off_t at = -1;
	uint64_t read_bytes;

	if (job->done < job->sent && number < layers->count)
		at = lseek(job->sent_fds[job->done % LAYERS_AHEAD_COUNT], 0, SEEK_CUR);
	read_bytes = at > 0 ? (uint64_t)at : 0;
	if (read_bytes <= job->told_bytes || read_bytes > layers->items[number].size_bytes)
		return;
	observer_count(source->observer, EVENT_UNPACKING, read_bytes - job->told_bytes);
	job->told_bytes = read_bytes;
}

static int
layer_job_send(struct layer_job *job, const struct layer_source *source, struct error **err)
{
	for (; job->sent < job->count && job->sent < job->done + LAYERS_AHEAD_COUNT; job->sent++) {
		size_t number = job->first + job->sent;
		const struct descriptor *layer;
		AUTO_CLOSE int fd = -1;
		uint64_t size_bytes;

		if (!has_come(source, number))
			return 0;
		layer = &source->image->manifest.layers.items[number];
		fd = store_open_blob(source->store, &layer->digest, &size_bytes, err);
		if (fd < 0)
			return -1;
		if (unpacker_send(job->unpacker, &source->image->config.diff_ids[number], fd, err) <
		    0)
			return -1;
		keep_sent(job, job->sent, TAKE_FD(fd));
	}
	return 0;
}

static int
layer_job_start(struct layer_job *job, const struct layer_source *source, struct error **err)
{
	const struct unpack_request request = {
		.overlay = source->overlay,
		.devices = source->devices,
		.layer_count = job->count,
		.map = *source->map,
	};
	const struct descriptors *layers = &source->image->manifest.layers;

	for (size_t i = job->first; i < job->first + job->count && i < layers->count; i++)
		observer_count(source->observer, EVENT_LAYER, layers->items[i].size_bytes);
	job->unpacker = unpacker_start(job->tree_fd, job->record_fd, &request, err);
	return job->unpacker ? layer_job_send(job, source, err) : -1;
}

static int
fail(const struct layer_job *job, const struct layer_source *source, struct error **err)
{
	return job->done < job->count
		       ? error_wrap(err, "layer %zu of %zu", job->first + job->done + 1,
				    source->image->manifest.layers.count)
		       : -1;
}

static void
layer_job_release(struct layer_job *job)
{
	unpacker_free(TAKE_PTR(job->unpacker));
	close_at(&job->tree_fd);
	close_at(&job->record_fd);
	for (size_t i = 0; i < LAYERS_AHEAD_COUNT; i++)
		keep_sent(job, i, -1);
	job->tree_fd = -1;
	job->record_fd = -1;
}

static int
layer_job_hear(struct layer_job *job, const struct layer_source *source, struct error **err)
{
	bool ended = false;

	if (unpacker_receive(job->unpacker, &ended, &job->result, err) < 0)
		return fail(job, source, err);
	if (!ended) {
		const struct descriptors *layers = &source->image->manifest.layers;
		size_t number = job->first + job->done;

		if (number < layers->count)
			observer_count(source->observer, EVENT_UNPACKED,
				       layers->items[number].size_bytes - job->told_bytes);
		keep_sent(job, job->done, -1);
		job->told_bytes = 0;
		job->done++;
		return layer_job_send(job, source, err);
	}
	layer_job_release(job);
	job->is_made = true;
	if (job->result.skipped_devices > 0)
		observer_tell(source->observer, EVENT_NOTICE,
			      "devices and sockets of the image that were skipped: %" PRIu64,
			      job->result.skipped_devices);
	if (job->result.dropped_xattrs > 0)
		observer_tell(source->observer, EVENT_NOTICE,
			      "extended attributes of the image that were skipped: %" PRIu64,
			      job->result.dropped_xattrs);
	return 0;
}

#define BUSY_PAUSE_MS 100

static struct layer_tree *
add(struct layer_jobs *jobs)
{
	struct layer_tree *tree;

	jobs->items = xgrow(jobs->items, jobs->count, sizeof(*jobs->items));
	tree = &jobs->items[jobs->count++];
	*tree = (struct layer_tree){ .job = LAYER_JOB_INIT, .fd = -1, .state = LAYER_BUSY };
	return tree;
}

void
layer_jobs_add(struct layer_jobs *jobs, char *name, size_t first, size_t count)
{
	struct layer_tree *tree = add(jobs);

	tree->name = name;
	tree->job.first = first;
	tree->job.count = count;
}

int
layer_jobs_add_directory(struct layer_jobs *jobs, int tree_fd, int record_fd, struct error **err)
{
	struct layer_tree *tree = add(jobs);

	tree->job.count = jobs->source.image->manifest.layers.count;
	tree->job.tree_fd = fcntl(tree_fd, F_DUPFD_CLOEXEC, 0);
	if (record_fd >= 0)
		tree->job.record_fd = fcntl(record_fd, F_DUPFD_CLOEXEC, 0);
	if (tree->job.tree_fd < 0 || (record_fd >= 0 && tree->job.record_fd < 0))
		return error_set_errno(err, errno, "cannot duplicate a descriptor");
	return 0;
}

void
layer_jobs_release(struct layer_jobs *jobs)
{
	for (size_t i = 0; i < jobs->count; i++) {
		layer_job_release(&jobs->items[i].job);
		close_at(&jobs->items[i].fd);
		free(jobs->items[i].name);
	}
	free(jobs->items);
	jobs->items = NULL;
	jobs->count = 0;
}

/* Still BUSY: another process is unpacking it. */
static int
open_tree(const struct layer_jobs *jobs, struct layer_tree *tree, struct error **err)
{
	if (!tree->name) {
		tree->state = LAYER_NEW;
		return 0;
	}
	if (store_layer_open(jobs->source.store, tree->name, &tree->state, &tree->fd, err) < 0)
		return -1;
	if (tree->state != LAYER_NEW)
		return 0;
	struct layer_job *job = &tree->job;

	if (mkdirat(tree->fd, "fs", 0700) == 0)
		job->tree_fd = dir_open_at(tree->fd, "fs");
	if (job->tree_fd >= 0)
		job->record_fd =
			openat(tree->fd, "record", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (job->record_fd < 0)
		return error_set_path(err, errno, "make a directory for layer", tree->name);
	return 0;
}

static size_t
running_count(const struct layer_jobs *jobs)
{
	size_t count = 0;

	for (size_t i = 0; i < jobs->count; i++)
		count += jobs->items[i].job.unpacker != NULL;
	return count;
}

/* More would only take turns on the processors. */
static size_t
most_count(void)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);

	return processors > 0 && processors < UNPACKERS_LIMIT_COUNT ? (size_t)processors
								    : UNPACKERS_LIMIT_COUNT;
}

/* Starts the trees that can be made now, up to the limit. */
static int
start_jobs(struct layer_jobs *jobs, struct error **err)
{
	for (size_t i = 0; i < jobs->count; i++) {
		struct layer_tree *tree = &jobs->items[i];

		if (tree->state != LAYER_BUSY || running_count(jobs) >= most_count() ||
		    (tree->job.count > 0 && !has_come(&jobs->source, tree->job.first)))
			continue;
		if (open_tree(jobs, tree, err) < 0 ||
		    (tree->state == LAYER_NEW &&
		     layer_job_start(&tree->job, &jobs->source, err) < 0))
			return error_wrap(err, "layer %zu", tree->job.first + 1);
	}
	return 0;
}

static int
send_layers(struct layer_jobs *jobs, struct error **err)
{
	for (size_t i = 0; i < jobs->count; i++)
		if (jobs->items[i].job.unpacker &&
		    layer_job_send(&jobs->items[i].job, &jobs->source, err) < 0)
			return -1;
	return 0;
}

/* The running ones, at most that many. */
static nfds_t
list_running(const struct layer_jobs *jobs, struct pollfd *ret_polled, struct layer_job **ret_jobs)
{
	nfds_t count = 0;

	for (size_t i = 0; i < jobs->count && count < UNPACKERS_LIMIT_COUNT; i++) {
		struct layer_job *job = &jobs->items[i].job;

		if (!job->unpacker)
			continue;
		ret_jobs[count] = job;
		ret_polled[count++] = (struct pollfd){
			.fd = unpacker_poll_fd(job->unpacker),
			.events = POLLIN,
		};
	}
	return count;
}

/* *ret_any: a helper has sent something. */
static int
hear_jobs(struct layer_jobs *jobs, int most_ms, bool *ret_any, struct error **err)
{
	struct pollfd polled[UNPACKERS_LIMIT_COUNT];
	struct layer_job *of[UNPACKERS_LIMIT_COUNT];
	nfds_t count = list_running(jobs, polled, of);
	int ready = poll(polled, count, most_ms);

	if (ready < 0 && errno != EINTR)
		return error_set_errno(err, errno, "cannot wait for the helper");
	if (leftovers_check(err) < 0)
		return -1;
	*ret_any = ready > 0;
	for (nfds_t i = 0; ready > 0 && i < count; i++)
		if (polled[i].revents && layer_job_hear(of[i], &jobs->source, err) < 0)
			return -1;
	for (nfds_t i = 0; i < count; i++)
		if (of[i]->unpacker)
			tell_progress(of[i], &jobs->source);
	for (nfds_t i = 0; ready == 0 && most_ms > 0 && i < count; i++)
		if (unpacker_note_wait(of[i]->unpacker, most_ms, err) < 0)
			return fail(of[i], &jobs->source, err);
	return 0;
}

int
layer_jobs_step(struct layer_jobs *jobs, bool more, struct error **err)
{
	bool any = false;

	if (more && send_layers(jobs, err) < 0)
		return -1;
	if (hear_jobs(jobs, 0, &any, err) < 0)
		return -1;
	return more || any ? start_jobs(jobs, err) : 0;
}

void
layer_jobs_watch(const struct layer_jobs *jobs, struct watched *ret_watched)
{
	ret_watched->count = 0;
	for (size_t i = 0; i < jobs->count; i++)
		if (jobs->items[i].job.unpacker)
			ret_watched->fds[ret_watched->count++] =
				unpacker_poll_fd(jobs->items[i].job.unpacker);
}

static bool
all_ended(const struct layer_jobs *jobs)
{
	for (size_t i = 0; i < jobs->count; i++)
		if (jobs->items[i].state == LAYER_BUSY || jobs->items[i].job.unpacker)
			return false;
	return true;
}

static int
commit(struct layer_jobs *jobs, struct error **err)
{
	struct store *store = jobs->source.store;
	bool synced = false;

	for (size_t i = 0; i < jobs->count; i++) {
		struct layer_tree *tree = &jobs->items[i];

		if (!tree->name || !tree->job.is_made)
			continue;
		if (!synced && store_layers_sync(store, err) < 0)
			return -1;
		synced = true;
		if (store_layer_commit(store, tree->name, tree->fd, err) < 0)
			return -1;
		tree->job.is_made = false;
	}
	return 0;
}

int
layer_jobs_run(struct layer_jobs *jobs, struct error **err)
{
	struct lock_wait wait = { 0 };
	bool any;

	jobs->source.is_whole = true;
	if (send_layers(jobs, err) < 0)
		return -1;
	for (;;) {
		if (start_jobs(jobs, err) < 0)
			return -1;
		if (all_ended(jobs))
			return commit(jobs, err);
		if (running_count(jobs) == 0) {
			/* Before waiting for other processes, commits what is made, so that they
			 * need not wait for us. */
			if (commit(jobs, err) < 0 ||
			    lock_wait_on(&wait, jobs->source.store, ".ocifp/layers", err) < 0)
				return -1;
			(void)poll(NULL, 0, BUSY_PAUSE_MS);
			continue;
		}
		wait = (struct lock_wait){ 0 };
		observer_count(jobs->source.observer, EVENT_STEP, 0);
		if (hear_jobs(jobs, BUSY_PAUSE_MS, &any, err) < 0)
			return -1;
	}
}
