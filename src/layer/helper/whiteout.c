#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "layer/helper/tree.h"

static const char prefix[] = ".wh.";
static const char opaque_name[] = ".wh..wh..opq";

static const char *
last_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

bool
entry_is_whiteout(const struct entry *entry)
{
	return text_starts(last_name(entry->path), prefix);
}

static int
refuse(const struct entry *entry, struct error **err)
{
	return error_set(err, ERROR_CONTENT, "whiteout '%s' names nothing that can be removed",
			 QUOTED(entry->path));
}

static int
hide_all(struct tree *tree, const struct entry *entry, int parent_fd, struct error **err)
{
	if (tree->overlay)
		return tree_set_opaque(parent_fd, entry->path, err);
	if (tree_remove_children(tree, parent_fd, true) < 0)
		return tree_fail(errno, "remove what is in", entry->path, err);
	return 0;
}

/* A directory that this layer has made stays, without what lower layers have in it. */
static int
mark_opaque(int parent_fd, const char *name, const struct entry *entry, struct error **err)
{
	AUTO_CLOSE int fd = dir_open_at(parent_fd, name);

	return fd < 0 ? 0 : tree_set_opaque(fd, entry->path, err);
}

static int
put_device(const struct entry *entry, int parent_fd, const char *name, struct error **err)
{
	if (mknodat(parent_fd, name, S_IFCHR, 0) == 0)
		return 0;
	if (errno == EEXIST)
		return mark_opaque(parent_fd, name, entry, err);
	if (errno != EPERM)
		return tree_fail(errno, "create whiteout", entry->path, err);
	tree_fail(errno, "create whiteout", entry->path, err);
	return error_set_class(err, "needs_flat");
}

static int
hide_one(struct tree *tree, const struct entry *entry, int parent_fd, const char *name,
	 struct error **err)
{
	if (!*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return refuse(entry, err);
	/* Names that AUFS keeps for itself (layers of old) are nobody's files. */
	if (text_starts(name, prefix))
		return 0;
	if (tree->overlay)
		return put_device(entry, parent_fd, name, err);
	if (tree_remove(tree, parent_fd, name, true) < 0)
		return tree_fail(errno, "remove", entry->path, err);
	return 0;
}

/* Whether something can be hidden there.  For an overlay the missing directory may be in a lower
 * layer. */
static bool
has_parent(struct tree *tree, const char *path)
{
	const char *slash = strrchr(path, '/');
	AUTO_FREE char *parent = xstrndup(path, slash ? (size_t)(slash - path) : 0);
	AUTO_CLOSE int fd = beneath_open(&tree->beneath, parent, NULL);

	if (fd >= 0)
		return true;
	return errno != ENOTDIR && (errno != ENOENT || tree->overlay);
}

int
tree_whiteout(struct tree *tree, const struct entry *entry, struct error **err)
{
	const char *name;
	int parent_fd;

	if (!has_parent(tree, entry->path))
		return 0;
	if (tree_parent(tree, entry->path, &parent_fd, &name, err) < 0)
		return -1;
	if (strcmp(name, opaque_name) == 0)
		return hide_all(tree, entry, parent_fd, err);
	return hide_one(tree, entry, parent_fd, name + strlen(prefix), err);
}
