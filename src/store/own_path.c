#include "base/environment.h"
#include "store/store.h"

#include "base/error.h"
#include "base/xalloc.h"

char *
store_own_path(const char *path_or_null, struct error **err)
{
	const char *chosen = path_or_null ? path_or_null : environment_find("OCIFP_STORE");
	const char *data = environment_find("XDG_DATA_HOME");
	const char *home = environment_find("HOME");

	if (chosen)
		return xstrdup(chosen);
	/* "All paths must be absolute.  [A relative one is] invalid and [to be ignored]." */
	if (data && data[0] == '/')
		return xasprintf("%s/ocifp", data);
	if (home && home[0] == '/')
		return xasprintf("%s/.local/share/ocifp", home);
	error_set(err, ERROR_USAGE, "there is no place for the store: HOME is no absolute path");
	error_set_hint(err, "set OCIFP_STORE");
	return NULL;
}
