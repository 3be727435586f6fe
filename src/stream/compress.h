/* SPDX-License-Identifier: Apache-2.0 */
/* compress.h - sinks that compress and decompress: gzip (RFC 1952) and zstd (RFC 8878)
 *
 * The output depends only on the input, the level and the library's version: it has no name, no
 * time, nothing of the machine.
 */
#ifndef OCIFP_STREAM_COMPRESS_H
#define OCIFP_STREAM_COMPRESS_H

#include <stddef.h>

#include "oci/media_type.h"

struct sink;

#define GZIP_LEVEL_LIMIT 9
#define ZSTD_LEVEL_LIMIT 19 /* higher ones need more memory to decompress */

/* Both own `next`, and return it for COMPRESSION_NONE.  `level` 0: the default.  gzip is compressed
 * by several threads, which end before the sink is freed. */
struct sink *sink_compress(enum compression compression, int level, struct sink *next);

/* Accepts one or more streams in a row, as in RFC 1952 and RFC 8878; anything else, also at the
 * end, is ERROR_CONTENT with class "compression". */
struct sink *sink_decompress(enum compression compression, struct sink *next);

/* The compression that the first four bytes show. */
enum compression compression_detect(const void *bytes, size_t size);

#endif
