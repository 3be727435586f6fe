/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/overdue.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "cli/context.h"
#include "cli/output/report.h"

static const int64_t grace_ms = 1000;
static const int64_t job_grace_ms = 30000; /* it is killed, and all that it wrote is removed */

struct watch {
	const struct common_options *options;
	int64_t wait_ms;
};

/* Runs on a thread of its own, while the first one is anywhere. */
static void *
watch(void *context)
{
	const struct watch *watch = context;
	struct timespec left = { .tv_sec = watch->wait_ms / 1000,
				 .tv_nsec = watch->wait_ms % 1000 * 1000000 };
	struct error *error = NULL;

	while (nanosleep(&left, &left) < 0 && errno == EINTR)
		continue;
	error_set(&error, ERROR_TIMEOUT, "the time given by --timeout has passed");
	_exit(report_at_once(watch->options, error));
}

int
overdue_watch(const struct common_options *options, bool runs_job, struct error **err)
{
	static struct watch overdue;
	pthread_t thread;
	sigset_t all;
	sigset_t before;
	int errnum;

	if (options->timeout_ms <= 0)
		return 0;
	overdue = (struct watch){
		.options = options,
		.wait_ms = options->timeout_ms + (runs_job ? job_grace_ms : grace_ms),
	};
	sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	errnum = pthread_create(&thread, NULL, watch, &overdue);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (errnum)
		return error_set_errno(err, errnum, "cannot watch the time");
	(void)pthread_detach(thread);
	return 0;
}
