/* packages.h - the versions of a container package, by GitHub's REST API
 *
 * ghcr.io deletes no manifests (405); its packages are managed at https://api.github.com, or where
 * $GITHUB_API_URL says.  A version is a manifest with all its tags, or without any.  GitHub's
 * manual, "REST API endpoints for packages".  The token of GITHUB_TOKEN, else GH_TOKEN, goes to
 * that origin alone, if ci_login.h says that it may, and redirects are not followed.
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
	int64_t pushed_s; /* or changed, since 1970 */
};

/* The package of HOST/OWNER/NAME.  ERROR_DENIED: there is no token, or it is of another server. */
struct packages *packages_new(struct engine *engine, const char *host, const char *repository_name,
			      struct error **err);
void packages_free(struct packages *packages);
DEFINE_CLEANUP(struct packages, packages_free)
#define AUTO_PACKAGES CLEANUP(packages_free_at)

/* All versions, asked for once unless they are forgotten; borrowed. */
int packages_list(struct packages *packages, const struct package_version **ret_versions,
		  size_t *ret_count, struct error **err);
void packages_forget(struct packages *packages);

/* ERROR_REFUSED, class "last_version" or "downloads": GitHub never deletes it. */
int packages_delete(struct packages *packages, uint64_t id, struct error **err);

/* Within 30 days, while its name is free. */
int packages_restore(struct packages *packages, uint64_t id, struct error **err);

#endif
