/* SPDX-License-Identifier: Apache-2.0 */
/* xattrs.h - the extended attributes of a file that belong in a layer
 *
 * user.* without those of overlayfs, and security.capability; others (SELinux, ACLs, IMA) depend on
 * the machine.
 */
#ifndef OCIFP_LAYER_XATTRS_H
#define OCIFP_LAYER_XATTRS_H

#include <stdbool.h>
#include <sys/types.h>

#include "layer/tar_header.h"

struct error;

struct xattrs {
	struct tar_xattr *items; /* by name */
	size_t count;
};

bool xattr_belongs(const char *name);

/* fsetxattr(2) and so on of Linux.  -1 with errno; ENOTSUP on a system without them. */
int xattr_set(int fd, const char *name, const void *value, size_t size);
int xattr_remove(int fd, const char *name);
ssize_t xattr_list(int fd, char *names, size_t size);

/* Empty on a file system without attributes.  `what` names the file in messages. */
int xattrs_read(int fd, const char *what, struct xattrs *ret_xattrs, struct error **err);

/* Whether the directory is opaque in overlayfs. */
bool xattrs_say_opaque(int fd);
void xattrs_release(struct xattrs *xattrs);
#define AUTO_XATTRS CLEANUP(xattrs_release)

#endif
