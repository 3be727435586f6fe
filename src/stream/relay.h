/* SPDX-License-Identifier: Apache-2.0 */
/* relay.h - content that is sent to one place while it arrives from another
 *
 *     GET --body--> [ at most RELAY_BUFFER_BYTES and a write ] --source--> PUT
 *
 * Neither side touches a disk, and each waits for the other: the body has no room while the buffer
 * is full, the source has nothing yet while it is empty.  The arrival starts with the first read,
 * so that what need not be sent is not asked for.
 *
 * Size and digest are checked as the bytes arrive; the last of them are handed on only when they
 * are right, so that no sending of wrong content can become complete.  A sender that goes back
 * behind the buffer makes it all arrive anew, up to there for the check alone.
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
	/* Into the body; whoever starts it calls relay_arrived() at its end. */
	int (*start)(void *context, struct body *body, struct error **err);

	/* Ends it without that.  False: it cannot be cut short. */
	bool (*cancel)(void *context);
};

struct relay *relay_new(const struct digest *digest, uint64_t size_bytes,
			const struct relay_arrival *arrival, void *context);
struct source relay_source(struct relay *relay);

/* Takes the failure, NULL for none: the source's next read returns it, and the one after that
 * starts anew. */
void relay_arrived(struct relay *relay, struct error *failure);

/* Nobody reads any more: an arrival under way is cancelled, else it fails at its next byte. */
void relay_abandon(struct relay *relay);
bool relay_is_arriving(const struct relay *relay);
void relay_free(struct relay *relay); /* when nothing is arriving */
DEFINE_CLEANUP(struct relay, relay_free)
#define AUTO_RELAY CLEANUP(relay_free_at)

#endif
