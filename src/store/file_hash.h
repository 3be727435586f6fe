/* file_hash.h - the digest of a file that is being written
 *
 *     writer  [=========================>        file_hash_grown(): so much is there
 *     hash    [===============>                  behind it, on a thread of the pool
 *
 * It reads what the file holds, from the page cache: nothing is handed from thread to thread, the
 * writer never waits, and what is vouched for is what is on the disk.
 */
#ifndef OCIFP_STORE_FILE_HASH_H
#define OCIFP_STORE_FILE_HASH_H

#include <stdint.h>

#include "oci/digest.h"

struct file_hash;
struct workers;

/* `fd` stays the caller's, and open as long as this lives.  Workers NULL: all is hashed by
 * file_hash_finish(). */
struct file_hash *file_hash_new(enum digest_algorithm algorithm, int fd, struct workers *workers);

/* The bytes before size_bytes are there and will not change. */
void file_hash_grown(struct file_hash *self, uint64_t size_bytes);

/* Of these bytes; then only reset or free.  -1 with errno: it cannot be read. */
int file_hash_finish(struct file_hash *self, struct digest *ret_digest);

/* From the first byte. */
void file_hash_reset(struct file_hash *self);
void file_hash_free(struct file_hash *self);

#endif
