/* reachable.h - what the references of a store lead to */
#ifndef OCIFP_STORE_REACHABLE_H
#define OCIFP_STORE_REACHABLE_H

struct digest_set;
struct error;
struct store;

/* Adds what index.json names, and what indexes and manifests that are there name in turn.  A
 * document that cannot be understood is ERROR_CONTENT: what it needs is not known. */
int reachable_mark(const struct store *store, struct digest_set *set, struct error **err);

#endif
