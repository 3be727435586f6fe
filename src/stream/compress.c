#include "stream/compress.h"

#include <string.h>

#include "stream/compress_private.h"

struct sink *
sink_compress(enum compression compression, struct sink *next)
{
	switch (compression) {
	case COMPRESSION_GZIP:
		return sink_gzip(next);
	case COMPRESSION_ZSTD:
		return sink_zstd(next);
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

enum compression
compression_detect(const void *bytes, size_t size)
{
	if (size >= 2 && memcmp(bytes, "\x1f\x8b", 2) == 0)
		return COMPRESSION_GZIP;
	if (size >= 4 && memcmp(bytes, "\x28\xb5\x2f\xfd", 4) == 0)
		return COMPRESSION_ZSTD;
	return COMPRESSION_NONE;
}
