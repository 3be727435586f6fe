/* SPDX-License-Identifier: Apache-2.0 */
/* feed.h - the thread that reads layers, inflates them, and fills the ring
 *
 *     channel --(descriptor, diff_id)--> read --> inflate --> caps --> ring, which hashes
 *
 * The diff_id covers the whole stream, also the bytes after the end of the tar.  An empty diff_id
 * means unknown.
 */
#ifndef OCIFP_LAYER_HELPER_FEED_H
#define OCIFP_LAYER_HELPER_FEED_H

#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

struct error;
struct feed;
struct ring;

/* Checks the limits of size and compression ratio. */
int feed_check_caps(uint64_t unpacked_bytes, uint64_t read_bytes, struct error **err);

/* The thread waits for feed_go(), so that the sandbox can be entered after its start. */
struct feed *feed_new(struct ring *ring, int channel_fd, size_t layer_count, struct error **err);
void feed_go(struct feed *feed);

/* The processor time of the thread, up to the end of the last layer that it has read. */
uint64_t feed_used_us(const struct feed *feed);

/* Ends the thread, also while it waits: shuts down receiving from the channel, not sending.  The
 * reader must have left the ring, or read all layers. */
void feed_free(struct feed *feed);
DEFINE_CLEANUP(struct feed, feed_free)

#endif
