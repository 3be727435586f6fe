/* SPDX-License-Identifier: Apache-2.0 */
#include "run/engine/sealed_program.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "run/root/mount_calls.h"

/* linux/memfd.h, Linux 6.3; an older kernel answers EINVAL. */
static const unsigned memory_not_executable = 0x08;
static const unsigned memory_executable = 0x10;

static int
make_memory(const char *name, unsigned flags, unsigned newer_flags)
{
	int fd = memfd_create(name, flags | newer_flags);

	return fd < 0 && errno == EINVAL ? memfd_create(name, flags) : fd;
}

int
memory_file_make(const char *name)
{
	return make_memory(name, MFD_CLOEXEC, memory_not_executable);
}

/* Opened again, because a file that is open for writing cannot be executed. */
static int
open_copy(const char *path)
{
	AUTO_CLOSE int from_fd = open(path, O_RDONLY | O_CLOEXEC);
	AUTO_CLOSE int to_fd =
		make_memory("ocifp-engine", MFD_CLOEXEC | MFD_ALLOW_SEALING, memory_executable);
	AUTO_FREE char *again = xasprintf("/proc/self/fd/%d", to_fd);
	ssize_t count;

	if (from_fd < 0 || to_fd < 0)
		return -1;
	do
		count = sendfile(to_fd, from_fd, NULL, 0x7ffff000);
	while (count > 0 || (count < 0 && errno == EINTR));
	if (count < 0 || fchmod(to_fd, 0555) < 0 ||
	    fcntl(to_fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0)
		return -1;
	return open(again, O_RDONLY | O_CLOEXEC);
}

/* Root of the job can access all files whose owner is mapped in the job; a file's group may be
 * mapped when its owner is not. */
static bool
is_writable(int file_fd)
{
	AUTO_FREE char *path = xasprintf("/proc/self/fd/%d", file_fd);
	struct stat status;

	return fstat(file_fd, &status) < 0 || (status.st_mode & (S_IWGRP | S_IWOTH)) ||
	       access(path, W_OK) == 0;
}

static bool
is_script(const char *path)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	char head[2];

	return fd >= 0 && read(fd, head, sizeof(head)) == sizeof(head) &&
	       memcmp(head, "#!", sizeof(head)) == 0;
}

static int
refuse(const char *path, const char *why, const char *hint, struct error **err)
{
	error_set(err, ERROR_FAILURE, "cannot protect '%s' from the job: %s", QUOTED(path), why);
	error_set_class(err, CLASS_ENGINE);
	return error_set_hint(err, "%s", hint);
}

int
sealed_program_open(const char *path, struct error **err)
{
	AUTO_CLOSE int file_fd = open(path, O_PATH | O_CLOEXEC);
	int fd;
	int errnum;
	AUTO_CLOSE int tree_fd = -1;

	if (file_fd < 0)
		return error_set_path(err, errno, "open", path);
	/* The interpreter, and the programs it starts, would be unprotected. */
	if (is_script(path))
		return refuse(path, "it is a script", "put the program itself into PATH", err);
	tree_fd = mount_clone(file_fd);
	fd = tree_fd < 0 || mount_set_read_only(tree_fd) < 0 ? -1 : TAKE_FD(tree_fd);
	errnum = errno;
	if (fd < 0)
		fd = open_copy(path);
	if (fd < 0 && !is_writable(file_fd))
		return TAKE_FD(file_fd);
	if (fd >= 0)
		return fd;
	return refuse(path, strerror(errnum),
		      errnum == EACCES ? "AppArmor or SELinux forbids a read-only clone of it: "
					 "install contrib/apparmor/ocifp, or use --runtime crun"
				       : "use --runtime crun or runc",
		      err);
}

int
sealed_program_copy(const char *path)
{
	return is_script(path) ? -1 : open_copy(path);
}

void
sealed_program_execute(int fd, char *const *argv, char *const *environment)
{
	(void)syscall(SYS_execveat, fd, "", argv, environment, AT_EMPTY_PATH);
}
