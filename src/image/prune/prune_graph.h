/* SPDX-License-Identifier: Apache-2.0 */
/* prune_graph.h - the documents of a repository, and which refers to which
 *
 *     tag --> index --> manifest --> blobs
 *               ^          ^
 *     subject --+----------+         (a signature leads to its subject)
 *
 * Each document is read once.  One that cannot be read is an error, because what it refers to would
 * not be known.
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
	bool is_new;         /* without a tag, but a push may be about to tag it */
	uint64_t version_id; /* see struct holding */
	bool is_absent;      /* an index lists it, and it is proven absent */
	enum document_kind kind;
	struct descriptors children; /* of an index */
	struct manifest manifest;    /* of a DOCUMENT_MANIFEST */
	struct digest subject;       /* by its field or by its tag; DIGEST_NONE: none */
	int64_t created_s;           /* 0: not known */
	const char *dated_by;        /* a string literal; NULL: not asked for, or not known */
	char *created;               /* annotation of the root; NULL: none */
	bool is_kept;
	bool is_spread;     /* kept, with everything that it leads to */
	bool lacks_subject; /* its subject is proven absent */
	bool is_doomed;     /* to be deleted, and not tried yet */
	char *why;
};

struct prune_graph {
	struct repository *repository; /* borrowed */
	struct prune_node **nodes;
	size_t count;
	void *by_digest;
	uint64_t document_bytes; /* nodes read so far */
};

/* Everything that the repository lists, and what that leads to. */
int prune_graph_read(struct prune_graph *graph, struct error **err);

/* Adds the missing referrers of the node, with everything that they lead to. */
int prune_graph_add_referrers(struct prune_graph *graph, const struct prune_node *node,
			      struct error **err);

/* Finds the creation time of its image: node->created_s and dated_by. */
int prune_graph_date(const struct prune_graph *graph, struct prune_node *node, struct error **err);

/* NULL: not in the graph. */
struct prune_node *prune_graph_find(const struct prune_graph *graph, const struct digest *digest);
void prune_graph_release(struct prune_graph *graph);
#define AUTO_PRUNE_GRAPH CLEANUP(prune_graph_release)

#endif
