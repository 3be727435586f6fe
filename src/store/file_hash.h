/* SPDX-License-Identifier: Apache-2.0 */
/* file_hash.h - the digest of a file while it is written
 *
 *     writer  [=========================>        file_hash_grown(): written up to here
 *     hash    [===============>                  behind it, on a thread of the pool
 *
 * The thread reads the file from the page cache, so no data is passed between threads, the writer
 * never waits, and the digest is that of the file.
 */
#ifndef OCIFP_STORE_FILE_HASH_H
#define OCIFP_STORE_FILE_HASH_H

#include <stdint.h>

#include "oci/digest.h"

struct file_hash;
struct workers;

/* The caller keeps `fd` open until file_hash_free().  Workers NULL: file_hash_finish() hashes all.
 */
struct file_hash *file_hash_new(enum digest_algorithm algorithm, int fd, struct workers *workers);

/* The bytes before size_bytes are written and will not change. */
void file_hash_grown(struct file_hash *self, uint64_t size_bytes);

/* The digest of these bytes; then only reset or free.  -1 with errno: a read failed. */
int file_hash_finish(struct file_hash *self, struct digest *ret_digest);

/* Starts again from the first byte. */
void file_hash_reset(struct file_hash *self);
void file_hash_free(struct file_hash *self);

#endif
