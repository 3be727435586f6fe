/* What GitHub manages instead of its registry. */
#include <time.h>

#include "base/error.h"
#include "base/xalloc.h"
#include "registry/github/packages.h"
#include "repository/registry_private.h"

static struct registry_repository *
with_packages(struct repository *repository, struct error **err)
{
	struct registry_repository *self = (struct registry_repository *)repository;

	if (!self->packages)
		self->packages = packages_new(self->engine, self->host, self->name, err);
	return self->packages ? self : NULL;
}

/* What has no tag may be about to get one so long after it was pushed. */
#define PUSH_GRACE_S ((int64_t)24 * 60 * 60)

static int
add_version(struct holdings *holdings, const struct package_version *version, struct error **err)
{
	struct holding *holding = holdings_add(holdings, &version->digest, err);
	int64_t since_s = (int64_t)time(NULL) - PUSH_GRACE_S;

	if (!holding)
		return -1;
	for (size_t i = 0; i < version->tags.count; i++)
		strings_add(&holding->tags, version->tags.items[i]);
	if (version->other_name && !holding->other_name)
		holding->other_name = xstrdup(version->other_name);
	holding->version_id = version->id;
	holding->created_s = version->pushed_s;
	holding->is_new = version->tags.count == 0 && version->pushed_s >= since_s;
	return 0;
}

int
package_holdings(struct repository *repository, struct holdings *holdings, struct error **err)
{
	const struct registry_repository *self = with_packages(repository, err);
	const struct package_version *versions;
	size_t count;

	if (!self)
		return -1;
	packages_forget(self->packages);
	if (packages_list(self->packages, &versions, &count, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (add_version(holdings, &versions[i], err) < 0)
			return -1;
	return 0;
}

int
package_delete(struct repository *repository, const struct digest *digest, struct error **err)
{
	const struct registry_repository *self = with_packages(repository, err);
	const struct package_version *versions;
	size_t count;

	if (!self || packages_list(self->packages, &versions, &count, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (digest_equal(&versions[i].digest, digest))
			return packages_delete(self->packages, versions[i].id, err);
	return error_set(err, ERROR_ABSENT, "the package has no version '%s'",
			 digest_text(digest).text);
}

int
package_restore(struct repository *repository, uint64_t version_id, struct error **err)
{
	const struct registry_repository *self = with_packages(repository, err);

	return self ? packages_restore(self->packages, version_id, err) : -1;
}
