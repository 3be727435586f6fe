/* SPDX-License-Identifier: Apache-2.0 */
/* hash_files.h - the content of many files, hashed by a few threads */
#ifndef OCIFP_FINGERPRINT_HASH_FILES_H
#define OCIFP_FINGERPRINT_HASH_FILES_H

struct error;
struct input_files;

struct stat_cache;

/* Fills in mode, size and sha256 of each file.  Of several failures the first in order is reported,
 * so that the result does not depend on the threads.  `cache` may be NULL. */
int hash_files(int dir_fd, struct input_files *files, struct stat_cache *cache, struct error **err);

#endif
