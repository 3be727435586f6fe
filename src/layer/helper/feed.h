/* feed.h - the thread that reads layers, inflates and hashes them, and fills the ring
 *
 *     channel --(descriptor, diff_id)--> read --> inflate --> caps, hash --> ring
 *
 * The diff_id is that of the whole stream: of what follows the tar's end too.  An empty one is
 * found out.
 */
#ifndef OCIFP_LAYER_HELPER_FEED_H
#define OCIFP_LAYER_HELPER_FEED_H

#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

struct error;
struct feed;
struct measure;
struct ring;

/* Whether so much may have come out of so much. */
int feed_check_caps(uint64_t unpacked_bytes, uint64_t read_bytes, struct error **err);

/* The thread starts but waits for feed_go(), so that walls can be built around it. */
struct feed *feed_new(struct ring *ring, int channel_fd, size_t layer_count, struct error **err);
void feed_go(struct feed *feed);

/* What the last layer was whose end the ring's reader has seen, before the next one is there. */
const struct measure *feed_measured(const struct feed *feed);

/* Ends the thread, whatever it waits for: no more can be received from the channel, and sending to
 * it still works.  The reader must have left the ring, or all layers have been read. */
void feed_free(struct feed *feed);
DEFINE_CLEANUP(struct feed, feed_free)

#endif
