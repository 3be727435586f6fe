/* SPDX-License-Identifier: Apache-2.0 */
/* fd.h - whole reads, whole writes, and files that are replaced atomically */
#ifndef OCIFP_BASE_FD_H
#define OCIFP_BASE_FD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/cleanup.h"

struct buf;
struct error;
struct stat;
struct strings;

/* These functions continue after EINTR and short counts.  `what` names the file in messages. */
int fd_write_all(int fd, const void *bytes, size_t size, const char *what, struct error **err);
int fd_pwrite_all(int fd, const void *bytes, size_t size, uint64_t offset, const char *what,
		  struct error **err);

/* Reads `size` bytes, or fewer at the end of the file.  -1 with errno. */
ssize_t fd_read_full(int fd, void *bytes, size_t size);

/* Appends to `buf` until the end of the file, within the buffer's limit. */
int fd_read_all(int fd, struct buf *buf, const char *what, struct error **err);

/* The same for a path below `dir_fd` (or AT_FDCWD).  Refuses anything but a regular file, so that a
 * FIFO or a device cannot block us.  A missing file is ERROR_LOCAL; file_find() returns 0 with
 * *ret_found false for it. */
int file_read(int dir_fd, const char *path, struct buf *buf, struct error **err);
int file_find(int dir_fd, const char *path, struct buf *buf, bool *ret_found, struct error **err);

/* Opens a regular file for reading; a FIFO or a device cannot block the call. */
int file_open(int dir_fd, const char *path, struct error **err);

/* Replaces `path`: temporary file, fsync, rename, fsync of the directory.  The mode is subject to
 * the umask, as with open().  A crash may leave ".<16 hex digits>.tmp" beside it. */
int file_replace(int dir_fd, const char *path, mode_t mode, const void *bytes, size_t size,
		 struct error **err);

/* The same without the two fsyncs, for files that a crash of the machine may damage. */
int file_replace_unsynced(int dir_fd, const char *path, mode_t mode, const void *bytes, size_t size,
			  struct error **err);

/* $TMPDIR, else /tmp.  A relative TMPDIR is not used: it would name another directory for a program
 * that runs elsewhere. */
const char *temporary_folder(void);

/* Creates a directory and its parents; an existing directory is no error. */
int dir_make(const char *path, mode_t mode, struct error **err);
int dir_open(const char *path, struct error **err);
bool dir_exists(const char *path);                /* or a link to one */
bool dir_exists_at(int dir_fd, const char *name); /* not a link to one */

/* Fails if the name is a symbolic link: -1 with errno. */
int dir_open_at(int dir_fd, const char *path);

/* Names in an open directory, sorted by bytes, without "." and "..".  -1 with errno; E2BIG: more
 * than `most_count`. */
int dir_names(int dir_fd, size_t most_count, struct strings *ret_names);

/* Whether a file is the same, and was not written to in between. */
bool file_is_same(const struct stat *before, const struct stat *after);

/* Asks the kernel to start writing `size` bytes at `offset` to disk (size 0: to the end), so that a
 * later fsync() has less to write.  A hint only. */
void file_start_writing(int fd, uint64_t offset, uint64_t size);

/* Writes changes made through mappings to disk, so that the next such change updates the file's
 * times. False: it may not. */
bool file_settle(int fd);

/* fsync(2) down to the medium: F_FULLFSYNC on macOS. */
int fd_sync(int fd);
int fd_sync_all(int fd); /* syncfs(2), where there is one */

/* Makes names durable: fd_sync() of the directory that holds `path` (NULL: of `dir_fd` itself). */
int dir_sync(int dir_fd, const char *path, struct error **err);

#endif
