/* SPDX-License-Identifier: Apache-2.0 */
/* entries.h - entries of a layer out of fuzzed bytes: hostile, with names from a small set so that
 * they meet */
#ifndef OCIFP_TESTS_FUZZ_ENTRIES_H
#define OCIFP_TESTS_FUZZ_ENTRIES_H

#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/xalloc.h"
#include "layer/helper/entry.h"
#include "layer/helper/layer_reader.h"
#include "layer/helper/tree.h"

#define ENTRIES_LIMIT_COUNT 64

struct input {
	const uint8_t *data;
	size_t size;
};

static inline unsigned
take(struct input *input)
{
	if (input->size == 0)
		return 0;
	input->size--;
	return *input->data++;
}

/* "a/b", "/../l/.wh.a": the first byte says how many names, and whether there is a '/' before them.
 */
static inline char *
take_path(struct input *input)
{
	static const char *const words[] = {
		"a", "b", "c", "d", "canary", "..", ".", ".wh.a", ".wh.b", ".wh..wh..opq", ".wh.",
	};
	unsigned how = take(input);
	char *path = xstrdup(how & 0x80 ? "/" : "");

	for (unsigned i = 0; i < how % 5; i++) {
		const char *word = words[take(input) % (sizeof(words) / sizeof(words[0]))];
		char *longer = xasprintf("%s%s%s", path, i > 0 ? "/" : "", word);

		free(path);
		path = longer;
	}
	return path;
}

static inline struct entry
take_entry(struct input *input)
{
	struct entry entry = { .type = take(input) % (ENTRY_OTHER + 1) };

	entry.path = take_path(input);
	path_clean(entry.path);
	if (entry.type == ENTRY_SYMBOLIC_LINK || entry.type == ENTRY_HARD_LINK)
		entry.link = take_path(input);
	if (entry.type == ENTRY_HARD_LINK)
		path_clean(entry.link);
	entry.mode = take(input) << 3;
	entry.format = entry.type == ENTRY_FIFO ? S_IFIFO : S_IFCHR;
	entry.modified.tv_sec = entry.mode;
	entry.size_bytes = entry.type == ENTRY_FILE ? take(input) : 0;
	return entry;
}

static inline int
add_to_tree(struct tree *tree, const struct entry *entry, struct error **err)
{
	static const char content[256];
	const struct layer_piece piece = { .bytes = content, .size = entry->size_bytes };
	AUTO_CLOSE int fd = -1;

	if (entry_is_whiteout(entry))
		return tree_whiteout(tree, entry, err);
	if (tree_add(tree, entry, &fd, err) < 0)
		return -1;
	if (fd < 0)
		return 0;
	if (tree_write(tree, fd, entry, &piece, err) < 0)
		return -1;
	return tree_end_file(tree, fd, entry, err);
}

#endif
