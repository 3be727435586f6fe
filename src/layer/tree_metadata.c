#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/error.h"
#include "base/text.h"
#include "layer/tree.h"

static bool
has_id(const struct id_ranges *ranges, uint32_t id)
{
	for (size_t i = 0; i < ranges->count; i++)
		if (id >= ranges->items[i].inside &&
		    id - ranges->items[i].inside < ranges->items[i].count)
			return true;
	return false;
}

static int
check_mapped(const struct tree *tree, const struct entry *entry, struct error **err)
{
	AUTO_FREE char *shown = NULL;

	if (tree->map.kind != ID_MAP_RANGES ||
	    (has_id(&tree->map.uids, entry->uid) && has_id(&tree->map.gids, entry->gid)))
		return 0;
	shown = text_quote_string(entry->path);
	error_set(err, ERROR_CONTENT, "'%s' belongs to %u:%u, for which there are no ids here",
		  shown, entry->uid, entry->gid);
	return error_set_hint(err, "give the user more of them in /etc/subuid and /etc/subgid");
}

/* Files are made as 0:0 where others can be had at all. */
static bool
needs_chown(const struct tree *tree, const struct entry *entry)
{
	return tree->map.kind != ID_MAP_OWN && (entry->uid != 0 || entry->gid != 0);
}

static int
keep_owner(struct tree *tree, const struct entry *entry, struct error **err)
{
	if (tree->map.kind != ID_MAP_OWN || (entry->uid == 0 && entry->gid == 0))
		return 0;
	return tree_record_owner(&tree->record, entry->uid, entry->gid, entry->path, err);
}

static int
owner_failed(const struct entry *entry, int errnum, struct error **err)
{
	tree_fail(errnum, "set the owner of", entry->path, err);
	if (errnum == EPERM || errnum == EINVAL)
		error_set_hint(err, "root may give files away only where all ids are its own");
	return -1;
}

int
tree_set_owner(struct tree *tree, int fd, const struct entry *entry, struct error **err)
{
	if (check_mapped(tree, entry, err) < 0)
		return -1;
	if (needs_chown(tree, entry) && fchown(fd, entry->uid, entry->gid) < 0)
		return owner_failed(entry, errno, err);
	return keep_owner(tree, entry, err);
}

int
tree_set_owner_at(struct tree *tree, int parent_fd, const char *name, const struct entry *entry,
		  struct error **err)
{
	if (check_mapped(tree, entry, err) < 0)
		return -1;
	if (needs_chown(tree, entry) &&
	    fchownat(parent_fd, name, entry->uid, entry->gid, AT_SYMLINK_NOFOLLOW) < 0)
		return owner_failed(entry, errno, err);
	return keep_owner(tree, entry, err);
}

/* What a file system has no place for, or a user no right to, is dropped and counted. */
static bool
may_drop(int errnum)
{
	return errnum == EOPNOTSUPP || errnum == EPERM || errnum == EACCES;
}

/* A file system that takes no attribute of that size says that it is full, too. */
static int
xattr_failed(int fd, const struct entry_xattr *xattr, const char *path, struct error **err)
{
	AUTO_FREE char *shown = NULL;
	int errnum = errno;
	struct statfs status;

	if (errnum != ENOSPC || fstatfs(fd, &status) < 0 || status.f_bavail == 0)
		return tree_fail(errnum, "set an extended attribute of", path, err);
	shown = text_quote_string(path);
	error_set(err, ERROR_LOCAL,
		  "the file system has no place for an extended attribute of '%s' of %zu bytes",
		  shown, xattr->size);
	return error_set_hint(err, "choose another file system, such as XFS or Btrfs");
}

int
tree_set_xattrs(struct tree *tree, int fd, const struct entry *entry, struct error **err)
{
	tree->counts.dropped_xattrs += entry->dropped_xattr_count;
	for (size_t i = 0; i < entry->xattr_count; i++) {
		const struct entry_xattr *xattr = &entry->xattrs[i];

		if (fsetxattr(fd, xattr->name, xattr->value, xattr->size, 0) == 0)
			continue;
		if (!may_drop(errno))
			return xattr_failed(fd, xattr, entry->path, err);
		tree->counts.dropped_xattrs++;
	}
	return 0;
}

int
tree_set_opaque(int fd, const char *path, struct error **err)
{
	if (fsetxattr(fd, "user.overlay.opaque", "y", 1, 0) == 0)
		return 0;
	if (errno != EOPNOTSUPP && errno != EPERM)
		return tree_fail(errno, "make opaque", path, err);
	tree_fail(errno, "make opaque", path, err);
	return error_set_class(err, "needs_flat");
}
