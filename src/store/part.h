/* part.h - .ocifp/ingest/<alg>-<hex>.part: a blob that is not published yet
 *
 * Its writer locks it (flock).  A finished one is complete and checked, and stays locked until
 * store_commit() renames it to its place.
 */
#ifndef OCIFP_STORE_PART_H
#define OCIFP_STORE_PART_H

#include <stdint.h>

#include "oci/digest.h"

struct error;
struct store;

struct part {
	struct digest digest;
	uint64_t size_bytes;
	char *path; /* beneath the store */
	int fd;
};

/* Opens or makes the part and locks it; only path and fd are filled.  fd -1: somebody else is at
 * it; the path is filled then too. */
int part_open(struct store *store, const struct digest *digest, struct part *ret_part,
	      struct error **err);

/* A new one under a name that nobody else uses. */
int part_create(struct store *store, const struct digest *digest, struct part *ret_part,
		struct error **err);

/* Removes an unfinished one, and zeroes it but for its descriptor, -1. */
void part_drop(const struct store *store, struct part *part);

/* Closes an unfinished one; one without a byte is removed. */
void part_leave(const struct store *store, const char *path, int fd);

/* The finished ones.  store_take_part() takes path and fd, also on failure. */
const struct part *store_find_part(const struct store *store, const struct digest *digest);
int store_take_part(struct store *store, struct part *part, struct error **err);
void store_drop_parts(struct store *store); /* unlocked; the files stay */

#endif
