/* SPDX-License-Identifier: Apache-2.0 */
/* tar_file.h - tars for tests: sound ones by libarchive, others byte by byte */
#ifndef OCIFP_TESTS_TAR_FILE_H
#define OCIFP_TESTS_TAR_FILE_H

#include <stddef.h>
#include <stdint.h>

/* By libarchive, in "ustar", "pax" or "gnutar". */
struct tar_file;
struct tar_file *tar_begin(const char *path, const char *format);
void tar_add(struct tar_file *tar, const char *name, const char *text);
void tar_add_bytes(struct tar_file *tar, const char *name, const void *bytes, size_t size);
void tar_add_directory(struct tar_file *tar, const char *name);
void tar_add_symlink(struct tar_file *tar, const char *name, const char *target);
void tar_add_hardlink(struct tar_file *tar, const char *name, const char *target);
void tar_add_sparse(struct tar_file *tar, const char *name, size_t hole, const char *text);
void tar_end(struct tar_file *tar);

/* One header of type `flag` that says `said_bytes`, whatever follows: appended to the file. */
void raw_add(const char *path, const char *name, char flag, uint64_t said_bytes, const char *text);
void raw_end(const char *path);

#endif
