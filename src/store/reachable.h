/* SPDX-License-Identifier: Apache-2.0 */
/* reachable.h - the blobs that the references of a store lead to */
#ifndef OCIFP_STORE_REACHABLE_H
#define OCIFP_STORE_REACHABLE_H

struct digest_set;
struct error;
struct store;
struct strings;

/* Adds the digests that index.json refers to, and those that indexes and manifests in the store
 * refer to. An unreadable document is ERROR_CONTENT, because its blobs are not known.  `incomplete`
 * (may be NULL) gets a line for each missing blob of a manifest. */
int reachable_mark(const struct store *store, struct digest_set *set, struct strings *incomplete,
		   struct error **err);

#endif
