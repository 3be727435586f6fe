/* manifests.h - manifests by tag or digest
 *
 * distribution-spec, "Pulling manifests", "Pushing manifests".  Every GET and HEAD sends all four
 * manifest types in Accept.  Redirects are not followed.
 */
#ifndef OCIFP_REGISTRY_MANIFESTS_H
#define OCIFP_REGISTRY_MANIFESTS_H

#include "oci/descriptor.h"
#include "registry/presence.h"

struct buf;
struct endpoint;
struct error;

/* One GET (more only to prove an absence).  `reference` is a tag or a digest.  Returns 0 for
 * present and absent; -1 with *err for unknown, *ret_evidence filled all the same.  When present:
 * the descriptor (media type, digest of the bytes that came, size) and the bytes.  By digest the
 * bytes are checked against it; by tag against Docker-Content-Digest, where it is sent. */
int registry_get_manifest(struct endpoint *endpoint, const char *reference, struct buf *bytes,
			  struct descriptor *ret_descriptor, struct evidence *ret_evidence,
			  struct error **err);

/* The same for a name that the registry lists (tags.h), a valid tag or not.  ERROR_REFUSED: it
 * cannot be asked for. */
int registry_get_listed_manifest(struct endpoint *endpoint, const char *name, struct buf *bytes,
				 struct descriptor *ret_descriptor, struct evidence *ret_evidence,
				 struct error **err);

/* HEAD, and GET where HEAD does not tell.  *ret_found false is no proof of absence. */
int registry_has_manifest(struct endpoint *endpoint, const char *reference, bool *ret_found,
			  struct digest *ret_digest, struct error **err);

/* The name that a manifest got.  A registry that is given a tag alone files it under the algorithm
 * that it prefers. */
struct put_result {
	struct digest digest; /* of the bytes that were put */
	bool is_told;         /* by whoever has them now; else by us */
};

/* By digest, or under `tag` too; then by both where the digest is no SHA-256, and by the tag alone
 * where the registry does not take that.  A MANIFEST_BLOB_UNKNOWN answer is ERROR_CONTENT with
 * class "blob_unknown"; a tag that may not be overwritten is ERROR_REFUSED with class
 * "tag_conflict". One with a subject is listed among its referrers, by us where the registry does
 * not (referrers.h). */
int registry_put_manifest(struct endpoint *endpoint, const char *tag,
			  const struct descriptor *descriptor, const void *bytes,
			  struct put_result *ret_result, struct error **err);

/* By digest with all its tags, by tag the tag alone.  ERROR_ABSENT: it was not there;
 * ERROR_FAILURE, class "unsupported": this registry deletes none of the kind. */
int registry_delete_manifest(struct endpoint *endpoint, const char *reference, struct error **err);

#endif
