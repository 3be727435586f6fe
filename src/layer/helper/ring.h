/* SPDX-License-Identifier: Apache-2.0 */
/* ring.h - passes bytes from the inflating thread to the unpacking thread
 *
 * One writer, one reader.  The writer fills buffers of LAYER_BUFFER_BYTES and waits when
 * LAYER_RING_COUNT of them are full; the reader gets one at a time.  ring_end() ends a layer,
 * and the next may follow; the reader gets a failure of the writer in order.
 */
#ifndef OCIFP_LAYER_HELPER_RING_H
#define OCIFP_LAYER_HELPER_RING_H

#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"

struct error;
struct ring;

struct ring *ring_new(void);
void ring_free(struct ring *ring);
DEFINE_CLEANUP(struct ring, ring_free)

/* For the writer.  False: the reader has left. */
bool ring_write(struct ring *ring, const void *bytes, size_t size);
bool ring_end(struct ring *ring);
void ring_fail(struct ring *ring, struct error *failure); /* takes it; the last call of a writer */

/* For the reader.  *ret_size 0: the end of the layer, until ring_next().  The bytes are valid until
 * the next call. */
int ring_read(struct ring *ring, const void **ret_bytes, size_t *ret_size, struct error **err);
void ring_next(struct ring *ring);
void ring_leave(struct ring *ring); /* ends the writer */

#endif
