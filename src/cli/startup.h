/* SPDX-License-Identifier: Apache-2.0 */
/* startup.h - the process as the rest of the program may take it for granted */
#ifndef OCIFP_CLI_STARTUP_H
#define OCIFP_CLI_STARTUP_H

struct error;

/* Descriptors 0 to 2 are open, a write to a closed pipe is an error and no signal, children can be
 * waited for, no core file is written, and the owner can use what is made whatever the umask.
 * ERROR_USAGE when the program runs with privileges that its user lacks. */
int startup(struct error **err);

#endif
