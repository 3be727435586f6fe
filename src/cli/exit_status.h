/* SPDX-License-Identifier: Apache-2.0 */
/* exit_status.h - the exit statuses of the program
 *
 * Stable: scripts depend on them.  ocifp(1), EXIT STATUS, has the same table; a test compares them.
 */
#ifndef OCIFP_CLI_EXIT_STATUS_H
#define OCIFP_CLI_EXIT_STATUS_H

#include "base/error.h"

struct exit_status {
	int number;
	const char *name; /* for machines; NULL ends the table */
	const char *text;
};

extern const struct exit_status exit_statuses[]; /* by number; the first is success */

const struct exit_status *exit_status_of(const struct error *error); /* NULL: success */

#endif
