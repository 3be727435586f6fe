/* SPDX-License-Identifier: Apache-2.0 */
/* fetch.h - blobs from a repository into a store, several at once
 *
 * What the store has is not asked for; what another process is fetching is waited for; a blob that
 * arrives damaged is fetched once more from the start.  One that fails does not stop the others:
 * what has come is kept, and the first failure is returned when all have ended.
 */
#ifndef OCIFP_IMAGE_TRANSFER_FETCH_H
#define OCIFP_IMAGE_TRANSFER_FETCH_H

#include <stdbool.h>
#include <stddef.h>

#include "oci/digest.h"

struct descriptors;
struct error;
struct image_node;
struct observer;
struct repository;
struct store;
struct watched;

/* Who uses the image while its blobs come.  A failure ends the fetch. */
struct fetch_hook {
	/* Its documents are there, its blobs not yet. */
	int (*begin)(void *context, const struct image_node *root, struct error **err);

	/* Without waiting; `more`: blobs have come since the last turn. */
	int (*turn)(void *context, bool more, struct error **err);

	/* What the next turn waits for, besides blobs. */
	void (*watch)(void *context, struct watched *ret_watched);
	void *context;

	/* Blobs that may have begun by now, the largest first: a turn raises it when blobs that
	 * came are no longer needed.  0: all. */
	size_t begin_limit;
	const char *verb; /* what it does, for messages: "unpack" */
	bool has_failed;  /* set when a turn failed */
};

/* A blob that decides whether the others are wanted.  It is requested first, they beside it, and
 * judged as soon as it is there: a failure ends the fetch. */
struct fetch_gate {
	struct digest digest;
	int (*judge)(void *context, struct error **err);
	void *context;
};

/* `local_store` (NULL: none) is another store that may have blobs already: they are copied from
 * there. */
struct fetch_options {
	struct repository *repository;
	struct store *store;
	struct store *local_store;
	struct observer *observer;
	struct fetch_hook *hook;       /* NULL: nobody waits for what comes */
	const struct fetch_gate *gate; /* NULL: all are wanted */
};

/* The blobs are then finished in the store, not yet committed. */
int fetch_blobs(const struct fetch_options *options, const struct descriptors *blobs,
		struct error **err);

/* All blobs of the tree, then its documents.  What came is kept, also when a part of it did not:
 * the next run asks for the rest alone. */
int fetch_tree(const struct fetch_options *options, const struct image_node *root,
	       struct error **err);

#endif
