/* SPDX-License-Identifier: Apache-2.0 */
#include "image/make/new_layer.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/observer.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "layer/pack/tar_check.h"
#include "store/ingest.h"
#include "stream/compress.h"
#include "stream/source.h"

static int
make_of_directory(struct store *store, int fd, const struct layer_path *from,
		  const struct new_layer_options *options, struct new_layer *layer,
		  struct error **err)
{
	struct pack_options pack = options->pack;
	struct sink *blob = store_new_blob(store, &layer->blob, err);
	struct pack_counts counts = { 0 };
	struct measure tar;

	if (!blob)
		return -1;
	pack.root_fd = fd;
	pack.prefix = from->prefix;
	blob = sink_measure(&tar, sink_compress(options->compression, options->level, blob));
	blob = sink_count(options->observer, EVENT_PACKED, blob);
	if (pack_tree(&pack, blob, &counts, err) < 0)
		return -1;
	layer->compression = options->compression;
	layer->diff_id = tar.digest;
	if (counts.sockets > 0)
		observer_tell(options->observer, EVENT_NOTICE,
			      "%" PRIu64 " sockets of '%s' are left out", counts.sockets,
			      QUOTED(from->path));
	return 0;
}

/* A tar that is read once: a file, or standard input. */
struct tar {
	struct source file; /* of no known size: a stream */
	uint64_t at_bytes;
	char *piece;
	size_t piece_bytes; /* 0: the end */
};

static void
tar_release(struct tar *tar)
{
	free(tar->piece);
}

static int
read_piece(struct tar *tar, struct error **err)
{
	tar->piece_bytes = 0;
	if (tar->file.size_bytes == 0) {
		while (tar->piece_bytes < TRANSFER_BUFFER_BYTES) {
			ssize_t got = read(tar->file.fd, tar->piece + tar->piece_bytes,
					   TRANSFER_BUFFER_BYTES - tar->piece_bytes);

			if (got == 0)
				return 0;
			if (got < 0 && errno != EINTR)
				return error_set_errno(err, errno, "cannot read it");
			if (got > 0)
				tar->piece_bytes += (size_t)got;
		}
		return 0;
	}
	if (tar->at_bytes == tar->file.size_bytes)
		return 0;
	if (source_read(&tar->file, tar->at_bytes, tar->piece, TRANSFER_BUFFER_BYTES,
			&tar->piece_bytes, err) < 0)
		return -1;
	tar->at_bytes += tar->piece_bytes;
	return 0;
}

/* A compressed tar is copied as it is, and the helper reads it to find the diff_id; an uncompressed
 * one is measured here. */
static int
make_of_tar(struct store *store, struct tar *file, const struct new_layer_options *options,
	    struct new_layer *layer, struct error **err)
{
	AUTO_SINK struct sink *blob = store_new_blob(store, &layer->blob, err);
	struct measure said;
	struct measure tar = { .size_bytes = 0 };
	AUTO_SINK struct sink *check = blob ? sink_tar_check(&said, err) : NULL;
	AUTO_SINK struct sink *both = NULL;
	bool is_plain;

	if (!check || read_piece(file, err) < 0)
		return -1;
	layer->compression = compression_detect(file->piece, file->piece_bytes);
	is_plain = layer->compression == COMPRESSION_NONE;
	if (is_plain) {
		layer->compression = options->compression;
		blob = sink_measure(&tar,
				    sink_compress(options->compression, options->level, blob));
	}
	both = sink_count(options->observer, EVENT_PACKED,
			  sink_tee(TAKE_PTR(check), TAKE_PTR(blob)));
	/* Continues after the piece that was read. */
	while (file->piece_bytes > 0)
		if (sink_write(both, file->piece, file->piece_bytes, err) < 0 ||
		    read_piece(file, err) < 0)
			return -1;
	if (sink_finish(both, err) < 0)
		return -1;
	layer->diff_id = is_plain ? tar.digest : said.digest;
	return 0;
}

static int
make(struct store *store, int fd, const struct layer_path *from,
     const struct new_layer_options *options, struct new_layer *layer, struct error **err)
{
	bool is_stream = strcmp(from->path, LAYER_STANDARD_INPUT) == 0;
	struct stat status;
	uint64_t size_bytes;
	CLEANUP(tar_release)
	struct tar tar = { 0 };

	if (fstat(fd, &status) < 0)
		return error_set_errno(err, errno, "cannot read its attributes");
	if (S_ISDIR(status.st_mode))
		return make_of_directory(store, fd, from, options, layer, err);
	if (!is_stream && !S_ISREG(status.st_mode))
		return error_set(err, ERROR_USAGE, "it is neither a directory nor a file");
	if (from->prefix)
		return error_set(err, ERROR_USAGE,
				 "the paths in a tar are its own; give the file without a path");
	size_bytes = is_stream ? 0 : (uint64_t)status.st_size;
	tar = (struct tar){
		.file = source_of_fd(fd, size_bytes),
		.piece = xcalloc(1, TRANSFER_BUFFER_BYTES),
	};
	return make_of_tar(store, &tar, options, layer, err);
}

static int
open_input(const char *path, struct error **err)
{
	int fd = strcmp(path, LAYER_STANDARD_INPUT) == 0
			 ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
			 : open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	return fd < 0 ? error_set_path(err, errno, "open", path) : fd;
}

int
new_layer_make(struct store *store, const struct layer_path *from,
	       const struct new_layer_options *options, struct new_layer *ret_layer,
	       struct error **err)
{
	AUTO_CLOSE int fd = open_input(from->path, err);
	struct new_layer layer = { 0 };

	if (fd < 0)
		return -1;
	if (make(store, fd, from, options, &layer, err) < 0) {
		if (error_is(*err, ERROR_CONTENT))
			error_set_hint(err, "a layer is a directory or a tar");
		return error_wrap(err, "layer '%s'", QUOTED(from->path));
	}
	*ret_layer = layer;
	return 0;
}

const char *
new_layer_media_type(const struct new_layer *layer, const char *manifest_type)
{
	static const char *const types[] = {
		[COMPRESSION_NONE] = MEDIA_OCI_LAYER,
		[COMPRESSION_GZIP] = MEDIA_OCI_LAYER_GZIP,
		[COMPRESSION_ZSTD] = MEDIA_OCI_LAYER_ZSTD,
	};

	return media_type_in(types[layer->compression], media_type_family(manifest_type));
}
