/* SPDX-License-Identifier: Apache-2.0 */
/* tree_scan.h - what lies in the roots now: entries and the stamps that tell whether one changed
 *
 * In the order of an index (format/tree_index.h).  Sockets, pipes and devices are left out, and so
 * is by name what holds secrets: .cargo/credentials*, .netrc, .docker/config.json, .git/config,
 * private keys of ssh, and .npmrc and .pypirc.
 */
#ifndef OCIFP_CACHE_TREE_TREE_SCAN_H
#define OCIFP_CACHE_TREE_TREE_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/buf.h"
#include "base/strings.h"
#include "cache/format/tree_index.h"
#include "cache/tree/cache_roots.h"

struct error;
struct stat;
struct tree_filter;

/* All that the kernel changes when somebody writes to a file or puts another in its place. */
struct file_stamp {
	uint64_t size_bytes;
	int64_t mtime_ns;
	int64_t ctime_ns;
	uint64_t inode;
	uint64_t device;
};

/* What becomes of those that the filter calls executables. */
enum tree_executables {
	TREE_NO_EXECUTABLES,
	TREE_ALL_EXECUTABLES,    /* files as any other */
	TREE_MARKED_EXECUTABLES, /* ENTRY_EXECUTABLE */
};

struct scanned {
	enum tree_entry_kind kind; /* ENTRY_SMALL and ENTRY_FILE by size; never ENTRY_BUNDLE */
	bool is_executable;        /* in the filter's eyes; a hard link to one too */
	uint8_t root;
	bool left_out;  /* it, its first name or its part is not saved after all */
	bool has_links; /* other names, here or elsewhere */
	uint16_t mode;
	uint32_t text;      /* where its name, path or label is in `texts` */
	uint32_t target;    /* of a link */
	uint32_t directory; /* the entry of the directory that it is in; of one itself: its own */
	struct file_stamp stamp;
	int64_t atime_ns;
};

struct tree_scan {
	const struct cache_roots *roots; /* borrowed */
	struct scanned *entries;
	size_t count;
	struct buf texts; /* each with its NUL */
	uint64_t file_count;
	uint64_t total_bytes;
	uint64_t special_count;    /* sockets and the like */
	struct strings secrets;    /* paths that were left out by name */
	uint64_t executable_bytes; /* of what the filter calls so, left out or not */
};

/* A root that is not there has no entries.  `filter` NULL: takes all. */
int tree_scan(const struct cache_roots *roots, const struct tree_filter *filter,
	      enum tree_executables executables, struct tree_scan *ret_scan, struct error **err);
void tree_scan_release(struct tree_scan *scan);
#define AUTO_TREE_SCAN CLEANUP(tree_scan_release)

const char *scanned_text(const struct tree_scan *scan, const struct scanned *entry);

bool scanned_is_file(const struct scanned *entry); /* and no further name of one */

/* Takes an entry out of what is saved, and out of the counts. */
void tree_scan_leave_out(struct tree_scan *scan, struct scanned *entry);

/* From the root; the caller owns it. */
char *scanned_path(const struct tree_scan *scan, const struct scanned *entry);

/* Open for reading, never through a link; -1 with errno. */
int scanned_open(const struct tree_scan *scan, const struct scanned *entry);

struct file_stamp file_stamp_of(const struct stat *info);
bool file_stamp_equal(const struct file_stamp *a, const struct file_stamp *b);

#endif
