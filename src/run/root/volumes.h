/* SPDX-License-Identifier: Apache-2.0 */
/* volumes.h - directories of the store that outlive a run
 *
 *     .ocifp/volumes/NAME    what jobs mount; locked (flock) by the runs that have one, shared
 *     .ocifp/kept/NAME       a kept root (run/root/kept_root.h); locked by its one run
 *
 * None is removed under a run that has it.
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

/* Made when it is not there. */
int volume_open(struct store *store, const char *folder, const char *name,
		struct volume *ret_volume, struct error **err);

/* Renames a volume of jobs that no run has, unless the new name is there.  The bytes stay. */
int volume_take_over(struct store *store, const char *from, const char *to, bool *ret_taken,
		     struct error **err);

/* ERROR_LOCAL, class "lock": a run has it.  Killed half-way, what is left of it is for gc. */
int volume_remove(struct store *store, const char *folder, const char *name, bool *ret_found,
		  struct error **err);

#endif
