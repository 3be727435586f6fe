/* SPDX-License-Identifier: Apache-2.0 */
/* chunker.h - cuts content into chunks: FastCDC with fixed parameters
 *
 * Xia et al., "FastCDC: a Fast and Efficient Content-Defined Chunking Approach for Data
 * Deduplication" (USENIX ATC 2016), with normalization level 2.  A rolling value starts at 0 at
 * each cut; the first `least` bytes do not enter it; for each byte after them
 *
 *     value = (value << 1) + gear[byte]        modulo 2^64
 *
 * and the chunk ends after that byte when the top bits of the value are 0: `bits` + 2 of them
 * before 2^bits bytes, `bits` - 2 from there on; or at `most` bytes.  gear[i] is the first 8 bytes,
 * big-endian, of SHA-256("ocifp-cache-gear-1" and the byte i).  These numbers are part of the
 * format: with others, no stored chunk would be found again.
 */
#ifndef OCIFP_CACHE_FORMAT_CHUNKER_H
#define OCIFP_CACHE_FORMAT_CHUNKER_H

#include <stddef.h>

struct chunk_sizes {
	size_t least;
	unsigned bits; /* 2^bits: the intended size */
	size_t most;
};

extern const struct chunk_sizes content_chunks; /* 64 KiB, 256 KiB, 1 MiB */
extern const struct chunk_sizes index_chunks;   /* 4 KiB, 16 KiB, 64 KiB */

/* The size of the first chunk; `size` is at least sizes->most, or all remaining bytes. */
size_t chunk_cut(const struct chunk_sizes *sizes, const void *bytes, size_t size);

#endif
