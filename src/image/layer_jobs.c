#include "image/layer_jobs.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "image/local_image.h"
#include "image/unpack_tree.h"
#include "layer/unpacker.h"
#include "store/lock.h"
#include "store/store.h"

#define AHEAD_COUNT 2 /* one that is unpacked, one that is inflated meanwhile */
#define BUSY_PAUSE_MS 100

void
layer_jobs_add(struct layer_jobs *jobs, char *name, size_t first, size_t count)
{
	jobs->items = xrealloc(jobs->items, (jobs->count + 1) * sizeof(*jobs->items));
	jobs->items[jobs->count++] = (struct layer_job){
		.name = name,
		.first = first,
		.count = count,
		.fd = -1,
		.tree_fd = -1,
		.record_fd = -1,
		.state = LAYER_BUSY,
	};
}

static void
end_job(struct layer_job *job)
{
	unpacker_free(TAKE_PTR(job->unpacker));
	close_at(&job->tree_fd);
	close_at(&job->record_fd);
	job->tree_fd = -1;
	job->record_fd = -1;
}

void
layer_jobs_release(struct layer_jobs *jobs)
{
	for (size_t i = 0; i < jobs->count; i++) {
		end_job(&jobs->items[i]);
		close_at(&jobs->items[i].fd);
		free(jobs->items[i].name);
	}
	free(jobs->items);
	jobs->items = NULL;
	jobs->count = 0;
}

static int
make_places(struct layer_job *job, struct error **err)
{
	if (mkdirat(job->fd, "fs", 0700) == 0)
		job->tree_fd =
			openat(job->fd, "fs", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (job->tree_fd >= 0)
		job->record_fd =
			openat(job->fd, "record", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (job->record_fd < 0)
		return error_set_path(err, errno, "make a directory for layer", job->name);
	return 0;
}

static int
send_layers(const struct layer_jobs *jobs, struct layer_job *job, struct error **err)
{
	for (; job->sent < job->count && job->sent < job->done + AHEAD_COUNT; job->sent++) {
		size_t number = job->first + job->sent;
		AUTO_CLOSE int fd = -1;
		uint64_t size_bytes;

		fd = store_open_blob(jobs->store,
				     &jobs->image->manifest.layers.items[number].digest,
				     &size_bytes, err);
		if (fd < 0 || unpacker_send(job->unpacker, &jobs->image->config.diff_ids[number],
					    fd, err) < 0)
			return -1;
	}
	return 0;
}

static int
start_job(const struct layer_jobs *jobs, struct layer_job *job, struct error **err)
{
	const struct unpack_request request = {
		.overlay = jobs->overlay,
		.layer_count = job->count,
		.map = *jobs->map,
	};

	if (make_places(job, err) < 0)
		return -1;
	job->unpacker = unpacker_start(job->tree_fd, job->record_fd, &request, err);
	return job->unpacker ? send_layers(jobs, job, err) : -1;
}

static size_t
running_count(const struct layer_jobs *jobs)
{
	size_t count = 0;

	for (size_t i = 0; i < jobs->count; i++)
		count += jobs->items[i].unpacker != NULL;
	return count;
}

/* Those that can be had now, up to as many as may run. */
static int
start_jobs(struct layer_jobs *jobs, struct error **err)
{
	for (size_t i = 0; i < jobs->count; i++) {
		struct layer_job *job = &jobs->items[i];

		if (job->state != LAYER_BUSY || running_count(jobs) >= UNPACKERS_LIMIT_COUNT)
			continue;
		if (store_layer_open(jobs->store, job->name, &job->state, &job->fd, err) < 0)
			return -1;
		if (job->state == LAYER_NEW && start_job(jobs, job, err) < 0)
			return error_wrap(err, "layer %zu", job->first + 1);
	}
	return 0;
}

static int
hear_job(struct layer_jobs *jobs, struct layer_job *job, struct error **err)
{
	struct unpack_result result = { 0 };
	bool ended = false;

	if (unpacker_receive(job->unpacker, &ended, &result, err) < 0)
		return error_wrap(err, "layer %zu", job->first + job->done + 1);
	if (!ended) {
		job->done++;
		return send_layers(jobs, job, err);
	}
	end_job(job);
	job->is_made = true;
	unpack_tell(jobs->observer, &result);
	return 0;
}

static int
hear_jobs(struct layer_jobs *jobs, struct error **err)
{
	struct pollfd polled[UNPACKERS_LIMIT_COUNT];
	struct layer_job *of[UNPACKERS_LIMIT_COUNT];
	nfds_t count = 0;

	for (size_t i = 0; i < jobs->count && count < UNPACKERS_LIMIT_COUNT; i++) {
		if (!jobs->items[i].unpacker)
			continue;
		of[count] = &jobs->items[i];
		polled[count++] = (struct pollfd){
			.fd = unpacker_poll_fd(jobs->items[i].unpacker),
			.events = POLLIN,
		};
	}
	if (poll(polled, count, BUSY_PAUSE_MS) < 0 && errno != EINTR)
		return error_set_errno(err, errno, "cannot wait for the helper");
	for (nfds_t i = 0; i < count; i++)
		if (polled[i].revents && hear_job(jobs, of[i], err) < 0)
			return -1;
	return 0;
}

static bool
all_ended(const struct layer_jobs *jobs)
{
	for (size_t i = 0; i < jobs->count; i++)
		if (jobs->items[i].state == LAYER_BUSY || jobs->items[i].unpacker)
			return false;
	return true;
}

static int
commit(struct layer_jobs *jobs, struct error **err)
{
	bool synced = false;

	for (size_t i = 0; i < jobs->count; i++) {
		struct layer_job *job = &jobs->items[i];

		if (!job->is_made)
			continue;
		if (!synced && store_layers_sync(jobs->store, err) < 0)
			return -1;
		synced = true;
		if (store_layer_commit(jobs->store, job->name, job->fd, err) < 0)
			return -1;
		job->is_made = false;
	}
	return 0;
}

/* While we wait for others we hold nothing that they wait for: what is made is committed first. */
static int
wait_for_others(struct layer_jobs *jobs, struct lock_wait *wait, struct error **err)
{
	if (commit(jobs, err) < 0 || lock_wait_on(wait, jobs->store, ".ocifp/layers", err) < 0)
		return -1;
	(void)poll(NULL, 0, BUSY_PAUSE_MS);
	return 0;
}

int
layer_jobs_run(struct layer_jobs *jobs, struct error **err)
{
	struct lock_wait wait = { 0 };

	for (;;) {
		if (start_jobs(jobs, err) < 0)
			return -1;
		if (all_ended(jobs))
			return commit(jobs, err);
		if (running_count(jobs) == 0) {
			if (wait_for_others(jobs, &wait, err) < 0)
				return -1;
			continue;
		}
		wait = (struct lock_wait){ 0 };
		if (hear_jobs(jobs, err) < 0)
			return -1;
	}
}
