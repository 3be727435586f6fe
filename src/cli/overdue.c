/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/overdue.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "cli/context.h"
#include "cli/output/report.h"

static const int64_t grace_ms = 1000;
static const int64_t job_grace_ms = 30000; /* it is killed, and all that it wrote is removed */

/* Runs on a thread of its own, while the first one is anywhere. */
static void
end(union sigval value)
{
	struct error *error = NULL;

	error_set(&error, ERROR_TIMEOUT, "the time given by --timeout has passed");
	_exit(report_at_once(value.sival_ptr, error));
}

static struct timespec
timespec_of(int64_t ms)
{
	return (struct timespec){ .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };
}

int
overdue_watch(const struct common_options *options, bool runs_job, struct error **err)
{
	struct sigevent event = {
		.sigev_notify = SIGEV_THREAD,
		.sigev_notify_function = end,
		.sigev_value.sival_ptr = (void *)(uintptr_t)options,
	};
	struct itimerspec time = { .it_value = timespec_of(options->timeout_ms +
							   (runs_job ? job_grace_ms : grace_ms)) };
	timer_t timer;

	if (options->timeout_ms <= 0)
		return 0;
	if (timer_create(CLOCK_MONOTONIC, &event, &timer) < 0 ||
	    timer_settime(timer, 0, &time, NULL) < 0)
		return error_set_errno(err, errno, "cannot set a timer");
	return 0;
}
