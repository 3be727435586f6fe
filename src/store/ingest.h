/* ingest.h - a blob on its way into a store
 *
 * A body (stream/body.h) over a .part file: bytes go to disk by pwrite and are hashed there, a
 * large blob's by another thread while more arrive.  What an earlier run left is not asked for
 * again; of a response that starts before the cursor, what is there is passed over.  end() checks
 * size and digest: the blob is then part of the store's next commit.
 *
 * A mismatch empties the .part and is ERROR_CONTENT, class "digest" or "size" (a byte too many, or
 * end() before all were there): wanted() starts over, which the caller may try once.
 */
#ifndef OCIFP_STORE_INGEST_H
#define OCIFP_STORE_INGEST_H

#include <stdint.h>

#include "base/cleanup.h"

struct body;
struct descriptor;
struct error;
struct ingest;
struct store;

enum ingest_state {
	INGEST_OPEN,    /* *ret_ingest is to be filled */
	INGEST_PRESENT, /* the blob is there, or complete in this batch */
	INGEST_BUSY,    /* another process is at it: ask again later, it may be PRESENT then */
};

/* Of a descriptor digest and size count.  An answer BUSY commits first, so that two processes never
 * wait for each other. */
int ingest_open(struct store *store, const struct descriptor *blob, enum ingest_state *ret_state,
		struct ingest **ret_ingest, struct error **err);
struct body *ingest_body(struct ingest *ingest);           /* lives as long as the ingest */
uint64_t ingest_reused_bytes(const struct ingest *ingest); /* left by an earlier run */

/* Unfinished: the .part stays for the next run and its lock is released. */
void ingest_free(struct ingest *ingest);
DEFINE_CLEANUP(struct ingest, ingest_free)
#define AUTO_INGEST CLEANUP(ingest_free_at)

#endif
