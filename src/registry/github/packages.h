/* SPDX-License-Identifier: Apache-2.0 */
/* packages.h - the versions of a container package, by GitHub's REST API
 *
 * ghcr.io does not delete manifests (405); its packages are managed at $GITHUB_API_URL, by default
 * https://api.github.com.  A version is a manifest with its tags, if any.  GitHub's
 * manual, "REST API endpoints for packages".  GITHUB_TOKEN, else GH_TOKEN, is sent to that origin
 * only, if ci_login.h allows it; redirects are not followed.
 */
#ifndef OCIFP_REGISTRY_GITHUB_PACKAGES_H
#define OCIFP_REGISTRY_GITHUB_PACKAGES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/strings.h"
#include "oci/digest.h"

struct engine;
struct error;
struct packages;
struct reference;

struct package_version {
	uint64_t id;
	struct digest digest;
	struct strings tags;
	char *other_name; /* one that is not a valid tag; NULL: none */
	int64_t pushed_s; /* or last changed; since 1970 */
};

/* The package of HOST/OWNER/NAME.  ERROR_DENIED: no token, or a token of another server. */
struct packages *packages_new(struct engine *engine, const char *host, const char *repository_name,
			      struct error **err);
void packages_free(struct packages *packages);
DEFINE_CLEANUP(struct packages, packages_free)
#define AUTO_PACKAGES CLEANUP(packages_free_at)

/* All versions, borrowed; listed once, and again after packages_forget(). */
int packages_list(struct packages *packages, const struct package_version **ret_versions,
		  size_t *ret_count, struct error **err);
void packages_forget(struct packages *packages);

/* ERROR_REFUSED, class "last_version" or "downloads": GitHub does not delete such a version. */
int packages_delete(struct packages *packages, uint64_t id, struct error **err);

/* Possible for 30 days, while the name is not used again. */
int packages_restore(struct packages *packages, uint64_t id, struct error **err);

#endif
