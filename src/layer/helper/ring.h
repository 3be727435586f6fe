/* ring.h - bytes from the thread that inflates to the one that unpacks
 *
 * One writer, one reader.  The writer fills buffers of LAYER_BUFFER_BYTES and waits when
 * LAYER_RING_COUNT of them are full; the reader has one at a time.  A layer ends with
 * ring_end(), then the next may follow; a failure of the writer reaches the reader at its place.
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

/* The writer.  False: the reader has gone. */
bool ring_write(struct ring *ring, const void *bytes, size_t size);
bool ring_end(struct ring *ring);
void ring_fail(struct ring *ring, struct error *failure); /* takes; the last call of a writer */

/* The reader.  *ret_size 0: the layer's end, which stays until ring_next().  The bytes are valid
 * until the next call. */
int ring_read(struct ring *ring, const void **ret_bytes, size_t *ret_size, struct error **err);
void ring_next(struct ring *ring);
void ring_leave(struct ring *ring); /* so that the writer ends */

#endif
