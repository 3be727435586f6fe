/* xattrs.h - the extended attributes of a file that belong into a layer
 *
 * user.* but for overlayfs's own marks, and security.capability; the others (SELinux, ACLs, IMA)
 * belong to the machine.
 */
#ifndef OCIFP_LAYER_XATTRS_H
#define OCIFP_LAYER_XATTRS_H

#include <stdbool.h>

#include "layer/tar_header.h"

struct error;

struct xattrs {
	struct tar_xattr *items; /* by name */
	size_t count;
};

bool xattr_belongs(const char *name);

/* None on a file system that has none.  `what` names the file in messages. */
int xattrs_read(int fd, const char *what, struct xattrs *ret_xattrs, struct error **err);

/* Whether overlayfs marked the directory as hiding what is below it. */
bool xattrs_say_opaque(int fd);
void xattrs_release(struct xattrs *xattrs);
#define AUTO_XATTRS CLEANUP(xattrs_release)

#endif
