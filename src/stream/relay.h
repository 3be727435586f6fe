/* SPDX-License-Identifier: Apache-2.0 */
/* relay.h - content that is sent to one place while it arrives from another
 *
 *     GET --body--> [ at most RELAY_BUFFER_BYTES and a write ] --source--> PUT
 *
 * Neither side uses the disk, and each waits for the other: the body has no room while the buffer
 * is full, the source has "not yet" while it is empty.  The arrival starts with the first read, so
 * that content which need not be sent is not requested.
 *
 * Size and digest are checked as the bytes arrive; the last bytes are passed on only when both are
 * right, so that wrong content is never sent completely.  A sender that goes back behind the buffer
 * makes all content arrive again; the part before its position is only checked.
 */
#ifndef OCIFP_STREAM_RELAY_H
#define OCIFP_STREAM_RELAY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "oci/digest.h"
#include "stream/source.h"

struct body;
struct error;
struct relay;

struct relay_arrival {
	/* Starts an arrival into the body; its owner calls relay_arrived() at the end. */
	int (*start)(void *context, struct body *body, struct error **err);

	/* Cancels an arrival; relay_arrived() is not called.  False: it cannot be cancelled. */
	bool (*cancel)(void *context);
};

struct relay *relay_new(const struct digest *digest, uint64_t size_bytes,
			const struct relay_arrival *arrival, void *context);
struct source relay_source(struct relay *relay);

/* Takes the failure, NULL for none.  The source's next read returns it; the one after that starts
 * anew. */
void relay_arrived(struct relay *relay, struct error *failure);

/* The reader has ended: cancels the arrival, or makes it fail at its next byte. */
void relay_abandon(struct relay *relay);
bool relay_is_arriving(const struct relay *relay);
void relay_free(struct relay *relay); /* when nothing is arriving */
DEFINE_CLEANUP(struct relay, relay_free)
#define AUTO_RELAY CLEANUP(relay_free_at)

#endif
