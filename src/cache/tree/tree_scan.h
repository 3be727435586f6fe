/* SPDX-License-Identifier: Apache-2.0 */
/* tree_scan.h - the present files of the roots: entries, with stamps that show changes
 *
 * In the order of an index (format/tree_index.h).  Sockets, pipes and devices are left out, and
 * files with secrets, by name: .cargo/credentials*, .netrc, .docker/config.json, .git/config,
 * private keys of ssh, .npmrc and .pypirc.
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

/* Everything that the kernel changes when the file is written to or replaced. */
struct file_stamp {
	uint64_t size_bytes;
	int64_t mtime_ns;
	int64_t ctime_ns;
	uint64_t inode;
	uint64_t device;
};

/* How files that the filter calls executables are saved. */
enum tree_executables {
	TREE_NO_EXECUTABLES,
	TREE_ALL_EXECUTABLES,    /* like other files */
	TREE_MARKED_EXECUTABLES, /* ENTRY_EXECUTABLE */
};

struct scanned {
	enum tree_entry_kind kind; /* ENTRY_SMALL and ENTRY_FILE by size; never ENTRY_BUNDLE */
	bool is_executable;        /* by the filter; also a hard link to one */
	uint8_t root;
	bool left_out;  /* left out: it, its first name, or its part */
	bool has_links; /* has other names, here or elsewhere */
	uint16_t mode;
	uint32_t text;      /* offset of its name, path or label in `texts` */
	uint32_t target;    /* of a link */
	uint32_t directory; /* index of its directory's entry; for a directory its own */
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
	uint64_t executable_bytes; /* files that the filter calls executables, left out or not */
};

/* A missing root has no entries.  `filter` NULL: everything. */
int tree_scan(const struct cache_roots *roots, const struct tree_filter *filter,
	      enum tree_executables executables, struct tree_scan *ret_scan, struct error **err);
void tree_scan_release(struct tree_scan *scan);
#define AUTO_TREE_SCAN CLEANUP(tree_scan_release)

const char *scanned_text(const struct tree_scan *scan, const struct scanned *entry);

bool scanned_is_file(const struct scanned *entry); /* and not another name of one */

/* Takes an entry out of the save and the counts. */
void tree_scan_leave_out(struct tree_scan *scan, struct scanned *entry);

/* Relative to the root; the caller owns it. */
char *scanned_path(const struct tree_scan *scan, const struct scanned *entry);

/* Opens for reading, never through a link; -1 with errno. */
int scanned_open(const struct tree_scan *scan, const struct scanned *entry);

struct file_stamp file_stamp_of(const struct stat *info);
bool file_stamp_equal(const struct file_stamp *a, const struct file_stamp *b);

#endif
