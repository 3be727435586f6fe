/* SPDX-License-Identifier: Apache-2.0 */
/* time_journal.h - the times that a restore chose for the sources of one checkout
 *
 * Kept outside the checkout, on this machine, with inode and change time: a file that anything else
 * has touched since then does not match.
 */
#ifndef OCIFP_CACHE_SOURCES_TIME_JOURNAL_H
#define OCIFP_CACHE_SOURCES_TIME_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "cache/sources/sources.h"

struct error;

struct time_entry {
	char *path;
	uint64_t inode;
	int64_t ctime_ns;
	int64_t mtime_ns;
	bool is_changed;                     /* a cache was built from other content */
	uint8_t sha256[SOURCE_DIGEST_BYTES]; /* of a directory: of its names */
};

struct time_journal {
	struct time_entry *items; /* in byte order of path once it was read or written */
	size_t count;
};

/* Empty if there is none, or it is not valid: then every file whose time a restore has set looks
 * touched, and is left alone. */
int time_journal_read(const char *state_directory, const char *directory,
		      struct time_journal *ret_journal, struct error **err);
int time_journal_write(const char *state_directory, const char *directory,
		       struct time_journal *journal, struct error **err);
void time_journal_add(struct time_journal *journal, const struct time_entry *entry); /* copies */
const struct time_entry *time_journal_find(const struct time_journal *journal, const char *path);

/* The entry of a file that is still as the journal recorded it; NULL: it is not. */
const struct time_entry *time_journal_match(const struct time_journal *journal,
					    const struct source *source);
void time_journal_release(struct time_journal *journal);
#define AUTO_TIME_JOURNAL CLEANUP(time_journal_release)

#endif
