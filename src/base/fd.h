/* SPDX-License-Identifier: Apache-2.0 */
/* fd.h - whole reads, whole writes, and files that appear whole or not at all */
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

/* All of these go on after EINTR and short counts.  `what` names the file in messages. */
int fd_write_all(int fd, const void *bytes, size_t size, const char *what, struct error **err);
int fd_pwrite_all(int fd, const void *bytes, size_t size, uint64_t offset, const char *what,
		  struct error **err);

/* Reads until `size` bytes are there, or fewer at the end of file.  -1 with errno. */
ssize_t fd_read_full(int fd, void *bytes, size_t size);

/* Appends to `buf` until end of file; the buffer's limit holds. */
int fd_read_all(int fd, struct buf *buf, const char *what, struct error **err);

/* The same for a path, beneath `dir_fd` (or AT_FDCWD).  Only a regular file is read: a FIFO or a
 * device never blocks us.  A missing file is ERROR_LOCAL unless file_find() is used, which
 * returns 0 with *ret_found false for it. */
int file_read(int dir_fd, const char *path, struct buf *buf, struct error **err);
int file_find(int dir_fd, const char *path, struct buf *buf, bool *ret_found, struct error **err);

/* Opens a regular file for reading, without blocking on anything else. */
int file_open(int dir_fd, const char *path, struct error **err);

/* Replaces `path` by temporary file, fsync, rename, fsync of the directory.  The mode is that of
 * open(): the umask applies.  A crash may leave ".<16 hex digits>.tmp" beside it. */
int file_replace(int dir_fd, const char *path, mode_t mode, const void *bytes, size_t size,
		 struct error **err);

/* The same without the two fsyncs, for what may be lost or damaged by a crash of the machine. */
int file_replace_unsynced(int dir_fd, const char *path, mode_t mode, const void *bytes, size_t size,
			  struct error **err);

/* $TMPDIR, else /tmp.  A relative one would mean another place to a program that runs elsewhere. */
const char *temporary_folder(void);

/* Makes a directory and its parents; one that is there is fine. */
int dir_make(const char *path, mode_t mode, struct error **err);
int dir_open(const char *path, struct error **err);

/* Fails if the name is a symbolic link: -1 with errno. */
int dir_open_at(int dir_fd, const char *path);

/* Names in an open directory, by bytes, without "." and "..".  -1 with errno; E2BIG: more than
 * `most_count`. */
int dir_names(int dir_fd, size_t most_count, struct strings *ret_names);

/* Whether a file is still the one that was looked at, and nobody wrote to it since. */
bool file_is_same(const struct stat *before, const struct stat *after);

/* Asks the kernel to start writing `size` bytes at `offset` to disk (size 0: to the end), so that a
 * later fsync() has less to wait for.  Only a hint. */
void file_start_writing(int fd, uint64_t offset, uint64_t size);

/* Writes to disk what was stored through mappings, so that the next store through one is a change
 * that the file's times tell.  False: it may not be. */
bool file_settle(int fd);

/* fsync(2), to the medium itself: on macOS that is F_FULLFSYNC. */
int fd_sync(int fd);
int fd_sync_all(int fd); /* syncfs(2), where there is one */

/* Names durable: fd_sync() of the directory that holds `path` (or of `dir_fd` itself for NULL). */
int dir_sync(int dir_fd, const char *path, struct error **err);

#endif
