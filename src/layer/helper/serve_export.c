/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "layer/helper/feed.h"
#include "layer/helper/layer_helper.h"
#include "layer/helper/layer_reader.h"
#include "layer/helper/merged.h"
#include "layer/helper/ring.h"
#include "layer/pack/tar_writer.h"

/* The layers are read twice: first for the names, which determine the result; then for the content,
 * in its order in the layers. */
struct export
{
	struct service *service;
	struct ring *ring;
	struct merged merged;
	size_t file;                      /* the file that is written next */
	struct sink *sink;                /* for the content of a single file */
	struct tar_writer *writer;        /* for everything */
	const struct merged_file *wanted; /* the single file; NULL: everything */
	bool is_done;
	uint64_t dropped_xattrs;
};

static int
ask_for_layer(struct export *export, uint64_t number, struct error **err)
{
	AUTO_MESSAGE struct message item = MESSAGE_INIT(MESSAGE_ITEM);

	message_put_number(&item, number);
	return message_send(export->service->channel_fd, &item, err);
}

typedef int visit_entry(struct export *export, struct layer_reader *reader,
			const struct entry *entry, struct error **err);

static int
read_entries(struct export *export, struct layer_reader *reader, visit_entry *visit,
	     struct error **err)
{
	int ret;

	if (layer_reader_open(reader, export->ring, err) < 0)
		return -1;
	for (export->merged.entry = 0; !export->is_done; export->merged.entry++) {
		AUTO_ENTRY struct entry entry = { 0 };

		ret = layer_reader_next(reader, &entry, err);
		if (ret == 0)
			return layer_reader_end(reader, err);
		if (ret < 0 || visit(export, reader, &entry, err) < 0)
			return -1;
	}
	return 0;
}

/* The next layer is requested before this one ends, and is inflated meanwhile. */
static int
read_layers(struct export *export, size_t first, size_t end, size_t count, visit_entry *visit,
	    struct error **err)
{
	if (first < end && ask_for_layer(export, first, err) < 0)
		return -1;
	for (size_t i = first; i < end; i++) {
		struct layer_reader reader = { 0 };
		int ret;

		if (i + 1 < end && ask_for_layer(export, i + 1, err) < 0)
			return -1;
		export->merged.layer = (uint32_t)i;
		ret = read_entries(export, &reader, visit, err);
		layer_reader_release(&reader);
		if (ret < 0)
			return error_wrap(err, "layer %zu of %zu", i + 1, count);
	}
	return 0;
}

static int
add_entry(struct export *export, struct layer_reader *reader, const struct entry *entry,
	  struct error **err)
{
	(void)reader;
	export->dropped_xattrs += entry->dropped_xattr_count;
	return merged_add(&export->merged, entry, err);
}

static int
write_bytes(struct export *export, const void *bytes, size_t size, struct error **err)
{
	return export->writer ? tar_writer_write(export->writer, bytes, size, err)
			      : sink_write(export->sink, bytes, size, err);
}

static int
write_zeros(struct export *export, uint64_t size, struct error **err)
{
	static const char zeros[64 * KIB];

	while (size > 0) {
		size_t part = size < sizeof(zeros) ? (size_t)size : sizeof(zeros);

		if (write_bytes(export, zeros, part, err) < 0)
			return -1;
		size -= part;
	}
	return 0;
}

/* How far a file is written. */
struct written {
	uint64_t at_bytes;
	size_t region; /* the one that ends behind that */
};

/* The zeros before an offset: in a tar those that its regions have.  A tar stores no holes; those
 * of a small layer may be terabytes. */
static int
write_hole(struct export *export, const struct entry *entry, struct written *written, uint64_t end,
	   struct error **err)
{
	bool is_whole = !export->writer || entry->region_count == 0;

	if (is_whole && write_zeros(export, end - written->at_bytes, err) < 0)
		return -1;
	for (; !is_whole && written->region < entry->region_count; written->region++) {
		const struct tar_region *region = &entry->regions[written->region];
		uint64_t region_end = region->offset_bytes + region->size_bytes;
		uint64_t first = written->at_bytes > region->offset_bytes ? written->at_bytes
									  : region->offset_bytes;
		uint64_t last = end < region_end ? end : region_end;

		if (first < last && write_zeros(export, last - first, err) < 0)
			return -1;
		if (end < region_end)
			break;
	}
	written->at_bytes = end;
	return 0;
}

static int
write_content(struct export *export, struct layer_reader *reader, const struct entry *entry,
	      struct error **err)
{
	struct written written = { 0 };
	struct layer_piece piece;
	int ret;

	while ((ret = layer_reader_content(reader, &piece, err)) > 0) {
		if (piece.offset_bytes < written.at_bytes ||
		    piece.offset_bytes > entry->size_bytes ||
		    piece.size > entry->size_bytes - piece.offset_bytes)
			return error_set(err, ERROR_CONTENT,
					 "the content of entry '%s' is not as its header says",
					 QUOTED(entry->path));
		if (write_hole(export, entry, &written, piece.offset_bytes, err) < 0 ||
		    write_bytes(export, piece.bytes, piece.size, err) < 0)
			return -1;
		written.at_bytes = piece.offset_bytes + piece.size;
	}
	return ret < 0 ? -1 : write_hole(export, entry, &written, entry->size_bytes, err);
}

static int
begin_member(struct export *export, struct tar_member *member, const struct merged_name *name,
	     struct error **err)
{
	char path[PATH_LIMIT_BYTES];

	merged_path(name, path);
	member->name = *path ? path : ".";
	return tar_writer_begin(export->writer, member, err);
}

/* Writes the directories above it first. */
static int
write_directory(struct export *export, struct merged_name *name, struct error **err)
{
	/* The root may have no attributes. */
	if (name->file->is_written || !name->file->written)
		return 0;
	if (name->parent != name && write_directory(export, name->parent, err) < 0)
		return -1;
	name->file->is_written = true;
	return begin_member(export, name->file->written, name, err);
}

static struct merged_name *
next_name(struct merged_name *name)
{
	while (name && name->is_gone)
		name = name->other;
	return name;
}

/* Some readers apply a link's attributes: they have to be those of the file. */
static int
write_links(struct export *export, const struct merged_name *first, const struct tar_member *file,
	    struct error **err)
{
	char target[PATH_LIMIT_BYTES];
	struct tar_member member = *file;

	member.type = TAR_HARD_LINK;
	member.target = target;
	member.size_bytes = 0;
	member.region_count = 0;
	member.xattr_count = 0;
	merged_path(first, target);
	for (struct merged_name *name = first->other; (name = next_name(name)); name = name->other)
		if (write_directory(export, name->parent, err) < 0 ||
		    begin_member(export, &member, name, err) < 0)
			return -1;
	return 0;
}

static int
write_file(struct export *export, struct layer_reader *reader, const struct merged_file *file,
	   const struct entry *entry, struct error **err)
{
	struct tar_xattr xattrs[XATTRS_LIMIT_COUNT];
	struct merged_name *name = next_name(file->names);
	struct tar_member member;

	if (!name)
		return 0;
	if (file->type == ENTRY_DIRECTORY)
		return write_directory(export, name, err);
	member_of_entry(entry, xattrs, &member);
	if (write_directory(export, name->parent, err) < 0 ||
	    begin_member(export, &member, name, err) < 0 ||
	    write_content(export, reader, entry, err) < 0)
		return -1;
	return write_links(export, name, &member, err);
}

/* The file that this entry made, if it still exists. */
static int
write_entry(struct export *export, struct layer_reader *reader, const struct entry *entry,
	    struct error **err)
{
	struct merged *merged = &export->merged;

	for (; export->file < merged->file_count; export->file++) {
		const struct merged_file *file = merged->files[export->file];

		if (file->layer != merged->layer || file->entry != merged->entry)
			break;
		if (export->wanted && file == export->wanted) {
			export->is_done = true;
			return write_content(export, reader, entry, err);
		}
		if (!export->wanted && write_file(export, reader, file, entry, err) < 0)
			return -1;
	}
	return 0;
}

static int
write_everything(struct export *export, size_t count, struct error **err)
{
	if (write_directory(export, export->merged.root, err) < 0 ||
	    read_layers(export, 0, count, count, write_entry, err) < 0)
		return -1;
	return tar_writer_finish(export->writer, err);
}

static int
write_single(struct export *export, const char *path, size_t count, struct error **err)
{
	struct merged_file *file = NULL;

	if (merged_find(&export->merged, path, &file, err) < 0)
		return -1;
	if (!file || file->type != ENTRY_FILE)
		return error_set(err, ERROR_FAILURE, "'%s' is %s in the image", QUOTED(path),
				 file ? "not a regular file" : "not there");
	export->wanted = file;
	while (export->merged.files[export->file]->layer < file->layer)
		export->file++;
	return read_layers(export, file->layer, (size_t)file->layer + 1, count, write_entry, err);
}

static int
export_files(struct export *export, const char *path, size_t count, struct error **err)
{
	if (merged_init(&export->merged, err) < 0 ||
	    read_layers(export, 0, count, count, add_entry, err) < 0)
		return -1;
	return *path ? write_single(export, path, count, err)
		     : write_everything(export, count, err);
}

static void
export_release(struct export *export)
{
	merged_release(&export->merged);
	tar_writer_free(export->writer);
	sink_free(export->sink);
}

static int
serve(struct service *service, const char *path, size_t count, uint64_t *ret_dropped_xattrs,
      struct error **err)
{
	CLEANUP(ring_free_at) struct ring *ring = ring_new();
	CLEANUP(feed_free_at) struct feed *feed = NULL;
	CLEANUP(export_release) struct export export = { .service = service, .ring = ring };
	struct sink *sink = sink_fd(HELPER_FIRST_FD, "the output");
	int ret;

	if (*path)
		export.sink = sink;
	else
		export.writer = tar_writer_new(sink);
	/* At most: for a single file, one layer is read again. */
	feed = feed_new(ring, service->channel_fd, 2 * count, err);
	if (!feed)
		return -1;
	ret = service_confine_calls(service, err);
	if (ret == 0) {
		feed_go(feed);
		ret = export_files(&export, path, count, err);
	}
	ring_leave(ring);
	*ret_dropped_xattrs = export.dropped_xattrs;
	return ret;
}

int
serve_export(struct service *service, struct error **err)
{
	AUTO_MESSAGE struct message result = MESSAGE_INIT(MESSAGE_RESULT);
	const char *path = NULL;
	uint64_t count = 0;
	uint64_t dropped_xattrs = 0;

	if (message_get_text(&service->request, &path, err) < 0 ||
	    message_get_number(&service->request, &count, err) < 0 ||
	    service_confine_process(service, -1, err) < 0 ||
	    serve(service, path, (size_t)count, &dropped_xattrs, err) < 0)
		return -1;
	message_put_number(&result, dropped_xattrs);
	return message_send(service->channel_fd, &result, err);
}
