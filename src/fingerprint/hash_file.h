/* SPDX-License-Identifier: Apache-2.0 */
/* hash_file.h - the content of one file, hashed as a stream
 *
 * A file of any size needs one buffer.
 */
#ifndef OCIFP_FINGERPRINT_HASH_FILE_H
#define OCIFP_FINGERPRINT_HASH_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"

struct error;
struct hasher;
struct input_file;
struct stat_cache;

struct file_hasher {
	int dir_fd;            /* what paths are relative to; borrowed */
	struct hasher *file;   /* of one file; NULL: not wanted */
	struct hasher *stream; /* of all files, one after the other; borrowed; NULL: none */
	char *buffer;
	struct stat_cache *cache; /* borrowed; NULL: none */
	size_t index;             /* of the file, in the cache */
};

/* `each`: also hash each file on its own. */
void file_hasher_init(struct file_hasher *hasher, int dir_fd, bool each);
void file_hasher_release(struct file_hasher *hasher);
#define AUTO_FILE_HASHER CLEANUP(file_hasher_release)

/* Fills in mode, size and, with hasher->file, sha256.  ERROR_CONTENT, class "source_changed", if
 * the file changed meanwhile. */
int hash_file(struct file_hasher *hasher, struct input_file *file, struct error **err);

#endif
