/* SPDX-License-Identifier: Apache-2.0 */
/* frame.h - one chunk in a pack, as a zstd frame
 *
 * RFC 8878: one frame with the size of its content, without dictionary and checksum, because the
 * content's digest is stored elsewhere.  A pack is a sequence of such frames, so `zstd -d` reads
 * it.
 */
#ifndef OCIFP_CACHE_FORMAT_FRAME_H
#define OCIFP_CACHE_FORMAT_FRAME_H

#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "oci/digest.h"

struct error;
struct frame_coder; /* one for each thread; holds libzstd's contexts */

struct frame_coder *frame_coder_new(void);
void frame_coder_free(struct frame_coder *coder);
DEFINE_CLEANUP(struct frame_coder, frame_coder_free)

/* The largest frame of `size` bytes. */
size_t frame_bound(size_t size);

int frame_write(struct frame_coder *coder, const void *bytes, size_t size, void *frame,
		size_t capacity, size_t *ret_size, struct error **err);

/* Decompresses `size` bytes and checks their digest; ERROR_CONTENT. */
int frame_read(struct frame_coder *coder, const void *frame, size_t frame_size,
	       const struct digest *digest, void *bytes, size_t size, struct error **err);

#endif
