/* SPDX-License-Identifier: Apache-2.0 */
/* tree_writer.h - writes one root of a cache into an empty directory of ours
 *
 *     tree_writer_new      reads the index, plans which bytes of which chunk go where
 *     tree_writer_begin    makes the directories
 *     tree_writer_pack     writes the checked chunks of one pack into files, a share by each thread
 *     tree_writer_finish   empty files, links, times of directories; checks that nothing is missing
 *
 * Runs in ocifp-layer.  Until tree_writer_finish() the tree has no links, and a directory has no
 * name twice (tree_index.h), so no path leads out.  A file gets its mode and time with its last
 * byte.
 */
#ifndef OCIFP_CACHE_TREE_TREE_WRITER_H
#define OCIFP_CACHE_TREE_TREE_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "cache/format/chunk_table.h"

struct error;
struct tree_writer;
struct workers;

struct tree_writer_plan {
	const void *index; /* STREAM_TREE, borrowed */
	size_t index_size;
	const struct chunk_table *table; /* borrowed */
	const char *label;               /* of the wanted root */
	bool executables;                /* also write them, and hard links to them */
	int64_t shift_ns;                /* subtracted from each time */
	uint64_t most_bytes;             /* of all files, of other roots too */
};

/* ERROR_CONTENT: an index that breaks a rule, has more than `most_bytes`, or names a chunk that no
 * pack has. */
struct tree_writer *tree_writer_new(const struct tree_writer_plan *plan, int tree_fd,
				    struct error **err);

/* Whether the index has that root. */
bool tree_writer_has_root(const struct tree_writer *writer);
int tree_writer_begin(struct tree_writer *writer, struct error **err);

/* `workers` NULL: on this thread.  Returns when the pack was read. */
int tree_writer_pack(struct tree_writer *writer, size_t pack, int fd, struct workers *workers,
		     struct error **err);
int tree_writer_finish(struct tree_writer *writer, struct error **err);

uint64_t tree_writer_bytes(const struct tree_writer *writer); /* of this root's files */
uint64_t tree_writer_files(const struct tree_writer *writer);
void tree_writer_free(struct tree_writer *writer);
DEFINE_CLEANUP(struct tree_writer, tree_writer_free)

#endif
