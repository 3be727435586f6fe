/* layout_referrers.h - the manifests in a layout whose subject is another one
 *
 * Those that index.json names, as ocifp and oras write them, and those of the index under the tag
 * "<alg>-<hex>", as a copy from a registry without the referrers API may have brought it.
 */
#ifndef OCIFP_REPOSITORY_LAYOUT_REFERRERS_H
#define OCIFP_REPOSITORY_LAYOUT_REFERRERS_H

struct descriptors;
struct digest;
struct error;
struct store;

int layout_find_referrers(struct store *store, const struct digest *subject,
			  const char *artifact_type, struct descriptors *ret_referrers,
			  struct error **err);

#endif
