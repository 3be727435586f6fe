#include "layer/apply.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "layer/entry.h"
#include "layer/ring.h"
#include "layer/tree.h"

DEFINE_CLEANUP(struct archive, archive_read_free)

struct apply {
	struct tree *tree;
	struct ring *ring;
	struct archive *reader;
	struct error *failure; /* of the ring; what libarchive makes of it is less */
	uint64_t entry_count;
	uint64_t content_bytes; /* holes included */
};

static la_ssize_t
read_ring(struct archive *reader, void *context, const void **ret_bytes)
{
	struct apply *apply = context;
	size_t size = 0;

	if (ring_read(apply->ring, ret_bytes, &size, &apply->failure) == 0)
		return (la_ssize_t)size;
	archive_set_error(reader, EIO, "%s", "no more bytes");
	return -1;
}

static int
fail(struct apply *apply, struct error **err)
{
	const char *why = archive_error_string(apply->reader);
	AUTO_FREE char *shown = NULL;

	if (apply->failure) {
		*err = TAKE_PTR(apply->failure);
		return -1;
	}
	shown = text_quote_string(why ? why : "not understood");
	return error_set(err, ERROR_CONTENT, "the layer is no tar that can be read: %s", shown);
}

/* Names are taken as raw bytes: in the C locale libarchive warns of those that are not ASCII, and
 * gives them as they are. */
static bool
warns_of_names_alone(struct archive *reader)
{
	const char *why = archive_error_string(reader);

	return why && strstr(why, "can't be converted from");
}

/* 1: an entry, 0: the end. */
static int
next_entry(struct apply *apply, struct archive_entry **ret_entry, struct error **err)
{
	int ret = archive_read_next_header(apply->reader, ret_entry);

	if (ret == ARCHIVE_OK || (ret == ARCHIVE_WARN && warns_of_names_alone(apply->reader)))
		return 1;
	return ret == ARCHIVE_EOF ? 0 : fail(apply, err);
}

static int
check_limits(struct apply *apply, const struct entry *entry, struct error **err)
{
	if (++apply->entry_count > LAYER_ENTRIES_LIMIT_COUNT)
		error_set(err, ERROR_CONTENT, "the layer has more than %d entries",
			  LAYER_ENTRIES_LIMIT_COUNT);
	else if (entry->size_bytes > LAYER_UNPACKED_LIMIT_BYTES - apply->content_bytes)
		error_set(err, ERROR_CONTENT, "the files of the layer are larger than they may be");
	else
		return 0;
	return error_set_class(err, "limit");
}

static int
write_content(struct apply *apply, const struct entry *entry, int fd, struct error **err)
{
	const void *bytes;
	size_t size;
	int64_t offset;
	int ret;

	while ((ret = archive_read_data_block(apply->reader, &bytes, &size, &offset)) == ARCHIVE_OK)
		if (tree_write(apply->tree, fd, entry, (uint64_t)offset, bytes, size, err) < 0)
			return -1;
	return ret == ARCHIVE_EOF ? 0 : fail(apply, err);
}

static int
apply_entry(struct apply *apply, const struct entry *entry, struct error **err)
{
	AUTO_CLOSE int fd = -1;

	if (entry_is_whiteout(entry))
		return tree_whiteout(apply->tree, entry, err);
	if (tree_add(apply->tree, entry, &fd, err) < 0)
		return -1;
	if (fd < 0)
		return 0;
	if (write_content(apply, entry, fd, err) < 0)
		return -1;
	return tree_end_file(apply->tree, fd, entry, err);
}

static int
take_entry(struct apply *apply, struct archive_entry *from, struct error **err)
{
	AUTO_ENTRY struct entry entry = { 0 };

	if (entry_read(from, &entry, err) < 0 || check_limits(apply, &entry, err) < 0)
		return -1;
	apply->content_bytes += entry.size_bytes;
	apply->tree->counts.entries++;
	return apply_entry(apply, &entry, err);
}

/* The digest is that of the whole stream; what follows the tar's end is nobody's. */
static int
drain(struct apply *apply, struct error **err)
{
	const void *bytes;
	size_t size = 1;

	while (size > 0)
		if (ring_read(apply->ring, &bytes, &size, err) < 0)
			return -1;
	ring_next(apply->ring);
	return 0;
}

static int
apply_all(struct apply *apply, struct error **err)
{
	struct archive_entry *entry;
	int ret;

	if (archive_read_support_format_tar(apply->reader) != ARCHIVE_OK ||
	    archive_read_support_format_empty(apply->reader) != ARCHIVE_OK ||
	    archive_read_open(apply->reader, apply, NULL, read_ring, NULL) != ARCHIVE_OK)
		return fail(apply, err);
	while ((ret = next_entry(apply, &entry, err)) > 0)
		if (take_entry(apply, entry, err) < 0)
			return -1;
	return ret < 0 ? -1 : drain(apply, err);
}

int
apply_layer(struct tree *tree, struct ring *ring, struct error **err)
{
	CLEANUP(archive_read_free_at) struct archive *reader = archive_read_new();
	struct apply apply = { .tree = tree, .ring = ring, .reader = reader };
	int ret;

	if (!reader)
		return error_set_errno(err, ENOMEM, "cannot read a tar");
	tree_begin_layer(tree);
	ret = apply_all(&apply, err);
	error_free(apply.failure);
	return ret;
}
