/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/compress.h"

#include <string.h>

#include "stream/compress_private.h"

struct sink *
sink_compress(enum compression compression, int level, struct sink *next)
{
	switch (compression) {
	case COMPRESSION_GZIP:
		return sink_gzip(level, next);
	case COMPRESSION_ZSTD:
		return sink_zstd(level, next);
	case COMPRESSION_NONE:
	case COMPRESSION_UNKNOWN:
		break;
	}
	return next;
}

struct sink *
sink_decompress(enum compression compression, struct sink *next)
{
	switch (compression) {
	case COMPRESSION_GZIP:
		return sink_gunzip(next);
	case COMPRESSION_ZSTD:
		return sink_unzstd(next);
	case COMPRESSION_NONE:
	case COMPRESSION_UNKNOWN:
		break;
	}
	return next;
}

/* RFC 8878, 3.1.2: a stream may begin with a skippable frame, as pzstd's do. */
static bool
begins_zstd(const unsigned char *bytes, size_t size)
{
	if (size < 4)
		return false;
	return memcmp(bytes, "\x28\xb5\x2f\xfd", 4) == 0 ||
	       ((bytes[0] & 0xf0) == 0x50 && memcmp(bytes + 1, "\x2a\x4d\x18", 3) == 0);
}

enum compression
compression_detect(const void *bytes, size_t size)
{
	if (size >= 2 && memcmp(bytes, "\x1f\x8b", 2) == 0)
		return COMPRESSION_GZIP;
	if (begins_zstd(bytes, size))
		return COMPRESSION_ZSTD;
	return COMPRESSION_NONE;
}
