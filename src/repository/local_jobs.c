/* SPDX-License-Identifier: Apache-2.0 */
#include "repository/local_jobs.h"

#include <poll.h>
#include <stddef.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/observer.h"
#include "base/watched.h"
#include "base/xalloc.h"
#include "oci/digest.h"
#include "stream/body.h"
#include "stream/source.h"

void
local_jobs_add(struct local_jobs *jobs, struct local_job *job)
{
	job->next = NULL;
	if (jobs->last)
		jobs->last->next = job;
	else
		jobs->first = job;
	jobs->last = job;
}

static struct local_job *
take_first(struct local_jobs *jobs)
{
	struct local_job *job = jobs->first;

	if (!job)
		return NULL;
	jobs->first = job->next;
	if (!jobs->first)
		jobs->last = NULL;
	return job;
}

static void
pause_for(const struct watched *also, int most_ms)
{
	struct pollfd polls[COUNT_OF(also->fds)];
	nfds_t count = 0;

	for (; also && count < also->count; count++)
		polls[count] = (struct pollfd){ .fd = also->fds[count], .events = POLLIN };
	(void)poll(polls, count, most_ms);
}

void
local_jobs_step(struct local_jobs *jobs, const struct watched *also, int most_ms)
{
	struct local_job *job = take_first(jobs);
	enum blob_outcome outcome = BLOB_MOVED;
	struct error *failure = NULL;
	bool again = false;

	if (!job) {
		pause_for(also, most_ms);
		return;
	}
	if (job->run(job, &outcome, &again, &failure) == 0 && again) {
		local_jobs_add(jobs, job);
		pause_for(also, most_ms);
		return;
	}
	job->done(job->context, outcome, failure);
	job->free(job);
}

void
local_jobs_release(struct local_jobs *jobs)
{
	struct local_job *job;

	while ((job = take_first(jobs)))
		job->free(job);
}

int
copy_source(const struct source *source, struct body *body, struct observer *observer,
	    const struct digest *digest, struct error **err)
{
	const struct digest_text text = digest_text(digest);
	AUTO_FREE char *buffer = xcalloc(1, TRANSFER_BUFFER_BYTES);
	uint64_t at_bytes = body_wanted(body).first;

	if (body_begin(body, at_bytes, err) < 0)
		return -1;
	while (at_bytes < source->size_bytes) {
		size_t size = 0;

		if (source_read(source, at_bytes, buffer, TRANSFER_BUFFER_BYTES, &size, err) < 0)
			return -1;
		if (body_write(body, buffer, size, err) < 0)
			return -1;
		at_bytes += size;
		observer_hear(observer, &(struct event){ .kind = EVENT_MOVED,
							 .text = text.text,
							 .bytes = size,
							 .at_bytes = at_bytes });
	}
	return body_end(body, err);
}
