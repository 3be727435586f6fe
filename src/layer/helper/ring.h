/* SPDX-License-Identifier: Apache-2.0 */
/* ring.h - passes bytes from the inflating thread to the unpacking thread, and hashes them
 *
 * One writer, one reader.  The writer fills buffers of LAYER_BUFFER_BYTES and waits when
 * LAYER_RING_COUNT of them are full; the reader gets one at a time.  ring_end() ends a layer,
 * and the next may follow; the reader gets a failure of the writer in order.  Buffers are hashed in
 * order by the thread that has less to do: the writer while it waits, else the reader.
 */
#ifndef OCIFP_LAYER_HELPER_RING_H
#define OCIFP_LAYER_HELPER_RING_H

#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"
#include "stream/sink.h"

struct error;
struct ring;

struct ring *ring_new(void);
void ring_free(struct ring *ring);
DEFINE_CLEANUP(struct ring, ring_free)

/* For the writer.  False, NULL: the reader has left.  `expected` is for the next layer, borrowed
 * until ring_end(); DIGEST_NONE: any.  Bytes that are in ring_room() already are not copied. */
void ring_begin(struct ring *ring, const struct digest *expected);
void *ring_room(struct ring *ring, size_t *ret_size);
bool ring_write(struct ring *ring, const void *bytes, size_t size);
bool ring_end(struct ring *ring);
void ring_fail(struct ring *ring, struct error *failure); /* takes it; the last call of a writer */

/* For the reader.  *ret_size 0: the end of the layer, until ring_next(), which returns
 * ERROR_CONTENT with class "digest" if the layer is not the expected one.  The bytes are valid
 * until the next call. */
int ring_read(struct ring *ring, const void **ret_bytes, size_t *ret_size, struct error **err);
int ring_next(struct ring *ring, struct measure *ret_measure, struct error **err);
void ring_leave(struct ring *ring); /* ends the writer */

#endif
