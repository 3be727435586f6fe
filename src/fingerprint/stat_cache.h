/* SPDX-License-Identifier: Apache-2.0 */
/* stat_cache.h - digests of files that have not changed since an earlier run
 *
 *     <cache>/ocifp/fingerprints/<device>-<inode of the directory>
 *     head | record of a file ... | SHA-256 of all before
 *
 * A file is known by its inode, its size and the times of the last change of its content and of its
 * attributes.  The kernel sets the latter; a program cannot choose it.  A file is recorded only if
 * it had not changed for STAT_CACHE_QUIET_S when it was read: a later change then gets another
 * time.  That holds for a change through a mapping too, because its dirty pages are written to disk
 * first.  Only file systems that are known to keep these times are used: ext4, XFS, Btrfs and F2FS.
 * A crash may lose the time of a change whose content reached the disk, so records from before the
 * machine's last start are not used.
 *
 * The file and its directory belong to the user.  The file names its own inode, so that a copy is
 * not used.  A torn or unexpected file is ignored and written anew.
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

/* NULL for a directory with few files, or without a place for the cache.  Tests pass the place, the
 * boot id and the present time. */
struct stat_cache *stat_cache_open(int dir_fd, size_t file_count);
struct stat_cache *stat_cache_open_at(const char *place, const char *boot, int dir_fd,
				      size_t file_count, time_t now_s);
/* Whether each change of a file on this file system changes its times. */
bool stat_cache_has_sound_times(int dir_fd);
void stat_cache_free(struct stat_cache *cache);
DEFINE_CLEANUP(struct stat_cache, stat_cache_free)

/* False: every file has to be read. */
bool stat_cache_has_any(const struct stat_cache *cache);

/* Several threads may call these two at once, each with its own `index` below file_count.  False:
 * read the file. */
bool stat_cache_find(struct stat_cache *cache, size_t index, const struct stat *status,
		     uint8_t *ret_sha256);

/* Called before the file is read, with the `status` from before that.  False: do not record the
 * file. */
bool stat_cache_settle(const struct stat_cache *cache, int fd, const struct stat *status);
void stat_cache_keep(struct stat_cache *cache, size_t index, const struct stat *status,
		     const uint8_t *sha256);

/* The last call: writes the cache if a file was recorded.  Failures are ignored. */
void stat_cache_save(struct stat_cache *cache);

#endif
