/* SPDX-License-Identifier: Apache-2.0 */
#include "layer/xattrs.h"

#include <errno.h>
#include <string.h>

#ifdef HAVE_SYS_XATTR_H
#include <sys/xattr.h>
#endif

#include "base/cleanup.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/xalloc.h"

bool
xattr_belongs(const char *name)
{
	if (strcmp(name, "security.capability") == 0)
		return true;
	return text_starts(name, "user.") && !text_starts(name, "user.overlay.");
}

#ifndef HAVE_SYS_XATTR_H
static ssize_t
refuse(int fd, const char *name, const void *value, size_t size)
{
	(void)fd;
	(void)name;
	(void)value;
	(void)size;
	errno = ENOTSUP;
	return -1;
}

#define fgetxattr(fd, name, value, size) refuse(fd, name, value, size)
#define fsetxattr(fd, name, value, size, flags) (int)refuse(fd, name, value, size)
#define flistxattr(fd, names, size) refuse(fd, NULL, names, size)
#define fremovexattr(fd, name) (int)refuse(fd, name, NULL, 0)
#elif defined(XATTR_NOFOLLOW)
/* macOS: with a position in the value and options. */
#define fgetxattr(fd, name, value, size) fgetxattr(fd, name, value, size, 0, 0)
#define fsetxattr(fd, name, value, size, flags) fsetxattr(fd, name, value, size, 0, flags)
#define flistxattr(fd, names, size) flistxattr(fd, names, size, 0)
#define fremovexattr(fd, name) fremovexattr(fd, name, 0)
#endif
#ifndef ENOATTR
#define ENOATTR ENODATA
#endif

int
xattr_set(int fd, const char *name, const void *value, size_t size)
{
	return fsetxattr(fd, name, value, size, 0);
}

int
xattr_remove(int fd, const char *name)
{
	return fremovexattr(fd, name);
}

ssize_t
xattr_list(int fd, char *names, size_t size)
{
	return flistxattr(fd, names, size);
}

/* Ignores an attribute that was removed since it was listed. */
static int
add(int fd, const char *name, const char *what, struct xattrs *xattrs, struct error **err)
{
	AUTO_FREE char *value = xcalloc(1, XATTR_LIMIT_BYTES);
	ssize_t size = fgetxattr(fd, name, value, XATTR_LIMIT_BYTES);

	if (size < 0)
		return errno == ENOATTR
			       ? 0
			       : error_set_path(err, errno, "read the attributes of", what);
	if (strchr(name, '='))
		return error_set(err, ERROR_LOCAL,
				 "cannot pack the attribute '%s' of '%s': a tar cannot represent "
				 "'=' in its name",
				 QUOTED(name), QUOTED(what));
	xattrs->items = xgrow(xattrs->items, xattrs->count, sizeof(*xattrs->items));
	xattrs->items[xattrs->count++] = (struct tar_xattr){
		.name = xstrdup(name),
		.value = xrealloc(TAKE_PTR(value), (size_t)size + 1),
		.size = (size_t)size,
	};
	return 0;
}

static int
compare(const void *left, const void *right)
{
	return strcmp(((const struct tar_xattr *)left)->name,
		      ((const struct tar_xattr *)right)->name);
}

int
xattrs_read(int fd, const char *what, struct xattrs *ret_xattrs, struct error **err)
{
	AUTO_XATTRS struct xattrs xattrs = { 0 };
	AUTO_FREE char *names = NULL;
	ssize_t size = xattr_list(fd, NULL, 0);

	if (size > 0) {
		names = xcalloc(1, XATTR_LIMIT_BYTES + 1);
		size = xattr_list(fd, names, XATTR_LIMIT_BYTES);
	}
	if (size < 0)
		return errno == ENOTSUP
			       ? 0
			       : error_set_path(err, errno, "list the attributes of", what);
	for (ssize_t at = 0; at < size; at += (ssize_t)strlen(names + at) + 1)
		if (xattr_belongs(names + at) && add(fd, names + at, what, &xattrs, err) < 0)
			return -1;
	if (xattrs.count > 1)
		qsort(xattrs.items, xattrs.count, sizeof(*xattrs.items), compare);
	*ret_xattrs = xattrs;
	xattrs = (struct xattrs){ 0 };
	return 0;
}

bool
xattrs_say_opaque(int fd)
{
	static const char *const names[] = { "user.overlay.opaque", "trusted.overlay.opaque" };
	char value = 0;

	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (fgetxattr(fd, names[i], &value, 1) == 1 && value == 'y')
			return true;
	return false;
}

void
xattrs_release(struct xattrs *xattrs)
{
	for (size_t i = 0; i < xattrs->count; i++) {
		free(xattrs->items[i].name);
		free(xattrs->items[i].value);
	}
	free(xattrs->items);
	*xattrs = (struct xattrs){ 0 };
}
