/* SPDX-License-Identifier: Apache-2.0 */
/* leftovers.h - temporary files that are removed when a signal ends the process
 *
 * For HUP, INT and TERM, unless ignored, while no child is awaited (base/spawn.h): the added paths
 * are removed, the last first, and the process dies by the signal.
 */
#ifndef OCIFP_BASE_LEFTOVERS_H
#define OCIFP_BASE_LEFTOVERS_H

struct error;

/* Adds a file, a link, or a directory that will be empty by then.  Call it before the path is
 * created, or at once after that. */
void leftovers_add(const char *path);

/* The path and everything below it was removed, or is in use by others now. */
void leftovers_forget(const char *path);

/* For a tree, which no signal handler can remove: between hold and the last let_go the first of
 * these signals is only noted.  The code that works on the tree calls leftovers_check() and gives
 * up, the last let_go raises the signal again, and a second signal ends the process at once. */
void leftovers_hold(void);
void leftovers_let_go(void);
int leftovers_check(struct error **err); /* -1, class "signal": a signal was noted */

#endif
