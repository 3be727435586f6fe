/* SPDX-License-Identifier: Apache-2.0 */
#include "image/transfer/send.h"

#include "base/error.h"
#include "base/limits.h"
#include "base/observer.h"
#include "base/xalloc.h"
#include "repository/repository.h"
#include "store/store.h"
#include "stream/relay.h"

struct send_job {
	struct send *send;
	const struct descriptor *descriptor;
	struct source source;
	int fd;
	struct relay *relay; /* for a blob that is not local */
	bool is_put;         /* or cannot be opened any more */
};

struct send {
	const struct send_options *options;
	struct send_job *jobs;
	size_t job_count;
	size_t next;
	size_t running_count;
	struct error *failure; /* the first one; no further jobs are started then */
};

/* Waits until both sides of a relay have ended. */
static void
end_job(struct send_job *job)
{
	if (!job->is_put || (job->relay && relay_is_arriving(job->relay)))
		return;
	close_at(&job->fd);
	job->fd = -1;
	relay_free(TAKE_PTR(job->relay));
	job->send->running_count--;
}

static void
note_end(struct send_job *job, enum blob_outcome outcome, struct error *failure)
{
	struct send *send = job->send;
	struct digest_text text = digest_text(&job->descriptor->digest);

	if (!failure)
		observer_blob(send->options->observer,
			      outcome == BLOB_MOVED ? EVENT_FINISHED : EVENT_REUSED, text.text,
			      job->descriptor->size_bytes);
	else if (send->failure)
		error_free(failure);
	else
		send->failure = failure;
}

static void
blob_ended(void *context, enum blob_outcome outcome, struct error *failure)
{
	struct send_job *job = context;

	note_end(job, outcome, failure);
	job->is_put = true;
	if (job->relay)
		relay_abandon(job->relay);
	end_job(job);
}

static void
blob_arrived(void *context, enum blob_outcome outcome, struct error *failure)
{
	struct send_job *job = context;

	(void)outcome;
	relay_arrived(job->relay, failure);
	end_job(job);
}

static int
start_arrival(void *context, struct body *body, struct error **err)
{
	struct send_job *job = context;

	return repository_get_blob(job->send->options->source, job->descriptor, body, blob_arrived,
				   job, err);
}

static bool
cancel_arrival(void *context)
{
	const struct send_job *job = context;

	return repository_cancel_blob(job->send->options->source, job);
}

/* *ret_found false: not a new blob of this machine. */
static int
open_made(struct send_job *job, bool *ret_found, struct error **err)
{
	const struct descriptor *descriptor = job->descriptor;
	struct store *made = job->send->options->made;
	uint64_t size_bytes = 0;

	*ret_found = made && store_has(made, &descriptor->digest, descriptor->size_bytes);
	if (!*ret_found)
		return 0;
	job->fd = store_open_blob(made, &descriptor->digest, &size_bytes, err);
	job->source = source_of_fd(job->fd, size_bytes);
	return job->fd < 0 ? -1 : 0;
}

static int
open_source(struct send_job *job, struct error **err)
{
	static const struct relay_arrival arrival = { start_arrival, cancel_arrival };
	const struct descriptor *descriptor = job->descriptor;
	uint64_t offset_bytes = 0;
	bool found;

	if (open_made(job, &found, err) < 0)
		return -1;
	if (found)
		return 0;
	if (repository_open_blob(job->send->options->source, descriptor, &job->fd, &offset_bytes,
				 err) < 0)
		return -1;
	if (job->fd < 0) {
		job->relay = relay_new(&descriptor->digest, descriptor->size_bytes, &arrival, job);
		job->source = relay_source(job->relay);
		return 0;
	}
	job->source = source_of_fd(job->fd, descriptor->size_bytes);
	job->source.offset_bytes = offset_bytes;
	return 0;
}

static int
start_job(struct send_job *job, struct error **err)
{
	const struct send_options *options = job->send->options;
	struct blob_upload upload = {
		.digest = job->descriptor->digest,
		.size_bytes = job->descriptor->size_bytes,
		.source = &job->source,
		.mount_from = options->mount_from,
		.skip_check = options->skip_check,
	};

	if (open_source(job, err) < 0)
		return -1;
	observer_blob(options->observer, EVENT_PLANNED, digest_text(&job->descriptor->digest).text,
		      job->descriptor->size_bytes);
	return repository_put_blob(options->destination, &upload, blob_ended, job, err);
}

static void
start_jobs(struct send *send)
{
	while (!send->failure && send->next < send->job_count &&
	       send->running_count < LARGE_TRANSFERS_LIMIT_COUNT) {
		struct send_job *job = &send->jobs[send->next++];
		struct error *failure = NULL;

		send->running_count++;
		if (start_job(job, &failure) < 0)
			blob_ended(job, BLOB_MOVED, failure);
	}
}

static void
send_release(struct send *send)
{
	for (size_t i = 0; i < send->job_count; i++) {
		close_at(&send->jobs[i].fd);
		relay_free(send->jobs[i].relay);
	}
	free(send->jobs);
	error_free(send->failure);
}

int
send_blobs(const struct send_options *options, const struct descriptors *blobs, struct error **err)
{
	CLEANUP(send_release) struct send send = { .options = options };
	bool is_upload = (options->made || repository_is_local(options->source)) &&
			 !repository_is_local(options->destination);

	send.jobs = xcalloc(blobs->count + 1, sizeof(*send.jobs));
	send.job_count = blobs->count;
	for (size_t i = 0; i < blobs->count; i++) {
		send.jobs[i].send = &send;
		send.jobs[i].descriptor = &blobs->items[i];
		send.jobs[i].fd = -1;
	}
	observer_phase(options->observer, EVENT_BEGUN, is_upload ? PHASE_UPLOAD : PHASE_COPY);
	for (size_t i = 0; i < blobs->count; i++)
		observer_blob(options->observer, EVENT_EXPECTED,
			      digest_text(&blobs->items[i].digest).text,
			      blobs->items[i].size_bytes);
	while (send.running_count > 0 || (!send.failure && send.next < send.job_count)) {
		start_jobs(&send);
		if (send.running_count > 0 &&
		    repository_step(options->destination, NULL, 1000, err) < 0)
			return -1;
	}
	if (!send.failure)
		return 0;
	return error_pass(err, TAKE_PTR(send.failure));
}
