/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/exit_status.h"

#include <stddef.h>

const struct exit_status exit_statuses[] = {
	{ 0, "done", "done, or present" },
	{ 1, "failure", "other failure: quota, memory, a fault of our own" },
	{ 2, "usage", "usage or configuration" },
	{ 3, "absent", "proven absent" },
	{ 4, "denied", "not authorised" },
	{ 5, "unavailable", "network or server trouble: the answer is unknown" },
	{ 6, "rate", "rate limited: the budget for waiting is spent" },
	{ 7, "content", "content that does not match its digest, size or specification" },
	{ 8, "platform", "the image lacks the wanted platform" },
	{ 9, "refused", "refused: trust or conflict" },
	{ 10, "local", "local input or output, or waiting for a lock" },
	{ 11, "build", "the build command failed" },
	{ 124, "timeout", "the time given by --timeout has passed" },
	{ 125, "job", "run: ocifp itself failed" },
	{ 126, "not-invoked", "run: the program is there and cannot be started" },
	{ 127, "not-found", "run: the program is not there" },
	{ 0 },
};

/* Rows of the table. */
static const unsigned char rows[ERROR_KIND_COUNT] = {
	[ERROR_FAILURE] = 1, [ERROR_USAGE] = 2,        [ERROR_ABSENT] = 3,
	[ERROR_DENIED] = 4,  [ERROR_UNAVAILABLE] = 5,  [ERROR_RATE] = 6,
	[ERROR_CONTENT] = 7, [ERROR_PLATFORM] = 8,     [ERROR_REFUSED] = 9,
	[ERROR_LOCAL] = 10,  [ERROR_BUILD] = 11,       [ERROR_TIMEOUT] = 12,
	[ERROR_JOB] = 13,    [ERROR_NOT_INVOKED] = 14, [ERROR_NOT_FOUND] = 15,
};

const struct exit_status *
exit_status_of(const struct error *error)
{
	return &exit_statuses[error ? rows[error_kind(error)] : 0];
}
