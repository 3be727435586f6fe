/* SPDX-License-Identifier: Apache-2.0 */
/* hash_files.h - what many files hold, read by a few threads */
#ifndef OCIFP_FINGERPRINT_HASH_FILES_H
#define OCIFP_FINGERPRINT_HASH_FILES_H

struct error;
struct input_files;

struct stat_cache;

/* Fills in mode, size and sha256 of each.  Of several failures the one that comes first in order
 * is reported, whichever thread is faster.  `cache` may be NULL. */
int hash_files(int dir_fd, struct input_files *files, struct stat_cache *cache, struct error **err);

#endif
