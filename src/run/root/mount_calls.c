/* SPDX-License-Identifier: Apache-2.0 */
#include "run/root/mount_calls.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"
#include "base/text.h"

/* The same number on every machine; linux/mount.h and sys/mount.h cannot be included together. */
#ifndef SYS_open_tree
#define SYS_open_tree 428
#endif
#ifndef SYS_move_mount
#define SYS_move_mount 429
#endif
#ifndef SYS_mount_setattr
#define SYS_mount_setattr 442
#endif

static const unsigned open_tree_clone = 1;
static const unsigned at_recursive = 0x8000;
static const unsigned move_from_empty_path = 0x04;
static const unsigned move_to_empty_path = 0x40;
static const uint64_t attribute_read_only = 1;
static const uint64_t attribute_id_map = 0x100000;

/* struct mount_attr of linux/mount.h */
struct mount_attributes {
	uint64_t set;
	uint64_t clear;
	uint64_t propagation;
	uint64_t userns_fd;
};

int
mount_clone(int fd)
{
	return (int)syscall(SYS_open_tree, fd, "",
			    open_tree_clone | at_recursive | AT_EMPTY_PATH | O_CLOEXEC);
}

int
mount_set_read_only(int tree_fd)
{
	struct mount_attributes attributes = { .set = attribute_read_only };

	return (int)syscall(SYS_mount_setattr, tree_fd, "", at_recursive | AT_EMPTY_PATH,
			    &attributes, sizeof(attributes));
}

int
mount_shift(int tree_fd, int userns_fd)
{
	struct mount_attributes attributes = {
		.set = attribute_id_map,
		.userns_fd = (uint64_t)userns_fd,
	};

	return (int)syscall(SYS_mount_setattr, tree_fd, "", at_recursive | AT_EMPTY_PATH,
			    &attributes, sizeof(attributes));
}

int
mount_refuse_shift(int errnum, const char *path, struct error **err)
{
	if (errnum != EINVAL && errnum != ENOSYS)
		error_set_errno(err, errnum, "cannot map the owners of '%s'", QUOTED(path));
	else
		error_set(
			err, ERROR_LOCAL,
			"cannot map the owners of '%s': its file system, or a mount below it, has "
			"no idmapped mounts",
			QUOTED(path));
	error_set_class(err, CLASS_NO_IDMAP);
	return error_set_hint(err, "use ext4, XFS or Btrfs and Linux 5.12 or later, or leave out "
				   "--userns auto");
}

int
mount_attach(int tree_fd, int target_fd)
{
	return (int)syscall(SYS_move_mount, tree_fd, "", target_fd, "",
			    move_from_empty_path | move_to_empty_path);
}
