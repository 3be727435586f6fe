/* SPDX-License-Identifier: Apache-2.0 */
/* compress_private.h - one sink for each kind and direction, for compress.c; all take `next` */
#ifndef OCIFP_STREAM_COMPRESS_PRIVATE_H
#define OCIFP_STREAM_COMPRESS_PRIVATE_H

struct sink;

struct sink *sink_gzip(int level, struct sink *next);
struct sink *sink_gunzip(struct sink *next);
struct sink *sink_zstd(int level, struct sink *next);
struct sink *sink_unzstd(struct sink *next);

#endif
