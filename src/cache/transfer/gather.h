/* SPDX-License-Identifier: Apache-2.0 */
/* gather.h - the content of a scanned tree: reused from the parent, or read, cut and packed
 *
 * Afterwards each entry of the scan that was not left out has its content, and the index of the
 * tree can be written.
 */
#ifndef OCIFP_CACHE_TRANSFER_GATHER_H
#define OCIFP_CACHE_TRANSFER_GATHER_H

#include "cache/transfer/parent.h"
#include "cache/tree/tree_scan.h"

struct error;
struct journal;
struct pack_writer;

/* For a file with its own chunks, or for a bundle. */
struct gathered {
	uint32_t entry; /* the file, or the directory at which the bundle begins */
	const struct parent_content *reused; /* NULL: these of pack_writer_chunks() */
	size_t first;
	size_t count;
};

struct gathering {
	struct tree_scan *scan;
	const struct parts *parts; /* if a file was left out, its part is marked as torn */
	const struct journal *journal;
	const struct parent *parent;
	struct pack_writer *writer;
	struct pack_writer *executables; /* for entries of that kind */
	struct gathered *items;          /* in the order of entries */
	size_t count;
	uint64_t read_bytes;
	uint64_t changed_count; /* files that changed meanwhile, left out */
	uint64_t newest_ns;     /* the latest time of a file */
};

int gather(struct gathering *gathering, struct error **err);

/* STREAM_TREE, after the writer was flushed. */
int gather_index(const struct gathering *gathering, struct wire_writer *ret_index,
		 struct error **err);
void gathering_release(struct gathering *gathering);
#define AUTO_GATHERING CLEANUP(gathering_release)

#endif
