/* SPDX-License-Identifier: Apache-2.0 */
#include "layer/helper/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/path.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "layer/helper/layer_reader.h"
#include "layer/xattrs.h"

#define IMPLIED_MODE 0755

void
tree_init(struct tree *tree, int root_fd, int record_fd)
{
	*tree = (struct tree){ .beneath.root_fd = root_fd, .parent_fd = -1 };
	tree_record_init(&tree->record, record_fd);
}

void
tree_forget_parent(struct tree *tree)
{
	close_at(&tree->parent_fd);
	tree->parent_fd = -1;
	free(tree->parent_path);
	tree->parent_path = NULL;
}

void
tree_release(struct tree *tree)
{
	tree_forget_parent(tree);
	inode_set_release(&tree->created);
	inode_set_release(&tree->links);
	inode_set_release(&tree->cleared);
	inode_map_release(&tree->fix_slots);
	free(tree->fixes);
	inode_map_release(&tree->owner_slots);
	free(tree->owners);
	tree_record_release(&tree->record);
	*tree = (struct tree){ .parent_fd = -1 };
}

void
tree_begin_layer(struct tree *tree)
{
	inode_set_release(&tree->created);
	inode_set_release(&tree->links);
	inode_set_release(&tree->cleared);
}

int
tree_fail(int errnum, const char *doing, const char *path, struct error **err)
{
	if (errnum == ELOOP || errnum == ENOTDIR || errnum == ENAMETOOLONG || errnum == EISDIR ||
	    errnum == EMLINK)
		return error_set(err, ERROR_CONTENT, "cannot %s '%s': %s", doing,
				 QUOTED(*path ? path : "/"), errno_text(errnum).text);
	return error_set_errno(err, errnum, "cannot %s '%s'", doing, QUOTED(*path ? path : "/"));
}

bool
tree_is_whiteout(const struct tree *tree, const struct stat *status)
{
	return tree->overlay && S_ISCHR(status->st_mode) && status->st_rdev == 0;
}

static struct tree_fix *
fix_of(const struct tree *tree, uint64_t inode)
{
	uint32_t index;

	if (!inode_map_find(&tree->fix_slots, inode, &index) || index == INODE_MAP_NO_VALUE)
		return NULL;
	return &tree->fixes[index];
}

static void
plan_fix(struct tree *tree, uint64_t inode, const struct entry *entry)
{
	struct tree_fix *fix = fix_of(tree, inode);

	if (!fix) {
		tree->fixes = xgrow(tree->fixes, tree->fix_count, sizeof(*tree->fixes));
		inode_map_add(&tree->fix_slots, inode, (uint32_t)tree->fix_count);
		tree->live_fix_count++;
		fix = &tree->fixes[tree->fix_count++];
	}
	*fix = (struct tree_fix){
		.mode = entry->mode,
		.modified = entry->modified,
		.is_implied = tree->is_implying,
	};
}

void
tree_drop_fix(struct tree *tree, uint64_t inode)
{
	if (!fix_of(tree, inode))
		return;
	inode_map_add(&tree->fix_slots, inode, INODE_MAP_NO_VALUE);
	tree->live_fix_count--;
}

const struct tree_fix *
tree_find_fix(const struct tree *tree, uint64_t inode)
{
	return fix_of(tree, inode);
}

static int
check_mapped(const struct tree *tree, const struct entry *entry, struct error **err)
{
	if (tree->map.kind != ID_MAP_RANGES || (id_ranges_has(&tree->map.uids, entry->uid) &&
						id_ranges_has(&tree->map.gids, entry->gid)))
		return 0;
	error_set(err, ERROR_CONTENT, "cannot set the owner of '%s': no ids are mapped for %u:%u",
		  QUOTED(entry->path), entry->uid, entry->gid);
	return error_set_hint(err, "add more ids for the user to /etc/subuid and /etc/subgid");
}

/* A directory may exist with another owner, and some file systems give a new file the group of its
 * directory. */
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

	if (!inode_map_find(&tree->owner_slots, inode, &index) || index == INODE_MAP_NO_VALUE)
		return NULL;
	return &tree->owners[index];
}

static bool
is_last_owner(const struct tree *tree, const struct entry *entry)
{
	const struct tree_owner *last = &tree->owners[tree->owner_count - 1];

	return last->uid == entry->uid && last->gid == entry->gid;
}

/* Keeps the owner by inode, for the record.  The last entry of a directory counts, and a new file
 * may have the inode number of a removed one. */
static void
keep_owner(struct tree *tree, uint64_t inode, const struct entry *entry)
{
	if (tree->map.kind != ID_MAP_OWN || tree->record.fd < 0)
		return;
	if (entry->uid == 0 && entry->gid == 0) {
		if (tree_find_owner(tree, inode))
			inode_map_add(&tree->owner_slots, inode, INODE_MAP_NO_VALUE);
		return;
	}
	if (tree->owner_count == 0 || !is_last_owner(tree, entry)) {
		tree->owners = xgrow(tree->owners, tree->owner_count, sizeof(*tree->owners));
		tree->owners[tree->owner_count++] = (struct tree_owner){ entry->uid, entry->gid };
	}
	inode_map_add(&tree->owner_slots, inode, (uint32_t)(tree->owner_count - 1));
}

static int
owner_failed(const struct entry *entry, int errnum, struct error **err)
{
	tree_fail(errnum, "set the owner of", entry->path, err);
	if (errnum == EPERM || errnum == EINVAL)
		error_set_hint(err,
			       "run as root of the initial user namespace, or with mapped ids");
	return -1;
}

static int
set_owner(struct tree *tree, int fd, const struct stat *status, const struct entry *entry,
	  struct error **err)
{
	if (check_mapped(tree, entry, err) < 0)
		return -1;
	if (needs_chown(tree, status, entry) && fchown(fd, entry->uid, entry->gid) < 0)
		return owner_failed(entry, errno, err);
	keep_owner(tree, status->st_ino, entry);
	return 0;
}

static int
set_owner_at(struct tree *tree, int parent_fd, const char *name, const struct stat *status,
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

static int
set_xattrs(struct tree *tree, int fd, const struct entry *entry, struct error **err)
{
	tree->counts.dropped_xattrs += entry->dropped_xattr_count;
	for (size_t i = 0; i < entry->xattr_count; i++) {
		const struct entry_xattr *xattr = &entry->xattrs[i];

		if (xattr_set(fd, xattr->name, xattr->value, xattr->size) == 0)
			continue;
		/* Attributes that the file system does not support, or the user may not set, are
		 * dropped and counted. */
		if (errno != ENOTSUP && errno != EPERM && errno != EACCES) {
			int errnum = errno;
			struct statvfs status;

			/* ENOSPC also means that the attribute is too large for the file system. */
			if (errnum != ENOSPC || fstatvfs(fd, &status) < 0 || status.f_bavail == 0)
				return tree_fail(errnum, "set an extended attribute of",
						 entry->path, err);
			error_set(err, ERROR_LOCAL,
				  "cannot set an extended attribute of '%s': %zu bytes are too "
				  "many for the file system",
				  QUOTED(entry->path), xattr->size);
			return error_set_hint(err, "use another file system, such as XFS or Btrfs");
		}
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

/* A directory with several entries gets the attributes of the last one.  Our own, such as "opaque",
 * stay. */
static int
drop_xattrs(int fd, const struct entry *entry, struct error **err)
{
	AUTO_FREE char *names = NULL;
	ssize_t size = xattr_list(fd, NULL, 0);

	if (size <= 0)
		return 0;
	names = xcalloc(1, XATTR_LIMIT_BYTES + 1);
	size = xattr_list(fd, names, XATTR_LIMIT_BYTES);
	for (ssize_t at = 0; at < size; at += (ssize_t)strlen(names + at) + 1)
		if (xattr_belongs(names + at) && !is_wanted(entry, names + at) &&
		    xattr_remove(fd, names + at) < 0)
			return tree_fail(errno, "remove an extended attribute of", entry->path,
					 err);
	return 0;
}

int
tree_set_opaque(int fd, const char *path, struct error **err)
{
	if (xattr_set(fd, "user.overlay.opaque", "y", 1) == 0)
		return 0;
	if (errno != ENOTSUP && errno != EPERM)
		return tree_fail(errno, "make opaque", path, err);
	tree_fail(errno, "make opaque", path, err);
	return error_set_class(err, CLASS_NEEDS_FLAT);
}

#define FILE_FLAGS (O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC)

/* An entry's place: its parent and its name. */
struct spot {
	int parent_fd;
	const char *name;
};

static int
look(const struct spot *spot, struct stat *ret_status)
{
	return fstatat(spot->parent_fd, spot->name, ret_status, AT_SYMLINK_NOFOLLOW);
}

/* An existing file is removed, never overwritten, because it may have other names. */
static int
make_room(struct tree *tree, const struct spot *spot, const struct entry *entry, struct error **err)
{
	if (tree_remove(tree, spot->parent_fd, spot->name, false) < 0)
		return tree_fail(errno, "replace", entry->path, err);
	return 0;
}

static int
set_time(const struct spot *spot, const struct entry *entry, struct error **err)
{
	const struct timespec times[2] = { entry->modified, entry->modified };

	if (utimensat(spot->parent_fd, spot->name, times, AT_SYMLINK_NOFOLLOW) < 0)
		return tree_fail(errno, "set the time of", entry->path, err);
	return 0;
}

/* Its final mode if possible, which saves a call for each file: fsetxattr(2) needs write
 * permission, and chown(2) would clear set-id bits. */
static mode_t
first_mode(const struct entry *entry)
{
	return entry->xattr_count > 0 ? 0600 : entry->mode & 0777;
}

static int
add_file(struct tree *tree, const struct spot *spot, const struct entry *entry, int *ret_fd,
	 struct error **err)
{
	int fd = openat(spot->parent_fd, spot->name, FILE_FLAGS, first_mode(entry));

	if (fd < 0 && errno == EEXIST) {
		if (make_room(tree, spot, entry, err) < 0)
			return -1;
		fd = openat(spot->parent_fd, spot->name, FILE_FLAGS, first_mode(entry));
	}
	if (fd < 0)
		return tree_fail(errno, "create", entry->path, err);
	*ret_fd = fd;
	return 0;
}

/* *ret_opaque: replaces a whiteout of this layer, so lower content has to stay hidden. */
static int
ensure_directory(struct tree *tree, const struct spot *spot, const struct entry *entry,
		 bool *ret_opaque, struct error **err)
{
	struct stat status;

	if (mkdirat(spot->parent_fd, spot->name, 0700) == 0)
		return 0;
	if (errno != EEXIST || look(spot, &status) < 0)
		return tree_fail(errno, "make directory", entry->path, err);
	if (S_ISDIR(status.st_mode))
		return 0;
	*ret_opaque = tree_is_whiteout(tree, &status);
	if (tree_remove(tree, spot->parent_fd, spot->name, false) < 0 ||
	    mkdirat(spot->parent_fd, spot->name, 0700) < 0)
		return tree_fail(errno, "make directory", entry->path, err);
	return 0;
}

static int
dress_directory(struct tree *tree, int fd, const struct entry *entry, struct error **err)
{
	struct stat status;

	if (fstat(fd, &status) < 0)
		return tree_fail(errno, "stat", entry->path, err);
	inode_set_add(&tree->created, status.st_ino);
	/* A directory that already has a fix existed before. */
	if (tree_find_fix(tree, status.st_ino) && drop_xattrs(fd, entry, err) < 0)
		return -1;
	plan_fix(tree, status.st_ino, entry);
	if (set_owner(tree, fd, &status, entry, err) < 0)
		return -1;
	return set_xattrs(tree, fd, entry, err);
}

static int
make_directory(struct tree *tree, int parent_fd, const char *name, const struct entry *entry,
	       struct error **err)
{
	const struct spot spot = { parent_fd, name };
	AUTO_CLOSE int fd = -1;
	bool opaque = false;

	if (ensure_directory(tree, &spot, entry, &opaque, err) < 0)
		return -1;
	fd = dir_open_at(parent_fd, name);
	if (fd < 0)
		return tree_fail(errno, "open directory", entry->path, err);
	if (opaque && tree_set_opaque(fd, entry->path, err) < 0)
		return -1;
	return dress_directory(tree, fd, entry, err);
}

/* A parent without an entry, or whose entry comes later. */
struct implied {
	struct tree *tree;
	struct error *failure;
};

static int
make_implied(void *context, int parent_fd, const char *name, const char *path)
{
	struct implied *implied = context;
	struct tree *tree = implied->tree;
	const struct entry entry = {
		.type = ENTRY_DIRECTORY,
		.path = (char *)(uintptr_t)path,
		.mode = IMPLIED_MODE,
	};
	struct stat status;
	int found = fstatat(parent_fd, name, &status, AT_SYMLINK_NOFOLLOW);
	int ret;

	if (found == 0 && !tree_is_whiteout(tree, &status)) {
		errno = ENOTDIR;
		return -1;
	}
	tree->is_implying = true;
	ret = make_directory(tree, parent_fd, name, &entry, &implied->failure);
	tree->is_implying = false;
	return ret;
}

int
tree_imply_root(struct tree *tree, struct error **err)
{
	const struct entry entry = { .type = ENTRY_DIRECTORY, .mode = IMPLIED_MODE };
	struct stat status;

	if (fstat(tree->beneath.root_fd, &status) < 0)
		return tree_fail(errno, "stat", "", err);
	if (tree_find_fix(tree, status.st_ino))
		return 0;
	tree->is_implying = true;
	plan_fix(tree, status.st_ino, &entry);
	tree->is_implying = false;
	return 0;
}

static int
open_parent(struct tree *tree, const char *path, struct error **err)
{
	struct implied implied = { .tree = tree };
	const struct beneath_maker maker = { make_implied, &implied };
	int fd = beneath_open(&tree->beneath, path, &maker);

	if (fd >= 0)
		return fd;
	if (!implied.failure)
		return tree_fail(errno, "open directory", path, err);
	return error_pass(err, implied.failure);
}

int
tree_parent(struct tree *tree, const char *path, int *ret_fd, const char **ret_name,
	    struct error **err)
{
	const char *slash = strrchr(path, '/');
	size_t size = slash ? (size_t)(slash - path) : 0;
	AUTO_FREE char *parent = NULL;
	int fd;

	*ret_name = path_name(path);
	/* The previous entry was in the same directory, as for most entries. */
	if (!tree->parent_path || strlen(tree->parent_path) != size ||
	    strncmp(tree->parent_path, path, size) != 0) {
		parent = xstrndup(path, size);
		fd = open_parent(tree, parent, err);
		if (fd < 0)
			return -1;
		tree_forget_parent(tree);
		tree->parent_fd = fd;
		tree->parent_path = TAKE_PTR(parent);
	}
	*ret_fd = tree->parent_fd;
	return 0;
}

/* By name, because symbolic links and devices cannot be opened. */
static int
dress_node(struct tree *tree, const struct spot *spot, const struct entry *entry,
	   struct error **err)
{
	struct stat status;

	if (look(spot, &status) < 0)
		return tree_fail(errno, "stat", entry->path, err);
	inode_set_add(&tree->created, status.st_ino);
	if (set_owner_at(tree, spot->parent_fd, spot->name, &status, entry, err) < 0)
		return -1;
	return set_time(spot, entry, err);
}

static int
add_node(struct tree *tree, const struct spot *spot, const struct entry *entry, struct error **err)
{
	if (make_room(tree, spot, entry, err) < 0)
		return -1;
	if (mknodat(spot->parent_fd, spot->name, entry->format | (entry->mode & 0777),
		    entry->device) < 0)
		return tree_fail(errno, "create", entry->path, err);
	return dress_node(tree, spot, entry, err);
}

static int
refuse_link(const struct entry *entry, const char *why, struct error **err)
{
	return error_set(err, ERROR_CONTENT, "cannot create '%s': hard link to '%s', %s",
			 QUOTED(entry->path), QUOTED(entry->link), why);
}

/* The target may be in a lower layer, which a single overlay layer lacks; class "needs_flat" then.
 */
static int
find_target(struct tree *tree, const struct entry *entry, int *ret_fd, const char **ret_name,
	    struct stat *ret_status, struct error **err)
{
	const char *slash = strrchr(entry->link, '/');
	AUTO_FREE char *parent = xstrndup(entry->link, slash ? (size_t)(slash - entry->link) : 0);

	*ret_name = path_name(entry->link);
	*ret_fd = beneath_open(&tree->beneath, parent, NULL);
	if (*ret_fd >= 0 && **ret_name &&
	    fstatat(*ret_fd, *ret_name, ret_status, AT_SYMLINK_NOFOLLOW) == 0)
		return S_ISDIR(ret_status->st_mode)
			       ? refuse_link(entry, "which is a directory", err)
			       : 0;
	refuse_link(entry, "which does not exist", err);
	return tree->overlay ? error_set_class(err, CLASS_NEEDS_FLAT) : -1;
}

static int
add_hard_link(struct tree *tree, const struct spot *spot, const struct entry *entry,
	      struct error **err)
{
	AUTO_CLOSE int target_fd = -1;
	const char *target_name;
	struct stat target;
	struct stat there;

	if (find_target(tree, entry, &target_fd, &target_name, &target, err) < 0)
		return -1;
	/* A link to itself, possibly by another path: keep it. */
	if (look(spot, &there) == 0 && there.st_ino == target.st_ino)
		return 0;
	if (make_room(tree, spot, entry, err) < 0)
		return -1;
	if (linkat(target_fd, target_name, spot->parent_fd, spot->name, 0) < 0)
		return tree_fail(errno, "link", entry->path, err);
	if (!inode_set_has(&tree->created, target.st_ino) &&
	    tree_keep_link(tree, spot->parent_fd, spot->name) < 0)
		return tree_fail(errno, "stat", entry->path, err);
	return 0;
}

static int
skip(struct tree *tree)
{
	tree->counts.skipped_devices++;
	return 0;
}

static int
add_at(struct tree *tree, const struct spot *spot, const struct entry *entry, int *ret_fd,
       struct error **err)
{
	switch (entry->type) {
	case ENTRY_FILE:
		return add_file(tree, spot, entry, ret_fd, err);
	case ENTRY_DIRECTORY:
		return make_directory(tree, spot->parent_fd, spot->name, entry, err);
	case ENTRY_SYMBOLIC_LINK:
		if (make_room(tree, spot, entry, err) < 0)
			return -1;
		if (symlinkat(entry->link, spot->parent_fd, spot->name) < 0)
			return tree_fail(errno, "create", entry->path, err);
		return dress_node(tree, spot, entry, err);
	case ENTRY_HARD_LINK:
		return add_hard_link(tree, spot, entry, err);
	case ENTRY_FIFO:
		return add_node(tree, spot, entry, err);
	case ENTRY_DEVICE:
		return tree->devices && !tree->overlay ? add_node(tree, spot, entry, err)
						       : skip(tree);
	case ENTRY_OTHER:
		break;
	}
	return skip(tree);
}

int
tree_add(struct tree *tree, const struct entry *entry, int *ret_fd, struct error **err)
{
	struct spot spot;

	*ret_fd = -1;
	if (!*entry->path) {
		if (entry->type == ENTRY_DIRECTORY)
			return dress_directory(tree, tree->beneath.root_fd, entry, err);
		return error_set(err, ERROR_CONTENT,
				 "the root of the tree is a link to '%s' instead of a directory",
				 QUOTED(entry->link ? entry->link : ""));
	}
	if (tree_parent(tree, entry->path, &spot.parent_fd, &spot.name, err) < 0)
		return -1;
	return add_at(tree, &spot, entry, ret_fd, err);
}

#define SET_ID_BITS (S_ISUID | S_ISGID)

/* Keeps some space free.  File systems without a size (ramfs, tmpfs with size=0) report no blocks.
 */
static int
check_room(struct tree *tree, int fd, const struct entry *entry, struct error **err)
{
	struct statvfs status;

	if (tree->counts.unpacked_bytes - tree->checked_bytes < LAYER_RESERVE_STEP_BYTES)
		return 0;
	tree->checked_bytes = tree->counts.unpacked_bytes;
	if (fstatvfs(fd, &status) < 0 || status.f_blocks == 0 ||
	    (uint64_t)status.f_bavail * (uint64_t)status.f_frsize >= LAYER_RESERVE_BYTES)
		return 0;
	return tree_fail(ENOSPC, "write", entry->path, err);
}

int
tree_write(struct tree *tree, int fd, const struct entry *entry, const struct layer_piece *piece,
	   struct error **err)
{
	if (piece->offset_bytes > entry->size_bytes ||
	    piece->size > entry->size_bytes - piece->offset_bytes)
		return error_set(err, ERROR_CONTENT, "entry '%s' is longer than its header says",
				 QUOTED(entry->path));
	tree->counts.unpacked_bytes += piece->size;
	if (check_room(tree, fd, entry, err) < 0)
		return -1;
	for (size_t done = 0; done < piece->size;) {
		ssize_t count = pwrite(fd, (const char *)piece->bytes + done, piece->size - done,
				       (off_t)(piece->offset_bytes + done));

		if (count < 0 && errno == EINTR)
			continue;
		if (count <= 0)
			return tree_fail(count < 0 ? errno : EIO, "write", entry->path, err);
		done += (size_t)count;
	}
	return 0;
}

/* A file that ends with a hole has to be extended. */
static int
set_size(int fd, const struct entry *entry, const struct stat *status, struct error **err)
{
	if ((uint64_t)status->st_size == entry->size_bytes)
		return 0;
	if (ftruncate(fd, (off_t)entry->size_bytes) < 0)
		return tree_fail(errno, "write", entry->path, err);
	return 0;
}

int
tree_end_file(struct tree *tree, int fd, const struct entry *entry, struct error **err)
{
	const struct timespec times[2] = { entry->modified, entry->modified };
	struct stat status;

	if (fstat(fd, &status) < 0)
		return tree_fail(errno, "stat", entry->path, err);
	inode_set_add(&tree->created, status.st_ino);
	tree->counts.set_id_files += (entry->mode & SET_ID_BITS) != 0;
	/* The mode comes last, see first_mode(); a directory's default ACL may have changed it. */
	if (set_size(fd, entry, &status, err) < 0 || set_owner(tree, fd, &status, entry, err) < 0 ||
	    set_xattrs(tree, fd, entry, err) < 0)
		return -1;
	if ((status.st_mode & 07777) != entry->mode && fchmod(fd, entry->mode) < 0)
		return tree_fail(errno, "set the mode of", entry->path, err);
	if (futimens(fd, times) < 0)
		return tree_fail(errno, "set the time of", entry->path, err);
	return 0;
}
