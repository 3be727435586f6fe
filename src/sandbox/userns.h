/* SPDX-License-Identifier: Apache-2.0 */
/* userns.h - user namespaces, and the settings that forbid them
 *
 * Without Linux (userns_none.c) all are refused.  user_namespaces(7);
 * kernel.unprivileged_userns_clone is Debian's, kernel.apparmor_restrict_unprivileged_userns
 * Ubuntu's.
 */
#ifndef OCIFP_SANDBOX_USERNS_H
#define OCIFP_SANDBOX_USERNS_H

struct error;

/* The setting that forbids them, and the remedy; NULL: no known one. */
const char *userns_remedy(void);

/* ERROR_LOCAL of class "no_userns" for this errno value, with the remedy as hint. */
int userns_refuse(int errnum, struct error **err);

/* Moves this process into a user namespace of its own, which has no ids yet. */
int userns_enter(struct error **err);

/* Becomes root of it, once its ids are mapped. */
int userns_become_root(struct error **err);

/* Tries to create a user namespace in a child.  -1, class "no_userns": it is refused, or
 * newuidmap(1) has no privileges in it, so a helper would fail too.  0 if that is not certain. */
int userns_try(struct error **err);

#endif
