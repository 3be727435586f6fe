/* new_blob.h - a blob that is being made: its digest is known when it is whole */
#ifndef OCIFP_STORE_NEW_BLOB_H
#define OCIFP_STORE_NEW_BLOB_H

struct error;
struct measure;
struct sink;
struct store;

/* A sink that writes into the store.  finish() says what it was (SHA-256) and puts it into the next
 * commit; freed before, it leaves nothing. */
struct sink *store_new_blob(struct store *store, struct measure *ret_measure, struct error **err);

#endif
