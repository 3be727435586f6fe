/* SPDX-License-Identifier: Apache-2.0 */
/* tree_index.h - the entries that a cache restores: directories, files, links, in one order
 *
 * A stream of records, numbers and texts as in varint.h; ocifp-cache(5) has the specification.
 *
 *     'R' label                                a root; the records after it are in it
 *     'D' path  mode  mtime                    a directory, path relative to the root, "" the root
 *     'B' chunks                               a bundle: the bytes of the small files after it
 *     'S' name  mode  mtime  size              a small file: the next bytes of the bundle
 *     'F' name  mode  mtime  size  chunks      a file with chunks of its own
 *     'X' name  mode  mtime  size  chunks      the same, an executable that a restore may leave out
 *     'H' name  path                           a hard link to a file before it, path from the root
 *     'L' name  mtime  target                  a symbolic link
 *
 *     mode     number, 0 to 0777      mtime   signed seconds, number of nanoseconds
 *     chunks   number, and for each: digest, number of bytes
 *
 * Roots are strictly ascending by bytes.  A directory is followed by its files and links, names
 * strictly ascending, then by its subdirectories with their content, in the order of names too.  So
 * no entry occurs twice, and a directory comes before its content.
 */
#ifndef OCIFP_CACHE_FORMAT_TREE_INDEX_H
#define OCIFP_CACHE_FORMAT_TREE_INDEX_H

#include <stdint.h>
#include <time.h>

#include "cache/format/varint.h"

struct error;

enum tree_entry_kind {
	ENTRY_ROOT = 'R',
	ENTRY_DIRECTORY = 'D',
	ENTRY_BUNDLE = 'B',
	ENTRY_SMALL = 'S',
	ENTRY_FILE = 'F',
	ENTRY_EXECUTABLE = 'X',
	ENTRY_HARD_LINK = 'H',
	ENTRY_SYMLINK = 'L',
};

struct chunk_ref {
	struct digest digest;
	uint32_t size_bytes;
};

/* Chunks of one entry, still in the bytes of the index: chunk_refs_next() takes them one by one. */
struct chunk_refs {
	struct wire_reader reader;
	uint64_t left;
};

struct tree_entry {
	enum tree_entry_kind kind;
	const char *text; /* name, path or label; not terminated, as `target` */
	size_t text_size;
	const char *target; /* of a link */
	size_t target_size;
	unsigned mode;
	struct timespec mtime;
	uint64_t size_bytes; /* of a file, or of a bundle */
	uint64_t offset;     /* of a small file in its bundle */
	struct chunk_refs chunks;
};

/* Reads the entries one by one; ERROR_CONTENT if they break the rules above. */
struct tree_cursor {
	struct wire_reader reader;
	uint64_t entry_count;
	uint64_t total_bytes;   /* of the files so far */
	uint64_t bundle_bytes;  /* of the last bundle */
	uint64_t bundle_offset; /* of these, used by small files */
	bool has_directory;
	char *root;           /* NULL: before the first */
	struct buf directory; /* the last one's path */
	struct buf name;      /* the last one in it */
};

void tree_cursor_open(struct tree_cursor *cursor, const void *bytes, size_t size);
int tree_cursor_next(struct tree_cursor *cursor, struct tree_entry *ret_entry, bool *ret_end,
		     struct error **err);
void tree_cursor_release(struct tree_cursor *cursor);
#define AUTO_TREE_CURSOR CLEANUP(tree_cursor_release)

bool chunk_refs_next(struct chunk_refs *refs, struct chunk_ref *ret_ref);

/* Writers: ignore the `chunks` of an entry; its chunks are passed as an array. */
void tree_index_put(struct wire_writer *writer, const struct tree_entry *entry);
void tree_index_put_chunks(struct wire_writer *writer, const struct chunk_ref *refs, size_t count);

#endif
