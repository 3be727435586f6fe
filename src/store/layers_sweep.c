#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "store/digest_set.h"
#include "store/folder.h"
#include "store/layer_trees.h"
#include "store/lock.h"
#include "store/reachable.h"
#include "store/state.h"

/* "ALGORITHM-HEX-...-VERSION-MAP", with or without "flat-" before it; false for what is no layer's
 * name. */
static bool
digest_of_name(const char *name, struct digest *ret_digest)
{
	AUTO_ERROR struct error *ignored = NULL;
	AUTO_FREE char *text = NULL;
	char *dash;

	text = xstrdup(text_starts(name, "flat-") ? name + strlen("flat-") : name);
	dash = strchr(text, '-');
	if (!dash)
		return false;
	*dash = ':';
	dash = strchr(dash + 1, '-');
	if (!dash)
		return false;
	*dash = '\0';
	return digest_parse(text, ret_digest, &ignored) == 0;
}

/* `reachable`: layers, and manifests, of which flat trees are. */
static bool
is_wanted(const struct digest_set *reachable, const char *name)
{
	struct digest digest;

	if (strstr(name, ".dead.") || text_ends(name, ".part"))
		return false;
	/* What is no layer is not ours to remove. */
	if (!digest_of_name(name, &digest))
		return true;
	return strstr(name, "-" LAYER_TREES_VERSION "-") && digest_set_has(reachable, &digest);
}

static int
remove_locked(struct layer_sweep *sweep, struct store *store, int folder_fd, const char *name,
	      int fd, struct error **err)
{
	AUTO_CLOSE int tree_fd = -1;

	/* The image's mode may deny us. */
	if (fchmodat(fd, "fs", 0700, 0) < 0 && errno != ENOENT && errno != EPERM)
		return folder_fail(store, errno, "remove", name, err);
	tree_fd = dir_open_at(fd, "fs");
	if (tree_fd >= 0 && sweep->empty(sweep->context, name, tree_fd, err) < 0)
		return -1;
	if ((unlinkat(fd, "fs", AT_REMOVEDIR) < 0 && errno != ENOENT) ||
	    (unlinkat(fd, "record", 0) < 0 && errno != ENOENT) ||
	    unlinkat(folder_fd, name, AT_REMOVEDIR) < 0)
		return folder_fail(store, errno, "remove", name, err);
	return 0;
}

/* One that is in use, or being made, stays. */
static int
sweep_one(struct layer_sweep *sweep, struct store *store, int folder_fd, const char *name,
	  struct error **err)
{
	AUTO_CLOSE int fd = dir_open_at(folder_fd, name);

	if (fd < 0 || lock_fd_try(fd, LOCK_EXCLUSIVE) != 0)
		return 0;
	sweep->removed_count++;
	return sweep->dry_run ? 0 : remove_locked(sweep, store, folder_fd, name, fd, err);
}

static int
sweep_folder(struct layer_sweep *sweep, struct store *store, const struct digest_set *reachable,
	     struct error **err)
{
	AUTO_STRINGS struct strings names = { 0 };
	AUTO_CLOSE int folder_fd = -1;

	if (folder_find_names(store, STORE_LAYERS, &folder_fd, &names, err) < 0)
		return -1;
	for (size_t i = 0; i < names.count; i++)
		if (!is_wanted(reachable, names.items[i]) &&
		    sweep_one(sweep, store, folder_fd, names.items[i], err) < 0)
			return -1;
	return 0;
}

int
store_sweep_layers(struct store *store, struct layer_sweep *sweep, struct error **err)
{
	AUTO_DIGEST_SET struct digest_set reachable = { 0 };
	AUTO_CLOSE int gc_lock_fd = lock_take(store, STORE_GC_LOCK, LOCK_EXCLUSIVE, err);

	if (gc_lock_fd < 0 || reachable_mark(store, &reachable, NULL, err) < 0 ||
	    lock_check(store, STORE_GC_LOCK, gc_lock_fd, err) < 0)
		return -1;
	return sweep_folder(sweep, store, &reachable, err);
}
