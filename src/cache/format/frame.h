/* SPDX-License-Identifier: Apache-2.0 */
/* frame.h - one chunk as it lies in a pack: a zstd frame
 *
 * RFC 8878: one frame with the size of its content, no dictionary, no checksum: the digest of the
 * content is known from elsewhere.  A pack is such frames one behind another, so `zstd -d` reads
 * it.
 */
#ifndef OCIFP_CACHE_FORMAT_FRAME_H
#define OCIFP_CACHE_FORMAT_FRAME_H

#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "oci/digest.h"

struct error;
struct frame_coder; /* one of each thread; holds what libzstd needs */

struct frame_coder *frame_coder_new(void);
void frame_coder_free(struct frame_coder *coder);
DEFINE_CLEANUP(struct frame_coder, frame_coder_free)

/* The most that `size` bytes can become. */
size_t frame_bound(size_t size);

int frame_write(struct frame_coder *coder, const void *bytes, size_t size, void *frame,
		size_t capacity, size_t *ret_size, struct error **err);

/* `size` bytes whose digest is that one, or ERROR_CONTENT. */
int frame_read(struct frame_coder *coder, const void *frame, size_t frame_size,
	       const struct digest *digest, void *bytes, size_t size, struct error **err);

#endif
