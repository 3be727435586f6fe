/* SPDX-License-Identifier: Apache-2.0 */
/* on_nfs.c - preloaded: every file system is NFS */
#define _GNU_SOURCE

#include <string.h>
#include <sys/vfs.h>

int
fstatfs(int fd, struct statfs *status)
{
	(void)fd;
	memset(status, 0, sizeof(*status));
	status->f_type = 0x6969;
	return 0;
}

int
fstatfs64(int fd, struct statfs64 *status)
{
	(void)fd;
	memset(status, 0, sizeof(*status));
	status->f_type = 0x6969;
	return 0;
}
