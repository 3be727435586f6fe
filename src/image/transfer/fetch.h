/* SPDX-License-Identifier: Apache-2.0 */
/* fetch.h - fetches blobs from a repository into a store, several at once
 *
 * Blobs that the store has are not requested; blobs that another process fetches are waited for; a
 * blob that arrives damaged is fetched once more from the start.  A failed blob does not stop the
 * others: completed ones are kept, and the first failure is returned at the end.
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

/* A user of the image while its blobs arrive.  A failure ends the fetch. */
struct fetch_hook {
	/* Called once the documents are there, before the blobs. */
	int (*begin)(void *context, const struct image_node *root, struct error **err);

	/* Must not wait.  `more`: blobs have come since the last turn. */
	int (*turn)(void *context, bool more, struct error **err);

	/* Descriptors that the next turn waits for, besides the blobs. */
	void (*watch)(void *context, struct watched *ret_watched);
	void *context;

	/* How many blobs may have been started by now, largest first.  A turn raises it when
	 * earlier blobs are no longer needed, and forgets these.  0: all. */
	size_t begin_limit;
	const char *verb; /* what it does, for messages: "unpack" */
	bool has_failed;  /* set when a turn failed */
};

/* A blob that decides whether the others are wanted.  It is requested first, the others beside it,
 * and judged as soon as it is there; a failure ends the fetch. */
struct fetch_gate {
	struct digest digest;
	int (*judge)(void *context, struct error **err);
	void *context;
};

/* `local_store` (NULL: none) is another store, from which existing blobs are copied. */
struct fetch_options {
	struct repository *repository;
	struct store *store;
	struct store *local_store;
	struct observer *observer;
	struct fetch_hook *hook;       /* NULL: no user */
	const struct fetch_gate *gate; /* NULL: all are wanted */
	bool is_passing; /* the blobs are forgotten before a commit: no disk need have them */
};

/* The blobs are then finished in the store, not yet committed. */
int fetch_blobs(const struct fetch_options *options, const struct descriptors *blobs,
		struct error **err);

/* All blobs of the tree, then its documents.  On failure completed blobs are kept, so that the next
 * run requests only the rest. */
int fetch_tree(const struct fetch_options *options, const struct image_node *root,
	       struct error **err);

#endif
