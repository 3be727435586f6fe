/* SPDX-License-Identifier: Apache-2.0 */
/* time_journal.h - the times that a restore chose for the sources of one checkout
 *
 * Kept outside the checkout, on this machine.  With inode and change time, so that a file that
 * anybody else touched is known: only ocifp's own utimensat() leaves a file as the journal says.
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
	bool is_changed;                     /* some cache was made from other content */
	uint8_t sha256[SOURCE_DIGEST_BYTES]; /* of a directory: of its names */
};

struct time_journal {
	struct time_entry *items; /* in byte order of path once it was read or written */
	size_t count;
};

/* Empty when there is none, or when it cannot be understood: then every file whose time a restore
 * set looks touched, and is left alone. */
int time_journal_read(const char *state_directory, const char *directory,
		      struct time_journal *ret_journal, struct error **err);
int time_journal_write(const char *state_directory, const char *directory,
		       struct time_journal *journal, struct error **err);
void time_journal_add(struct time_journal *journal, const struct time_entry *entry); /* copies */
const struct time_entry *time_journal_find(const struct time_journal *journal, const char *path);

/* The entry of a file that is still as the journal left it; NULL: it is not. */
const struct time_entry *time_journal_match(const struct time_journal *journal,
					    const struct source *source);
void time_journal_release(struct time_journal *journal);
#define AUTO_TIME_JOURNAL CLEANUP(time_journal_release)

#endif
