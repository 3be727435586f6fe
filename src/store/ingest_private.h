/* ingest_private.h - an ingest, seen from inside: how it begins, and how it takes what comes */
#ifndef OCIFP_STORE_INGEST_PRIVATE_H
#define OCIFP_STORE_INGEST_PRIVATE_H

#include <stdbool.h>
#include <stdint.h>

#include "oci/digest.h"
#include "store/ingest.h"
#include "stream/body.h"

struct ingest {
	struct body body;
	struct store *store;
	struct digest digest;
	uint64_t size_bytes;
	uint64_t cursor;   /* bytes before it are in the file */
	uint64_t position; /* of the next byte of the response */
	uint64_t reused_bytes;
	char *path; /* beneath the store: of the .part, or of the blob that is there */
	int fd;
	struct file_hash *hash;
	bool finished;
};

extern const struct body_ops ingest_ops;

/* To be asked once all bytes are there. */
int ingest_check(struct ingest *self, bool *ret_matches, struct error **err);

/* Empties the file. */
int ingest_start_over(struct ingest *self, struct error **err);

/* Starts over too.  ERROR_CONTENT: the blob's digest, and `why`. */
int ingest_refuse(struct ingest *self, const char *class_name, const char *why, struct error **err);

/* The blob waits for the commit. */
int ingest_settle(struct ingest *self, struct error **err);

/* While something moves, nobody only waits. */
void ingest_made_progress(struct store *store);

#endif
