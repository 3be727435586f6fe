/* SPDX-License-Identifier: Apache-2.0 */
/* parts.h - files that a cache keeps or drops together: cargo's units, single files of other tools
 *
 * A part is unused if none of its files was read since `restore` wrote it.  restore sets the access
 * time one second before the modification time, so that the kernel records the first read even
 * under "relatime".  parts_can_tell() checks whether a file system does.
 */
#ifndef OCIFP_CACHE_TREE_PARTS_H
#define OCIFP_CACHE_TREE_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

struct buf;
struct error;
struct strings;
struct tree_filter;
struct tree_scan;

/* Each file is a part, for tools that name files by content. */
extern const struct tree_filter parts_are_files;

/* A save drops a part that this many earlier saves found unused. */
#define PART_UNUSED_LIMIT_COUNT 3

struct part {
	char *name;
	uint64_t packed_bytes; /* filled in by the caller */
	int64_t used_ns;       /* the latest access or change of a file */
	unsigned unused_count; /* consecutive saves that found it unused, including this one */
	bool is_unused;
	bool is_obsolete;
	bool is_torn; /* a file changed while it was read */
	bool is_dropped;
};

struct parts {
	struct part *items; /* in the order of names */
	size_t count;
	uint32_t *of_entry; /* for each entry of the scan: index of its part + 1; 0: none */
	bool can_tell;      /* whether is_unused is known */
};

/* The parts of a scan.  None if the filter names none. */
void parts_make(const struct tree_scan *scan, const struct tree_filter *filter,
		struct parts *ret_parts);
struct part *parts_of(const struct parts *parts, size_t entry); /* NULL: none */

/* Adds the counts of the parent's save.  They are untrusted: if they are invalid, all counts start
 * again. */
void parts_count_use(struct parts *parts, const struct buf *before);

/* The counts for the next save: a line "COUNT NAME" for each unused part. */
int parts_write_use(const struct parts *parts, struct buf *ret_use, struct error **err);

/* Marks parts as dropped: those with these names, and those that are obsolete or were unused for
 * too long.  Returns their number. */
size_t parts_drop_named(struct parts *parts, const struct strings *names);
size_t parts_drop_unused(struct parts *parts);

/* Adds to `names` the least used parts whose packed bytes are at least that many.  Returns whether
 * they are enough. */
bool parts_choose(const struct parts *parts, uint64_t bytes, struct strings *names);

/* Takes the dropped parts out of the scan. */
void parts_leave_out(const struct parts *parts, struct tree_scan *scan);
void parts_release(struct parts *parts);
#define AUTO_PARTS CLEANUP(parts_release)

/* Whether the file system of this directory records the first read of a restored file. */
bool parts_can_tell(const char *directory);

#endif
