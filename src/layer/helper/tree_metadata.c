#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "layer/helper/tree.h"
#include "layer/xattrs.h"

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
	if (tree->map.kind != ID_MAP_RANGES ||
	    (has_id(&tree->map.uids, entry->uid) && has_id(&tree->map.gids, entry->gid)))
		return 0;
	error_set(err, ERROR_CONTENT, "'%s' belongs to %u:%u, for which there are no ids here",
		  QUOTED(entry->path), entry->uid, entry->gid);
	return error_set_hint(err, "give the user more of them in /etc/subuid and /etc/subgid");
}

/* Where others can be had at all.  A directory may have come before, with another owner, and some
 * file systems give a new file the group of its directory. */
static bool
needs_chown(const struct tree *tree, const struct stat *status, const struct entry *entry)
{
	return tree->map.kind != ID_MAP_OWN &&
	       (status->st_uid != entry->uid || status->st_gid != entry->gid);
}

const struct tree_owner *
tree_find_owner(const struct tree *tree, uint64_t inode)
{
	uint32_t index;

	if (!inode_set_find(&tree->owner_slots, inode, &index) || index == INODE_SET_NO_VALUE)
		return NULL;
	return &tree->owners[index];
}

static bool
is_last_owner(const struct tree *tree, const struct entry *entry)
{
	const struct tree_owner *last = &tree->owners[tree->owner_count - 1];

	return last->uid == entry->uid && last->gid == entry->gid;
}

/* By inode, for the record: of a directory that comes again the last entry counts, and a new file
 * may have the number of one that has gone. */
static void
keep_owner(struct tree *tree, uint64_t inode, const struct entry *entry)
{
	if (tree->map.kind != ID_MAP_OWN || tree->record.fd < 0)
		return;
	if (entry->uid == 0 && entry->gid == 0) {
		if (tree_find_owner(tree, inode))
			inode_set_add(&tree->owner_slots, inode, INODE_SET_NO_VALUE);
		return;
	}
	if (tree->owner_count == 0 || !is_last_owner(tree, entry)) {
		tree->owners = xgrow(tree->owners, tree->owner_count, sizeof(*tree->owners));
		tree->owners[tree->owner_count++] = (struct tree_owner){ entry->uid, entry->gid };
	}
	inode_set_add(&tree->owner_slots, inode, (uint32_t)(tree->owner_count - 1));
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
tree_set_owner(struct tree *tree, int fd, const struct stat *status, const struct entry *entry,
	       struct error **err)
{
	if (check_mapped(tree, entry, err) < 0)
		return -1;
	if (needs_chown(tree, status, entry) && fchown(fd, entry->uid, entry->gid) < 0)
		return owner_failed(entry, errno, err);
	keep_owner(tree, status->st_ino, entry);
	return 0;
}

int
tree_set_owner_at(struct tree *tree, int parent_fd, const char *name, const struct stat *status,
		  const struct entry *entry, struct error **err)
{
	if (check_mapped(tree, entry, err) < 0)
		return -1;
	if (needs_chown(tree, status, entry) &&
	    fchownat(parent_fd, name, entry->uid, entry->gid, AT_SYMLINK_NOFOLLOW) < 0)
		return owner_failed(entry, errno, err);
	keep_owner(tree, status->st_ino, entry);
	return 0;
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
	int errnum = errno;
	struct statfs status;

	if (errnum != ENOSPC || fstatfs(fd, &status) < 0 || status.f_bavail == 0)
		return tree_fail(errnum, "set an extended attribute of", path, err);
	error_set(err, ERROR_LOCAL,
		  "the file system has no place for an extended attribute of '%s' of %zu bytes",
		  QUOTED(path), xattr->size);
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

static bool
is_wanted(const struct entry *entry, const char *name)
{
	for (size_t i = 0; i < entry->xattr_count; i++)
		if (strcmp(entry->xattrs[i].name, name) == 0)
			return true;
	return false;
}

/* A directory that comes again has the attributes of its last entry alone.  What we set of our own,
 * such as "opaque", stays. */
int
tree_drop_xattrs(int fd, const struct entry *entry, struct error **err)
{
	AUTO_FREE char *names = NULL;
	ssize_t size = flistxattr(fd, NULL, 0);

	if (size <= 0)
		return 0;
	names = xcalloc(1, XATTR_LIMIT_BYTES + 1);
	size = flistxattr(fd, names, XATTR_LIMIT_BYTES);
	for (ssize_t at = 0; at < size; at += (ssize_t)strlen(names + at) + 1)
		if (xattr_belongs(names + at) && !is_wanted(entry, names + at) &&
		    fremovexattr(fd, names + at) < 0)
			return tree_fail(errno, "remove an extended attribute of", entry->path,
					 err);
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
