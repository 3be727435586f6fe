/* SPDX-License-Identifier: Apache-2.0 */
#include "fingerprint/stat_cache.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/vfs.h>
#endif

#include "base/buf.h"
#include "base/compat.h"
#include "base/environment.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/random.h"
#include "base/strings.h"
#include "base/xalloc.h"
#include "oci/digest.h"

/* Written as it lies in memory: for this machine and this version only. */
struct head {
	char magic[16];
	uint64_t record_bytes;
	uint64_t count;
	uint64_t device; /* of the file itself */
	uint64_t inode;
	char boot[40];
};

static const char magic[16] = "ocifp-stats-1";

struct stat_cache {
	int place_fd;
	char *name;
	uint64_t device; /* of the directory: files on other devices are not cached */
	char boot[40];   /* the machine's boot id; see stat_cache.h */
	time_t now_s;
	struct buf bytes;                /* of the file */
	const struct stat_record *known; /* in `bytes` */
	size_t known_count;
	uint32_t *slots;       /* by inode: 1 + index in `known`; 0: free */
	size_t slot_count;     /* a power of two */
	atomic_uchar *is_used; /* by index in `known` */
	struct stat_record *kept;
	size_t kept_count;
	atomic_bool is_changed;
};

static char *
choose_place(void)
{
	const char *actions = environment_find("GITHUB_ACTIONS");
	const char *cache = environment_find("XDG_CACHE_HOME");
	const char *home = environment_find("HOME");

	/* A job's checkout is new each time, and jobs of others share the runner's cache directory.
	 */
	if (actions && strcmp(actions, "true") == 0)
		return NULL;
	if (cache && *cache == '/')
		return xasprintf("%s/ocifp/fingerprints", cache);
	return home && *home == '/' ? xasprintf("%s/.cache/ocifp/fingerprints", home) : NULL;
}

/* tmpfs does not update a file's time when a mapping is written; a network file system uses another
 * machine's clock; other file systems were not examined. */
bool
stat_cache_has_sound_times(int dir_fd)
{
#ifdef __linux__
	static const uint32_t sound[] = { 0xef53, 0x58465342, 0x9123683e, 0xf2f52010 };
	struct statfs status;

	if (fstatfs(dir_fd, &status) < 0)
		return false;
	for (size_t i = 0; i < COUNT_OF(sound); i++)
		if ((uint32_t)status.f_type == sound[i])
			return true;
#else
	(void)dir_fd;
#endif
	return false;
}

/* Under sudo HOME may be another user's: do not create root's directories there. */
static bool
is_below_ours(const char *place)
{
	AUTO_FREE char *above = xstrdup(place);
	struct stat status;
	char *slash;

	while (stat(above, &status) < 0 && (slash = strrchr(above, '/')) && slash != above)
		*slash = '\0';
	return stat(above, &status) == 0 && status.st_uid == geteuid();
}

static int
open_place(const char *place)
{
	AUTO_ERROR struct error *trouble = NULL;
	AUTO_CLOSE int fd = -1;
	struct stat status;

	if (!is_below_ours(place) || dir_make(place, 0700, &trouble) < 0)
		return -1;
	fd = dir_open_at(AT_FDCWD, place);
	if (fd < 0 || fstat(fd, &status) < 0 || status.st_uid != geteuid() ||
	    (status.st_mode & (S_IRWXG | S_IRWXO)))
		return -1;
	return TAKE_FD(fd);
}

static bool
is_whole(const struct stat_cache *cache, const struct stat *status)
{
	const struct buf *bytes = &cache->bytes;
	struct head head;
	struct digest digest;
	size_t end;

	if (bytes->size < sizeof(head) + INPUT_DIGEST_BYTES)
		return false;
	memcpy(&head, bytes->data, sizeof(head));
	end = bytes->size - INPUT_DIGEST_BYTES;
	if (memcmp(head.magic, magic, sizeof(magic)) != 0 ||
	    head.record_bytes != sizeof(struct stat_record) ||
	    head.count > 2 * STAT_CACHE_FILES_LIMIT_COUNT ||
	    end != sizeof(head) + head.count * sizeof(struct stat_record) ||
	    head.device != (uint64_t)status->st_dev || head.inode != (uint64_t)status->st_ino ||
	    memcmp(head.boot, cache->boot, sizeof(head.boot)) != 0)
		return false;
	digest = digest_of(DIGEST_SHA256, bytes->data, end);
	return memcmp(digest.bytes, bytes->data + end, INPUT_DIGEST_BYTES) == 0;
}

/* The slot of an inode, or the free slot for it. */
static uint32_t *
slot_of(const struct stat_cache *cache, uint64_t inode)
{
	size_t at = (size_t)(inode * UINT64_C(0x9e3779b97f4a7c15) >> 32) & (cache->slot_count - 1);

	while (cache->slots[at] != 0 && cache->known[cache->slots[at] - 1].inode != inode)
		at = (at + 1) & (cache->slot_count - 1);
	return &cache->slots[at];
}

static void
read_known(struct stat_cache *cache)
{
	AUTO_ERROR struct error *trouble = NULL;
	AUTO_CLOSE int fd = openat(cache->place_fd, cache->name,
				   O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat status;

	if (fd < 0 || fstat(fd, &status) < 0 || !S_ISREG(status.st_mode) ||
	    status.st_uid != geteuid() || status.st_nlink != 1 ||
	    (status.st_mode & (S_IRWXG | S_IRWXO)))
		return;
	if (fd_read_all(fd, &cache->bytes, cache->name, &trouble) < 0 || !is_whole(cache, &status))
		return;
	cache->known_count = (cache->bytes.size - sizeof(struct head) - INPUT_DIGEST_BYTES) /
			     sizeof(struct stat_record);
	cache->known = (const void *)(cache->bytes.data + sizeof(struct head));
	/* The first of several records of an inode is the newest. */
	cache->slot_count = 1;
	while (cache->slot_count < 2 * cache->known_count)
		cache->slot_count *= 2;
	cache->slots = xcalloc(cache->slot_count, sizeof(*cache->slots));
	for (size_t i = 0; i < cache->known_count; i++) {
		uint32_t *slot = slot_of(cache, cache->known[i].inode);

		if (*slot == 0)
			*slot = (uint32_t)i + 1;
	}
	cache->is_used = xcalloc(cache->known_count + 1, sizeof(*cache->is_used));
	/* sweep() judges a file by this time. */
	if (status.st_mtime < cache->now_s - STAT_CACHE_LIFE_S / 2)
		(void)futimens(fd, NULL);
}

struct stat_cache *
stat_cache_open_at(const char *place, const char *boot, int dir_fd, size_t file_count, time_t now_s)
{
	AUTO_CLOSE int place_fd = open_place(place);
	struct stat_cache *cache;
	struct stat status;

	if (place_fd < 0 || fstat(dir_fd, &status) < 0)
		return NULL;
	cache = XNEW(struct stat_cache);
	cache->place_fd = TAKE_FD(place_fd);
	cache->device = (uint64_t)status.st_dev;
	cache->name = xasprintf("%" PRIx64 "-%" PRIx64, cache->device, (uint64_t)status.st_ino);
	(void)snprintf(cache->boot, sizeof(cache->boot), "%s", boot);
	cache->now_s = now_s;
	cache->bytes = (struct buf)BUF_INIT(sizeof(struct head) + INPUT_DIGEST_BYTES +
					    (size_t)2 * STAT_CACHE_FILES_LIMIT_COUNT *
						    sizeof(struct stat_record));
	cache->kept = xcalloc(file_count + 1, sizeof(*cache->kept));
	cache->kept_count = file_count;
	read_known(cache);
	return cache;
}

struct stat_cache *
stat_cache_open(int dir_fd, size_t file_count)
{
	AUTO_BUF struct buf boot = BUF_INIT(STAT_CACHE_BOOT_LIMIT_BYTES);
	AUTO_ERROR struct error *trouble = NULL;
	AUTO_FREE char *place = NULL;

	if (file_count < STAT_CACHE_FILES_MIN_COUNT || file_count > STAT_CACHE_FILES_LIMIT_COUNT ||
	    !stat_cache_has_sound_times(dir_fd) ||
	    file_read(AT_FDCWD, "/proc/sys/kernel/random/boot_id", &boot, &trouble) < 0)
		return NULL;
	place = choose_place();
	return place ? stat_cache_open_at(place, boot.data, dir_fd, file_count, time(NULL)) : NULL;
}

void
stat_cache_free(struct stat_cache *cache)
{
	if (!cache)
		return;
	close_at(&cache->place_fd);
	buf_release(&cache->bytes);
	free(cache->name);
	free(cache->slots);
	free(cache->is_used);
	free(cache->kept);
	free(cache);
}

static uint64_t
nanoseconds(const struct timespec *time)
{
	return (uint64_t)time->tv_sec * 1000000000 + (uint64_t)time->tv_nsec;
}

static struct stat_record
record_of(const struct stat *status)
{
	return (struct stat_record){
		.inode = (uint64_t)status->st_ino,
		.size = (uint64_t)status->st_size,
		.modified_ns = nanoseconds(&status->st_mtim),
		.changed_ns = nanoseconds(&status->st_ctim),
	};
}

bool
stat_cache_has_any(const struct stat_cache *cache)
{
	return cache->known_count > 0;
}

bool
stat_cache_find(struct stat_cache *cache, size_t index, const struct stat *status,
		uint8_t *ret_sha256)
{
	struct stat_record wanted = record_of(status);
	uint32_t slot = stat_cache_has_any(cache) ? *slot_of(cache, wanted.inode) : 0;
	const struct stat_record *found = slot > 0 ? &cache->known[slot - 1] : NULL;

	if (!found || (uint64_t)status->st_dev != cache->device || found->size != wanted.size ||
	    found->modified_ns != wanted.modified_ns || found->changed_ns != wanted.changed_ns)
		return false;
	atomic_store_explicit(&cache->is_used[found - cache->known], 1, memory_order_relaxed);
	memcpy(wanted.sha256, found->sha256, INPUT_DIGEST_BYTES);
	cache->kept[index] = wanted;
	memcpy(ret_sha256, found->sha256, INPUT_DIGEST_BYTES);
	return true;
}

bool
stat_cache_settle(const struct stat_cache *cache, int fd, const struct stat *status)
{
	/* Git's "racily clean": what changed a moment ago may change once more within the same
	 * tick. */
	return (uint64_t)status->st_dev == cache->device &&
	       status->st_ctim.tv_sec <= cache->now_s - STAT_CACHE_QUIET_S && file_settle(fd);
}

void
stat_cache_keep(struct stat_cache *cache, size_t index, const struct stat *status,
		const uint8_t *sha256)
{
	cache->kept[index] = record_of(status);
	memcpy(cache->kept[index].sha256, sha256, INPUT_DIGEST_BYTES);
	atomic_store_explicit(&cache->is_changed, true, memory_order_relaxed);
}

static size_t
drop_gaps(struct stat_record *records, size_t count)
{
	size_t left = 0;

	for (size_t i = 0; i < count; i++)
		if (records[i].inode != 0)
			records[left++] = records[i];
	return left;
}

/* Keeps records that this run did not use: other images of the project have other inputs.  Returns
 * their count. */
static size_t
carry_unused(const struct stat_cache *cache, struct stat_record *to)
{
	size_t count = 0;

	for (size_t i = 0; i < cache->known_count && count < STAT_CACHE_FILES_LIMIT_COUNT; i++)
		if (!cache->is_used[i] && cache->known[i].unused_runs < STAT_CACHE_UNUSED_RUNS) {
			to[count] = cache->known[i];
			to[count++].unused_runs++;
		}
	return count;
}

static bool
write_part(int fd, struct hasher *hasher, const void *bytes, size_t size)
{
	AUTO_ERROR struct error *trouble = NULL;

	hasher_add(hasher, bytes, size);
	return fd_write_all(fd, bytes, size, "fingerprint cache", &trouble) == 0;
}

/* This run's records come first, because read_known() takes the first one of an inode. */
static bool
write_records(struct stat_cache *cache, int fd)
{
	AUTO_FREE struct stat_record *unused =
		xcalloc(cache->known_count + 1, sizeof(*cache->known));
	AUTO_HASHER struct hasher *hasher = hasher_new(DIGEST_SHA256);
	AUTO_ERROR struct error *trouble = NULL;
	size_t kept_count = drop_gaps(cache->kept, cache->kept_count);
	size_t unused_count = carry_unused(cache, unused);
	struct head head = { .record_bytes = sizeof(*cache->kept),
			     .count = kept_count + unused_count };
	struct digest digest;
	struct stat status;

	if (fstat(fd, &status) < 0)
		return false;
	memcpy(head.magic, magic, sizeof(magic));
	head.device = (uint64_t)status.st_dev;
	head.inode = (uint64_t)status.st_ino;
	memcpy(head.boot, cache->boot, sizeof(head.boot));
	if (!write_part(fd, hasher, &head, sizeof(head)) ||
	    !write_part(fd, hasher, cache->kept, kept_count * sizeof(*cache->kept)) ||
	    !write_part(fd, hasher, unused, unused_count * sizeof(*unused)))
		return false;
	digest = hasher_finish(hasher);
	return fd_write_all(fd, digest.bytes, INPUT_DIGEST_BYTES, "fingerprint cache", &trouble) ==
	       0;
}

static void
sweep(const struct stat_cache *cache)
{
	AUTO_STRINGS struct strings names = { 0 };
	struct stat status;

	if (dir_names(cache->place_fd, STAT_CACHE_SWEPT_LIMIT_COUNT, &names) < 0)
		return;
	for (size_t i = 0; i < names.count; i++)
		if (fstatat(cache->place_fd, names.items[i], &status, AT_SYMLINK_NOFOLLOW) == 0 &&
		    status.st_mtime < cache->now_s - STAT_CACHE_LIFE_S)
			(void)unlinkat(cache->place_fd, names.items[i], 0);
}

/* The file is not synced.  A crash may tear it, and is_whole() rejects a torn file. */
void
stat_cache_save(struct stat_cache *cache)
{
	AUTO_ERROR struct error *trouble = NULL;
	AUTO_FREE char *word = NULL;
	AUTO_FREE char *part = NULL;
	AUTO_CLOSE int fd = -1;

	if (!cache->is_changed || !(word = random_hex(8, &trouble)))
		return;
	part = xasprintf(".%s.tmp", word);
	fd = openat(cache->place_fd, part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		    0600);
	if (fd < 0)
		return;
	if (!write_records(cache, fd) ||
	    renameat(cache->place_fd, part, cache->place_fd, cache->name) < 0)
		(void)unlinkat(cache->place_fd, part, 0);
	sweep(cache);
}
