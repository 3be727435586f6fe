/* SPDX-License-Identifier: Apache-2.0 */
/* prune_graph.h - all that a repository holds, and what leads to what
 *
 *     tag --> index --> manifest --> blobs
 *               ^          ^
 *     subject --+----------+         (a signature leads to what it signs)
 *
 * Each document is read once; one that cannot be read is an error, since what it leads to would not
 * be known.
 */
#ifndef OCIFP_IMAGE_PRUNE_PRUNE_GRAPH_H
#define OCIFP_IMAGE_PRUNE_PRUNE_GRAPH_H

#include <stdbool.h>

#include "base/strings.h"
#include "oci/descriptor.h"
#include "oci/manifest.h"

struct error;
struct repository;

struct prune_node {
	struct descriptor root; /* media type, digest, size */
	struct strings tags;
	char *other_name;    /* one that is not a valid tag; NULL: none */
	bool is_new;         /* without a tag, and a push may be about to name it */
	uint64_t version_id; /* see struct holding */
	bool is_absent;      /* an index lists it, and it is proven not to be there */
	enum document_kind kind;
	struct descriptors children; /* of an index */
	struct manifest manifest;    /* of a DOCUMENT_MANIFEST */
	struct digest subject;       /* by its field or by its tag; DIGEST_NONE: none */
	int64_t created_s;           /* 0: not known */
	const char *dated_by;        /* a literal; NULL: not asked for, or not known */
	char *created;               /* the annotation of the root; NULL: none */
	bool is_kept;
	bool is_spread;     /* so is all that it leads to */
	bool lacks_subject; /* proven: its subject is not there */
	bool is_doomed;     /* to be deleted, and no deletion was tried yet */
	char *why;
};

struct prune_graph {
	struct repository *repository; /* borrowed */
	struct prune_node **nodes;
	size_t count;
	void *by_digest;
	uint64_t document_bytes; /* read so far */
};

/* All that the repository names, and what that leads to. */
int prune_graph_read(struct prune_graph *graph, struct error **err);

/* Puts in what refers to the node and is not there yet, with all that it leads to. */
int prune_graph_add_referrers(struct prune_graph *graph, const struct prune_node *node,
			      struct error **err);

/* When its image was made: node->created_s and dated_by. */
int prune_graph_date(const struct prune_graph *graph, struct prune_node *node, struct error **err);

/* NULL: it is not in the graph. */
struct prune_node *prune_graph_find(const struct prune_graph *graph, const struct digest *digest);
void prune_graph_release(struct prune_graph *graph);
#define AUTO_PRUNE_GRAPH CLEANUP(prune_graph_release)

#endif
