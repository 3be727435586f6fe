/* SPDX-License-Identifier: Apache-2.0 */
/* late_file.c - preloaded: as soon as a file is made in a directory, what stands there as "late"
 * has the name $LATE_FILE, as if another program had made it at that moment */
#define _GNU_SOURCE

#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static int
open_late(const char *symbol, int dir_fd, const char *path, int flags, mode_t mode)
{
	int (*next)(int, const char *, int, ...) =
		(int (*)(int, const char *, int, ...))dlsym(RTLD_NEXT, symbol);
	const char *name = getenv("LATE_FILE");

	if (name && (flags & O_EXCL))
		(void)renameat(dir_fd, "late", dir_fd, name);
	return next(dir_fd, path, flags, mode);
}

#define OPEN(symbol) \
	int symbol(int dir_fd, const char *path, int flags, ...) \
	{ \
		va_list rest; \
		mode_t mode; \
\
		va_start(rest, flags); \
		mode = flags & O_CREAT ? va_arg(rest, mode_t) : 0; \
		va_end(rest); \
		return open_late(#symbol, dir_fd, path, flags, mode); \
	}

OPEN(openat)
OPEN(openat64)
