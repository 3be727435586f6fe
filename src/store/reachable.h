/* reachable.h - what the references of a store lead to */
#ifndef OCIFP_STORE_REACHABLE_H
#define OCIFP_STORE_REACHABLE_H

struct digest_set;
struct error;
struct store;
struct strings;

/* Adds what index.json names, and what indexes and manifests that are there name in turn.  A
 * document that cannot be understood is ERROR_CONTENT: what it needs is not known.  What a manifest
 * names and is not there is told in `incomplete` (or NULL). */
int reachable_mark(const struct store *store, struct digest_set *set, struct strings *incomplete,
		   struct error **err);

#endif
