/* push.h - an image that is held locally into a registry or layout
 *
 *     image_tree_get(source) --> per manifest: there already? else send_blobs, put it
 *                            --> the root under each tag, last
 *
 * What is there already is not sent: a manifest that the destination has vouches for its blobs.
 */
#ifndef OCIFP_IMAGE_PUSH_H
#define OCIFP_IMAGE_PUSH_H

#include <stdbool.h>

#include "base/strings.h"
#include "oci/location.h"

struct error;
struct image_node;
struct repository;
struct session;
struct target;

struct push_options {
	const struct platforms *platforms; /* NULL: by hash those that are declared, else all */
	const struct strings *tags;        /* instead of the destination's own, when not empty */
	bool no_clobber;                   /* a tag that names something else stays */
};

struct push_result {
	char *repository;     /* "host/name" */
	struct digest digest; /* what the tags name now */
	bool was_there;       /* nothing had to be sent */
};

/* By hash: under an index of our own with the fingerprint (image/publish.h); else as it is. */
int push_image(struct session *session, const struct location *source, const struct target *target,
	       const struct push_options *options, struct push_result *ret_result,
	       struct error **err);

/* A tree on its way from one place to another. */
struct pushing {
	struct session *session;
	struct repository *source; /* holds its blobs locally */
	struct repository *destination;
	const struct image_node *root;
	const char *
		mount_from; /* a repository of the destination's host that has the blobs, or NULL */
};

/* The root under each tag, after all that it needs; children of the index that are not in the tree
 * must be at the destination already.  *ret_was_there: the destination had the root. */
int push_tree(const struct pushing *pushing, const struct strings *tags, bool *ret_was_there,
	      struct error **err);

/* What is below the root alone, though the destination may have the root. */
int push_children(const struct pushing *pushing, struct error **err);
void push_result_release(struct push_result *result);
#define AUTO_PUSH_RESULT CLEANUP(push_result_release)

#endif
