/* SPDX-License-Identifier: Apache-2.0 */
#include "repository/local_jobs.h"

#include <poll.h>
#include <stddef.h>

#include "base/error.h"
#include "base/watched.h"

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
	struct pollfd polls[sizeof(also->fds) / sizeof(also->fds[0])];
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
