/* SPDX-License-Identifier: Apache-2.0 */
/* stat_cache.h - digests of files that have not changed since an earlier run
 *
 *     <cache>/ocifp/fingerprints/<device>-<inode of the directory>
 *     head | record of a file ... | SHA-256 of all before
 *
 * A file is known by inode, size and the times of its last change of content and of
 * attributes; the kernel sets the latter, and no program can.  Only a file that had not changed for
 * STAT_CACHE_QUIET_S when it was read is kept: by then a later change has another time, also one
 * through a mapping, whose dirty pages are written to disk before.  Only file systems whose times
 * are known to do that are used: ext4, XFS, Btrfs and F2FS.  A crash may lose the time of a change
 * whose content reached the disk, so what was kept before the machine started is not used.
 *
 * The file is the user's own, in a directory of the user's own, and names its own inode, so that a
 * copy is not used.  What is torn or strange is ignored and written anew.
 */
#ifndef OCIFP_FINGERPRINT_STAT_CACHE_H
#define OCIFP_FINGERPRINT_STAT_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/cleanup.h"
#include "fingerprint/input_files.h"

struct stat;
struct stat_cache;

struct stat_record {
	uint64_t inode; /* 0: nothing */
	uint64_t size;
	uint64_t modified_ns; /* modulo 2^64 */
	uint64_t changed_ns;
	uint64_t unused_runs; /* since a fingerprint needed it */
	uint8_t sha256[INPUT_DIGEST_BYTES];
};

/* For the files below the directory: NULL if they are few, or if there is no place for it.  A test
 * names the place, the start of the machine, and a time instead of the present one. */
struct stat_cache *stat_cache_open(int dir_fd, size_t file_count);
struct stat_cache *stat_cache_open_at(const char *place, const char *boot, int dir_fd,
				      size_t file_count, time_t now_s);
/* Whether a file's times on this file system tell of each change. */
bool stat_cache_has_sound_times(int dir_fd);
void stat_cache_free(struct stat_cache *cache);
DEFINE_CLEANUP(struct stat_cache, stat_cache_free)

/* False: all files have to be read. */
bool stat_cache_has_any(const struct stat_cache *cache);

/* Both for several threads at once, each with another `index` below file_count.  False: read it. */
bool stat_cache_find(struct stat_cache *cache, size_t index, const struct stat *status,
		     uint8_t *ret_sha256);

/* Before the file is read; `status` is of before this.  False: it is not to be kept. */
bool stat_cache_settle(const struct stat_cache *cache, int fd, const struct stat *status);
void stat_cache_keep(struct stat_cache *cache, size_t index, const struct stat *status,
		     const uint8_t *sha256);

/* Writes it if a file was kept, as the last call.  Failures are ignored. */
void stat_cache_save(struct stat_cache *cache);

#endif
