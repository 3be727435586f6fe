/* referrers.h - the manifests whose subject is another one
 *
 * distribution-spec, "Listing Referrers", "Referrers Tag Schema", "Pushing Manifests with Subject".
 * Where the API is missing, in whatever way that shows (a redirect, 404, 405, 429, a web page),
 * they are read from an index under the tag "<alg>-<hex>" of the subject.  Redirects are not
 * followed.
 */
#ifndef OCIFP_REGISTRY_REFERRERS_H
#define OCIFP_REGISTRY_REFERRERS_H

struct descriptor;
struct descriptors;
struct digest;
struct endpoint;
struct error;

/* Adds to `ret_referrers`.  `artifact_type` NULL: all. */
int registry_list_referrers(struct endpoint *endpoint, const struct digest *subject,
			    const char *artifact_type, struct descriptors *ret_referrers,
			    struct error **err);

/* After a manifest with a subject was put to a registry that lists nothing itself: the index under
 * the tag is read, put with the entry, and read again until it has it.  Another writer who read
 * before that and puts after it takes the entry away again: the protocol has no way to see that. */
int registry_add_referrer(struct endpoint *endpoint, const struct digest *subject,
			  const struct descriptor *entry, struct error **err);

/* The same the other way, when the manifest has been deleted.  Nothing where there is the API. */
int registry_remove_referrer(struct endpoint *endpoint, const struct digest *subject,
			     const struct digest *digest, struct error **err);

#endif
