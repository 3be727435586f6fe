/* SPDX-License-Identifier: Apache-2.0 */
/* journal.h - which files of this machine have the content of a cache: stamps, never part of an
 * artifact
 *
 *     $RUNNER_TEMP/ocifp-cache/NAME or STORE/.ocifp/caches/NAME    NAME: hash of the directories
 *
 * Written after a restore and after a save.  A file whose change time is not before the journal's
 * is left out: it may change again within the same tick of the clock.
 */
#ifndef OCIFP_CACHE_TREE_JOURNAL_H
#define OCIFP_CACHE_TREE_JOURNAL_H

#include "cache/tree/tree_scan.h"
#include "oci/digest.h"

/* A file's place: the beginning of SHA-256 of its root's label, a NUL, and its path. */
struct place_hash {
	uint8_t bytes[16];
};

struct place_hash place_hash_of(const char *label, size_t label_size, const char *directory,
				size_t directory_size, const char *name, size_t name_size);

struct journal_record {
	struct place_hash place;
	struct file_stamp stamp;
};

struct journal {
	struct digest manifest;         /* of the cache; DIGEST_NONE: no journal */
	struct journal_record *records; /* in the order of places */
	size_t count;
	bool is_whole;   /* covers all roots: none was skipped */
	bool is_damaged; /* the cache could not be restored; there are no records */
};

/* The present time of the clock that file times are taken from. */
int64_t journal_now_ns(void);

/* A missing or damaged journal is empty: then every file is read. */
void journal_read(const char *folder, const struct cache_roots *roots, struct journal *ret_journal);

/* `scan` has all of `roots`, or those with the cache's content. */
int journal_write(const char *folder, const struct cache_roots *roots, const struct tree_scan *scan,
		  int64_t taken_ns, const struct digest *manifest, struct error **err);

/* Notes that a cache has wrong content, so that the next save does not reuse it. */
int journal_note_damaged(const char *folder, const struct cache_roots *roots,
			 const struct digest *manifest, struct error **err);
void journal_release(struct journal *journal);
#define AUTO_JOURNAL CLEANUP(journal_release)

/* Whether the file still has the cache's content; for a directory, whether the cache has it. */
bool journal_knows(const struct journal *journal, const struct tree_scan *scan,
		   const struct scanned *entry);

#endif
