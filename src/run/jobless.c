/* SPDX-License-Identifier: Apache-2.0 */
/* A store where no job runs: it has neither roots nor volumes. */
#include "run/root/volumes.h"
#include "run/roots.h"

int
roots_collect(struct store *store, bool dry_run, struct roots_result *ret_result,
	      struct error **err)
{
	(void)store;
	(void)dry_run;
	(void)err;
	*ret_result = (struct roots_result){ 0 };
	return 0;
}

int
volumes_list(const struct store *store, const char *folder, struct strings *ret_names,
	     struct error **err)
{
	(void)folder;
	(void)store;
	(void)ret_names;
	(void)err;
	return 0;
}

int
volume_remove(struct store *store, const char *folder, const char *name, bool *ret_found,
	      struct error **err)
{
	(void)folder;
	(void)store;
	(void)name;
	(void)err;
	*ret_found = false;
	return 0;
}
