#include "image/new_layer.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/observer.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "layer/tar_check.h"
#include "store/new_blob.h"
#include "stream/compress.h"
#include "stream/source.h"

static void
tell_sockets(const struct new_layer_options *options, const char *path,
	     const struct pack_counts *counts)
{
	AUTO_FREE char *shown = NULL;

	if (counts->sockets == 0)
		return;
	shown = text_quote_string(path);
	observer_tell(options->observer, EVENT_NOTICE, "%" PRIu64 " sockets of '%s' are left out",
		      counts->sockets, shown);
}

static int
make_of_directory(struct store *store, int fd, const char *path, const char *prefix,
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
	pack.prefix = prefix;
	blob = sink_measure(&tar, sink_compress(options->compression, blob));
	blob = sink_count(options->observer, EVENT_PACKED, blob);
	if (pack_tree(&pack, blob, &counts, err) < 0)
		return -1;
	layer->compression = options->compression;
	layer->diff_id = tar.digest;
	tell_sockets(options, path, &counts);
	return 0;
}

static int
copy_file(const struct source *source, struct sink *sink, struct error **err)
{
	AUTO_FREE char *buffer = xcalloc(1, TRANSFER_BUFFER_BYTES);

	for (uint64_t at_bytes = 0; at_bytes < source->size_bytes;) {
		size_t size = 0;

		if (source_read(source, at_bytes, buffer, TRANSFER_BUFFER_BYTES, &size, err) < 0 ||
		    sink_write(sink, buffer, size, err) < 0)
			return -1;
		at_bytes += size;
	}
	return sink_finish(sink, err);
}

/* What is compressed goes as it is, and only the helper knows what is in it; what is not is
 * measured here. */
static int
make_of_file(struct store *store, const struct source *source,
	     const struct new_layer_options *options, struct new_layer *layer, struct error **err)
{
	AUTO_SINK struct sink *blob = store_new_blob(store, &layer->blob, err);
	struct measure said;
	struct measure tar = { .size_bytes = 0 };
	AUTO_SINK struct sink *check = blob ? sink_tar_check(&said, err) : NULL;
	AUTO_SINK struct sink *both = NULL;
	bool is_plain;
	char start[4];
	size_t size = 0;

	if (!check || source_read(source, 0, start, sizeof(start), &size, err) < 0)
		return -1;
	layer->compression = compression_detect(start, size);
	is_plain = layer->compression == COMPRESSION_NONE;
	if (is_plain) {
		layer->compression = options->compression;
		blob = sink_measure(&tar, sink_compress(options->compression, blob));
	}
	both = sink_count(options->observer, EVENT_PACKED,
			  sink_tee(TAKE_PTR(check), TAKE_PTR(blob)));
	if (copy_file(source, both, err) < 0)
		return -1;
	layer->diff_id = is_plain ? tar.digest : said.digest;
	return 0;
}

static int
make(struct store *store, int fd, const char *path, const char *prefix,
     const struct new_layer_options *options, struct new_layer *layer, struct error **err)
{
	struct source source;
	struct stat status;

	if (fstat(fd, &status) < 0)
		return error_set_errno(err, errno, "cannot look at it");
	if (S_ISDIR(status.st_mode))
		return make_of_directory(store, fd, path, prefix, options, layer, err);
	if (!S_ISREG(status.st_mode))
		return error_set(err, ERROR_USAGE, "it is neither a directory nor a file");
	if (prefix)
		return error_set(err, ERROR_USAGE, "a tar has its own paths");
	source = source_of_fd(fd, (uint64_t)status.st_size);
	return make_of_file(store, &source, options, layer, err);
}

int
new_layer_make(struct store *store, const char *path, const char *prefix,
	       const struct new_layer_options *options, struct new_layer *ret_layer,
	       struct error **err)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct new_layer layer = { 0 };
	AUTO_FREE char *shown = NULL;

	if (fd < 0)
		return error_set_path(err, errno, "open", path);
	shown = text_quote_string(path);
	if (make(store, fd, path, prefix, options, &layer, err) < 0)
		return error_wrap(err, "layer '%s'", shown);
	*ret_layer = layer;
	return 0;
}

const char *
new_layer_media_type(const struct new_layer *layer, const char *manifest_type)
{
	static const char *const types[][2] = {
		[COMPRESSION_NONE] = { MEDIA_OCI_LAYER, MEDIA_DOCKER_LAYER },
		[COMPRESSION_GZIP] = { MEDIA_OCI_LAYER_GZIP, MEDIA_DOCKER_LAYER_GZIP },
		[COMPRESSION_ZSTD] = { MEDIA_OCI_LAYER_ZSTD, MEDIA_DOCKER_LAYER_ZSTD },
	};

	return types[layer->compression][media_type_is(manifest_type, MEDIA_DOCKER_MANIFEST)];
}
