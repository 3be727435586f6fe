/* fetch.h - blobs from a repository into a store, several at once
 *
 * What the store has is not asked for; what another process is fetching is waited for; a blob that
 * arrives damaged is fetched once more from the start.  One that fails does not stop the others:
 * what has come is kept, and the first failure is returned when all have ended.
 */
#ifndef OCIFP_IMAGE_FETCH_H
#define OCIFP_IMAGE_FETCH_H

struct descriptors;
struct error;
struct follower;
struct image_node;
struct observer;
struct repository;
struct store;

/* `also` (NULL: none) is another store that may have blobs already: they are copied from there. */
struct fetch_options {
	struct repository *repository;
	struct store *store;
	struct store *also;
	struct observer *observer;
	struct follower *follower; /* NULL: nobody waits for what comes */
};

/* The blobs are then finished in the store, not yet committed. */
int fetch_blobs(const struct fetch_options *options, const struct descriptors *blobs,
		struct error **err);

/* ERROR_LOCAL, class "space", when the store has no room for those that it lacks. */
int fetch_check_space(struct store *store, const struct descriptors *blobs, struct error **err);

/* All blobs of the tree, then its documents.  What came is kept, also when a part of it did not:
 * the next run asks for the rest alone. */
int fetch_tree(const struct fetch_options *options, const struct image_node *root,
	       struct error **err);

#endif
