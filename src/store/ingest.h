/* SPDX-License-Identifier: Apache-2.0 */
/* ingest.h - a new blob of a store, downloaded or made here
 *
 * An ingest is a body (stream/body.h) over a .part file: bytes are written by pwrite and hashed
 * from the file, those of a large blob by another thread while more arrive.  Bytes from an earlier
 * run are kept; if a response starts before them, they are skipped.  end() checks size and digest,
 * and adds the blob to the store's next commit.
 *
 * A mismatch empties the .part and is ERROR_CONTENT, class "digest" or "size" (too many bytes, or
 * end() with too few): wanted() then starts over, and the caller may try once more.
 */
#ifndef OCIFP_STORE_INGEST_H
#define OCIFP_STORE_INGEST_H

#include <stdint.h>

#include "base/cleanup.h"

struct body;
struct descriptor;
struct error;
struct ingest;
struct measure;
struct sink;
struct store;

enum ingest_state {
	INGEST_OPEN,    /* the caller fills *ret_ingest */
	INGEST_PRESENT, /* the blob is in the store, or complete for the next commit */
	INGEST_BUSY,    /* another process writes it: try again later, it may then be PRESENT */
};

/* Uses the descriptor's digest and size.  BUSY commits first, so that two processes never wait for
 * each other. */
int ingest_open(struct store *store, const struct descriptor *blob, enum ingest_state *ret_state,
		struct ingest **ret_ingest, struct error **err);
struct body *ingest_body(struct ingest *ingest);           /* lives as long as the ingest */
uint64_t ingest_reused_bytes(const struct ingest *ingest); /* from an earlier run */

/* The blob is forgotten before a commit: no disk need have it. */
void ingest_set_passing(struct ingest *ingest);

/* An unfinished .part stays for the next run, unlocked. */
void ingest_free(struct ingest *ingest);
DEFINE_CLEANUP(struct ingest, ingest_free)
#define AUTO_INGEST CLEANUP(ingest_free_at)

/* A sink for a blob whose digest is known at its end.  finish() sets *ret_measure (SHA-256) and
 * adds the blob to the next commit; a sink that is freed before leaves nothing. */
struct sink *store_new_blob(struct store *store, struct measure *ret_measure, struct error **err);

#endif
