/* SPDX-License-Identifier: Apache-2.0 */
/* referrers.h - the manifests that refer to another one as their subject
 *
 * distribution-spec, "Listing Referrers", "Referrers Tag Schema", "Pushing Manifests with Subject".
 * If the registry lacks the API (it answers a redirect, 404, 405, 429 or a web page), they
 * are read from the index under the tag "<alg>-<hex>" of the subject.  Redirects are not
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

/* For a registry without the API, after a manifest with a subject was put: reads the index under
 * the tag, puts it with the entry, and reads it again until it has the entry.  Another writer who
 * read before and puts after that removes the entry again; the protocol cannot detect it. */
int registry_add_referrer(struct endpoint *endpoint, const struct digest *subject,
			  const struct descriptor *entry, struct error **err);

/* Removes the entry, after the manifest was deleted.  Does nothing if the registry has the API. */
int registry_remove_referrer(struct endpoint *endpoint, const struct digest *subject,
			     const struct digest *digest, struct error **err);

#endif
