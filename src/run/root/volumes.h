/* SPDX-License-Identifier: Apache-2.0 */
/* volumes.h - directories of the store that outlive a run
 *
 *     .ocifp/volumes/NAME    mounted by jobs; locked (flock), shared, by the runs that use one
 *     .ocifp/kept/NAME       a kept root (run/root/kept_root.h); locked by its one run
 *
 * None is removed while a run uses it.
 */
#ifndef OCIFP_RUN_ROOT_VOLUMES_H
#define OCIFP_RUN_ROOT_VOLUMES_H

#include <stdbool.h>

struct error;
struct store;
struct strings;

#define STORE_VOLUMES ".ocifp/volumes"
#define STORE_KEPT_ROOTS ".ocifp/kept"

bool volume_is_name(const char *name);

struct volume {
	char *path; /* absolute; the caller's */
	int lock_fd;
	bool is_new;
};

/* Creates it if missing. */
int volume_open(struct store *store, const char *folder, const char *name,
		struct volume *ret_volume, struct error **err);

/* Renames a volume that no run uses, unless the new name exists.  Its content stays. */
int volume_take_over(struct store *store, const char *from, const char *to, bool *ret_taken,
		     struct error **err);

/* ERROR_LOCAL, class "lock": a run uses it.  If this is killed, gc removes the rest. */
int volume_remove(struct store *store, const char *folder, const char *name, bool *ret_found,
		  struct error **err);

#endif
