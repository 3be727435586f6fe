/* SPDX-License-Identifier: Apache-2.0 */
/* parts.h - what a cache keeps or drops together: the units of cargo, single files of other tools
 *
 * A part is unused when nobody read a file of it since `restore` wrote it: restore sets the time of
 * last use one second before that of the last change, so that the kernel notes the first read also
 * under "relatime".  parts_can_tell() finds out whether a file system does.
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

/* Each file is a part, for tools that name files by their content. */
extern const struct tree_filter parts_are_files;

/* A save drops what this many saves before it found unused. */
#define PART_UNUSED_LIMIT_COUNT 3

struct part {
	char *name;
	uint64_t packed_bytes; /* filled in by who knows */
	int64_t used_ns;       /* the latest time of use or change of a file */
	unsigned unused_count; /* saves in a row that found it unused, with this one */
	bool is_unused;
	bool is_obsolete;
	bool is_torn; /* a file of it changed while it was read */
	bool is_dropped;
};

struct parts {
	struct part *items; /* in the order of names */
	size_t count;
	uint32_t *of_entry; /* for each entry of the scan: number of its part + 1; 0: none */
	bool can_tell;      /* whether is_unused means anything */
};

/* The parts of what was scanned.  None where the filter names none. */
void parts_make(const struct tree_scan *scan, const struct tree_filter *filter,
		struct parts *ret_parts);
struct part *parts_of(const struct parts *parts, size_t entry); /* NULL: none */

/* Counts with what the save before it wrote; that comes from a stranger, and if it cannot be read
 * all counts begin anew. */
void parts_count_use(struct parts *parts, const struct buf *before);

/* The counts for the next save: a line "COUNT NAME" for each part that is unused. */
int parts_write_use(const struct parts *parts, struct buf *ret_use, struct error **err);

/* Marks parts as dropped: those with these names, those that are obsolete or have been unused for
 * too long.  Returns how many. */
size_t parts_drop_named(struct parts *parts, const struct strings *names);
size_t parts_drop_unused(struct parts *parts);

/* Adds to `names` those to drop for that many packed bytes, the least used first.  Whether that is
 * enough. */
bool parts_choose(const struct parts *parts, uint64_t bytes, struct strings *names);

/* Takes what was dropped out of the scan. */
void parts_leave_out(const struct parts *parts, struct tree_scan *scan);
void parts_release(struct parts *parts);
#define AUTO_PARTS CLEANUP(parts_release)

/* Whether the file system of this directory notes the first read of a file that restore wrote. */
bool parts_can_tell(const char *directory);

#endif
