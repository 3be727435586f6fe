/* SPDX-License-Identifier: Apache-2.0 */
/* compress_private.h - a sink for each kind and direction, for compress.c; all own `next` */
#ifndef OCIFP_STREAM_COMPRESS_PRIVATE_H
#define OCIFP_STREAM_COMPRESS_PRIVATE_H

struct sink;

struct sink *sink_gzip(int level, struct sink *next);
struct sink *sink_gunzip(struct sink *next);
struct sink *sink_zstd(int level, struct sink *next);
struct sink *sink_unzstd(struct sink *next);

/* zalloc and zfree of a z_stream.  Out of memory ends the program, so zlib's init functions cannot
 * fail. */
void *zlib_allocate(void *opaque, unsigned count, unsigned size);
void zlib_release(void *opaque, void *memory);

#endif
