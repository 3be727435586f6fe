/* SPDX-License-Identifier: Apache-2.0 */
/* manifests.h - manifests by tag or digest
 *
 * distribution-spec, "Pulling manifests", "Pushing manifests".  Every GET and HEAD sends all four
 * manifest types in Accept.  Redirects are not followed.
 */
#ifndef OCIFP_REGISTRY_MANIFESTS_H
#define OCIFP_REGISTRY_MANIFESTS_H

#include <jansson.h>

#include "base/buf.h"
#include "oci/descriptor.h"
#include "oci/media_type.h"
#include "registry/presence.h"

struct endpoint;
struct error;

/* A manifest or an index as it came.  The bytes are parsed once. */
struct resolution {
	struct evidence evidence;
	/* When it is present: */
	struct descriptor descriptor; /* media type, digest, size */
	struct buf bytes;
	json_t *value; /* what they say */
	enum document_kind kind;
};

void resolution_release(struct resolution *resolution);
#define AUTO_RESOLUTION CLEANUP(resolution_release)

/* Parses the bytes that stand in it, and describes them.  `media_type` NULL: unknown. */
int resolution_describe(struct resolution *resolution, const struct digest *digest,
			const char *media_type, struct error **err);

/* These take a tag and a digest; the tag is not used when there is a digest. */

/* One GET, more only to prove absence.  Returns 0 for present and absent, -1 with *err for unknown;
 * the evidence is always filled.  The bytes are checked against the digest, by tag against
 * Docker-Content-Digest if the registry sends it. */
int registry_get_manifest(struct endpoint *endpoint, const char *tag, const struct digest *digest,
			  struct resolution *ret_resolution, struct error **err);

/* The same for a name that the registry lists (tags.h), a valid tag or not.  ERROR_REFUSED: the
 * name cannot be in a URL. */
int registry_get_listed_manifest(struct endpoint *endpoint, const char *name,
				 struct resolution *ret_resolution, struct error **err);

/* HEAD, then GET if the answer to HEAD is not conclusive.  *ret_found false does not prove absence.
 */
int registry_has_manifest(struct endpoint *endpoint, const char *tag, const struct digest *digest,
			  bool *ret_found, struct digest *ret_digest, struct error **err);

/* The digest of a stored manifest.  For a PUT by tag, the registry chooses its algorithm. */
struct put_result {
	struct digest digest;
	bool is_told; /* the registry's answer named the digest; false: we computed it */
};

/* `tag` NULL: by digest.  With a digest other than SHA-256, first by digest with "?tag=", then by
 * tag alone.  ERROR_CONTENT, class "blob_unknown": the registry lacks a blob; ERROR_REFUSED, class
 * "tag_conflict": the tag is immutable.  A manifest with a subject is added to the subject's
 * referrers, by us if the registry does not do it (referrers.h). */
int registry_put_manifest(struct endpoint *endpoint, const char *tag,
			  const struct descriptor *descriptor, const void *bytes,
			  struct put_result *ret_result, struct error **err);

/* Whether this machine gave the tag to that manifest, not long ago: then it is worth asking whether
 * it still has it. */
bool registry_has_put(const struct endpoint *endpoint, const char *tag,
		      const struct digest *digest);

/* By digest: the manifest with all its tags; by tag: the tag alone.  ERROR_ABSENT: not found;
 * ERROR_FAILURE, class "unsupported": the registry does not delete manifests, or tags. */
int registry_delete_manifest(struct endpoint *endpoint, const char *tag,
			     const struct digest *digest, struct error **err);

#endif
