/* SPDX-License-Identifier: Apache-2.0 */
/* userns.h - user namespaces that are refused, and by which setting of the administrator's
 *
 * Without Linux (userns_none.c) all are refused.  user_namespaces(7);
 * kernel.unprivileged_userns_clone is Debian's, kernel.apparmor_restrict_unprivileged_userns
 * Ubuntu's.
 */
#ifndef OCIFP_SANDBOX_USERNS_H
#define OCIFP_SANDBOX_USERNS_H

struct error;

/* What refuses them and what to do about it; NULL: none of the known. */
const char *userns_remedy(void);

/* ERROR_LOCAL of class "no_userns" with the remedy as its hint, for this errno value. */
int userns_refuse(int errnum, struct error **err);

/* Moves this process into a user namespace of its own, which has no ids yet. */
int userns_enter(struct error **err);

/* Becomes root of it, once its ids are mapped. */
int userns_become_root(struct error **err);

/* Makes a user namespace in a child.  -1: they are refused, or newuidmap(1) is without privileges
 * in one, and so they will be to a helper; class "no_userns".  0 where that is not certain. */
int userns_try(struct error **err);

#endif
