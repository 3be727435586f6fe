/* SPDX-License-Identifier: Apache-2.0 */
/* leftovers.h - temporary files that go when a signal ends us
 *
 * For a HUP, INT or TERM that comes while nobody waits for a program (base/spawn.h) and that is not
 * ignored: what was added is removed, the last first, and we die by the signal.
 */
#ifndef OCIFP_BASE_LEFTOVERS_H
#define OCIFP_BASE_LEFTOVERS_H

/* A file, a link or a directory that will be empty by then; before it is made, or at once after. */
void leftovers_add(const char *path);

/* It and all below are gone, or somebody else's. */
void leftovers_forget(const char *path);

#endif
