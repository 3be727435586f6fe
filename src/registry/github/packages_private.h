/* packages_private.h - a package: what packages.c and packages_list.c share */
#ifndef OCIFP_REGISTRY_GITHUB_PACKAGES_PRIVATE_H
#define OCIFP_REGISTRY_GITHUB_PACKAGES_PRIVATE_H

#include "http/request.h"
#include "registry/github/packages.h"

struct packages {
	struct engine *engine;
	char *authorization;
	char *api_url;
	char *owner;
	char *package; /* with %2F */
	char *url;     /* of the package; NULL: not known yet */
	struct package_version *versions;
	size_t count;
	size_t tag_count; /* of all versions */
	bool was_listed;
};

struct request *packages_ask(const struct packages *packages, enum http_method method,
			     const char *url, struct error **err);

/* An answer that is none, as an error.  Returns -1. */
int packages_refuse(const struct packages *packages, const struct request *request,
		    struct error **err);

/* Finds the package and adds all its versions. */
int packages_list_pages(struct packages *packages, struct error **err);

#endif
