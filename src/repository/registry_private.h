/* registry_private.h - a repository at a registry: what repository_registry.c and
 * repository_package.c share
 */
#ifndef OCIFP_REPOSITORY_REGISTRY_PRIVATE_H
#define OCIFP_REPOSITORY_REGISTRY_PRIVATE_H

#include "repository/backend.h"

struct endpoint;
struct engine;
struct packages;
struct running;

struct registry_repository {
	struct repository repository;
	struct engine *engine;
	struct endpoint *endpoint;
	struct running *running;
	char *host;
	char *name;                /* "owner/name" */
	struct packages *packages; /* of GitHub; NULL: not asked yet, or none */
};

int package_holdings(struct repository *repository, struct holdings *holdings, struct error **err);
int package_delete(struct repository *repository, const struct digest *digest, struct error **err);
int package_restore(struct repository *repository, uint64_t version_id, struct error **err);

#endif
