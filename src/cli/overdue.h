/* SPDX-License-Identifier: Apache-2.0 */
/* overdue.h - the end of a run that --timeout did not end
 *
 * The network ends by itself at the deadline.  What may still go on, such as hashing or a build, is
 * ended a moment later, with the same exit status; what has to be done when a job is killed, later.
 */
#ifndef OCIFP_CLI_OVERDUE_H
#define OCIFP_CLI_OVERDUE_H

#include <stdbool.h>

struct common_options;
struct error;

/* The options are borrowed until the program ends. */
int overdue_watch(const struct common_options *options, bool runs_job, struct error **err);

#endif
