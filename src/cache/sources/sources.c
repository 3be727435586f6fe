/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/sources/sources.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/compat.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "fingerprint/input_files.h"
#include "fingerprint/paths.h"

static const char magic[] = "ocifp-sources-1\n";

/* An entry without its path; numbers are big-endian. */
struct packed {
	uint32_t mode;
	uint32_t path_bytes;
	uint64_t size;
	uint64_t mtime_ns; /* two's complement */
	uint8_t sha256[SOURCE_DIGEST_BYTES];
};

_Static_assert(sizeof(struct packed) == 56, "no padding: it is written as it stands");

/* 1823 to 2116: the difference of two times cannot overflow. */
static const int64_t time_limit_ns = ((int64_t)1 << 62) - 1;

void
sources_release(struct sources *sources)
{
	for (size_t i = 0; i < sources->count; i++)
		free(sources->items[i].path);
	free(sources->items);
	*sources = (struct sources){ 0 };
}

static int
compare_path(const void *path, const void *source)
{
	return strcmp(path, ((const struct source *)source)->path);
}

const struct source *
sources_find(const struct sources *sources, const char *path)
{
	return sources->count == 0 ? NULL
				   : bsearch(path, sources->items, sources->count,
					     sizeof(*sources->items), compare_path);
}

int
sources_encode(const struct sources *sources, struct buf *ret_bytes, struct error **err)
{
	uint64_t count = htobe64(sources->count);

	if (buf_append(ret_bytes, magic, strlen(magic), err) < 0 ||
	    buf_append(ret_bytes, &count, sizeof(count), err) < 0)
		return -1;
	for (size_t i = 0; i < sources->count; i++) {
		const struct source *source = &sources->items[i];
		struct packed packed = {
			.mode = htobe32(source->mode),
			.path_bytes = htobe32((uint32_t)strlen(source->path)),
			.size = htobe64(source->size),
			.mtime_ns = htobe64((uint64_t)source->mtime_ns),
		};

		memcpy(packed.sha256, source->sha256, sizeof(packed.sha256));
		if (buf_append(ret_bytes, &packed, sizeof(packed), err) < 0 ||
		    buf_append(ret_bytes, source->path, strlen(source->path), err) < 0)
			return -1;
	}
	return 0;
}

static int
fail(struct error **err, const char *what)
{
	return error_set(err, ERROR_CONTENT, "invalid list of sources: %s", what);
}

/* Only the root has an empty path, and it is a directory. */
static bool
path_is_valid(const struct source *source)
{
	AUTO_ERROR struct error *ignored = NULL;
	AUTO_FREE char *normal = NULL;

	if (!*source->path)
		return source->mode == S_IFDIR;
	normal = path_normalise(source->path, &ignored);
	return normal && strcmp(normal, source->path) == 0 && !path_never_enters(normal);
}

static int
decode_entry(const char *bytes, size_t size, size_t *at, struct source *source, struct error **err)
{
	struct packed packed;
	size_t path_bytes;

	if (size - *at < sizeof(packed))
		return fail(err, "it is cut short");
	memcpy(&packed, bytes + *at, sizeof(packed));
	*at += sizeof(packed);
	path_bytes = be32toh(packed.path_bytes);
	if (path_bytes > PATH_LIMIT_BYTES || path_bytes > size - *at)
		return fail(err, "a path is longer than what is left");
	if (memchr(bytes + *at, '\0', path_bytes))
		return fail(err, "a path has a NUL");
	*source = (struct source){
		.path = xstrndup(bytes + *at, path_bytes),
		.mode = be32toh(packed.mode),
		.size = be64toh(packed.size),
		.mtime_ns = (int64_t)be64toh(packed.mtime_ns),
	};
	memcpy(source->sha256, packed.sha256, sizeof(source->sha256));
	*at += path_bytes;
	if ((source->mode != INPUT_PLAIN && source->mode != INPUT_EXECUTABLE &&
	     source->mode != INPUT_LINK && source->mode != S_IFDIR) ||
	    !path_is_valid(source))
		return fail(err,
			    "an entry has an unknown mode, or a path that is not in normal form");
	if (source->mtime_ns > time_limit_ns || source->mtime_ns < -time_limit_ns)
		return fail(err, "a time is out of range");
	return 0;
}

static int
decode_entries(const char *bytes, size_t size, uint64_t count, struct sources *sources,
	       struct error **err)
{
	size_t at = strlen(magic) + sizeof(count);

	for (uint64_t i = 0; i < count; i++) {
		struct source source = { 0 };
		int result = decode_entry(bytes, size, &at, &source, err);

		sources->items = xgrow(sources->items, sources->count, sizeof(*sources->items));
		sources->items[sources->count++] = source;
		if (result < 0)
			return -1;
		sources->file_count += source.mode != S_IFDIR;
		if (i > 0 && strcmp(sources->items[i - 1].path, source.path) >= 0)
			return fail(err, "its paths are not in order");
	}
	return at == size ? 0 : fail(err, "bytes follow the last entry");
}

int
sources_decode(const void *bytes, size_t size, struct sources *ret_sources, struct error **err)
{
	AUTO_SOURCES struct sources sources = { 0 };
	uint64_t count;

	if (size < strlen(magic) + sizeof(count) || memcmp(bytes, magic, strlen(magic)) != 0)
		return fail(err, "it does not start with 'ocifp-sources-1'");
	memcpy(&count, (const char *)bytes + strlen(magic), sizeof(count));
	count = be64toh(count);
	if (count > size / sizeof(struct packed))
		return fail(err, "it has fewer entries than it says");
	if (decode_entries(bytes, size, count, &sources, err) < 0)
		return -1;
	*ret_sources = sources;
	sources = (struct sources){ 0 };
	return 0;
}
