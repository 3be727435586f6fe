/* SPDX-License-Identifier: Apache-2.0 */
#include "layer/helper/apply.h"

#include "base/error.h"
#include "layer/helper/entry.h"
#include "layer/helper/layer_reader.h"
#include "layer/helper/tree.h"

struct apply {
	struct tree *tree;
	struct layer_reader reader;
};

static int
apply_entry(struct apply *apply, const struct entry *entry, struct error **err)
{
	AUTO_CLOSE int fd = -1;
	struct layer_piece piece;
	int ret;

	if (entry_is_whiteout(entry))
		return tree_whiteout(apply->tree, entry, err);
	if (tree_add(apply->tree, entry, &fd, err) < 0)
		return -1;
	if (fd < 0)
		return 0;
	while ((ret = layer_reader_content(&apply->reader, &piece, err)) > 0)
		if (tree_write(apply->tree, fd, entry, &piece, err) < 0)
			return -1;
	if (ret < 0)
		return -1;
	return tree_end_file(apply->tree, fd, entry, err);
}

/* 1: an entry, 0: the end. */
static int
apply_next(struct apply *apply, struct error **err)
{
	AUTO_ENTRY struct entry entry = { 0 };
	int ret = layer_reader_next(&apply->reader, &entry, err);

	if (ret <= 0)
		return ret;
	apply->tree->counts.entries++;
	return apply_entry(apply, &entry, err) < 0 ? -1 : 1;
}

static int
apply_all(struct apply *apply, struct ring *ring, struct error **err)
{
	int ret;

	if (layer_reader_open(&apply->reader, ring, err) < 0)
		return -1;
	while ((ret = apply_next(apply, err)) > 0)
		;
	return ret < 0 ? -1 : layer_reader_end(&apply->reader, err);
}

int
apply_layer(struct tree *tree, struct ring *ring, struct error **err)
{
	struct apply apply = { .tree = tree };
	int ret;

	tree_begin_layer(tree);
	ret = apply_all(&apply, ring, err);
	layer_reader_release(&apply.reader);
	return ret;
}
