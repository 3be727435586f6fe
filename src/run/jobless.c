/* SPDX-License-Identifier: Apache-2.0 */
/* For builds without namespaces, which run no jobs; files of jobs of another build stay in the
 * store. */
#include "base/error.h"
#include "base/strings.h"
#include "run/root/volumes.h"
#include "run/roots.h"
#include "store/folder.h"

int
roots_collect(struct store *store, bool dry_run, uint64_t *ret_removed_count, struct error **err)
{
	(void)store;
	(void)dry_run;
	(void)err;
	*ret_removed_count = 0;
	return 0;
}

/* Its files may belong to other users of a user namespace. */
int
volume_remove(struct store *store, const char *folder, const char *name, bool *ret_found,
	      struct error **err)
{
	AUTO_STRINGS struct strings names = { 0 };

	if (folder_list(store, folder, &names, err) < 0)
		return -1;
	*ret_found = strings_has(&names, name);
	if (!*ret_found)
		return 0;
	error_set(err, ERROR_USAGE, "this build of ocifp runs no jobs");
	return error_set_hint(err, "use the ocifp that made it");
}
