/* endpoint.h - a repository at a host, for the files of this layer
 *
 *     registry -+- hosts      one a name; credentials, challenge
 *               +- endpoints  one a repository; base URL, scope_auths, by-digest mirrors
 *
 * A mirror is an endpoint of its own, at another host, for the same repository: it is asked with
 * containerd's "?ns=<host>" and with credentials of its own.
 */
#ifndef OCIFP_REGISTRY_ENDPOINT_H
#define OCIFP_REGISTRY_ENDPOINT_H

#include <stddef.h>

#include "registry/registry.h"

struct scope_auth;
struct host;
struct request;
struct request_options;
struct token_cache;

struct registry {
	struct engine *engine;
	struct registry_options options;
	struct registry_options mirror_options; /* the same without the user's flags */
	struct token_cache *cache;              /* NULL: none */
	struct host **hosts;
	size_t host_count;
	struct endpoint **endpoints;
	size_t endpoint_count;
};

struct endpoint {
	struct registry *registry;
	struct host *host;
	char *name;           /* "owner/image" */
	char *base_url;       /* "https://ghcr.io/v2/owner/image" */
	const char *mirrored; /* whose content a mirror has; NULL: this is no mirror */
	struct scope_auth **scope_auths;
	size_t scope_auth_count;
	struct endpoint **mirrors;
	size_t mirror_count;
	bool lacks_referrers; /* their API, as far as is known */
};

/* What the token may do; `mount_from` is another repository to read, or NULL. */
enum access { ACCESS_PULL, ACCESS_PUSH, ACCESS_DELETE };
struct scope_auth *endpoint_scope_auth(struct endpoint *endpoint, enum access access,
				       const char *mount_from);

/* `path` is made of checked values alone: "/manifests/<tag>". */
char *endpoint_url(const struct endpoint *endpoint, const char *path, struct error **err);

/* request_perform() by the scope_auth of that access, and once more after scope_auth_reconsider().
 */
struct request *endpoint_perform(struct endpoint *endpoint, enum access access,
				 const struct request_options *options, struct error **err);

/* The answer as an error; problem.h has the kinds.  Returns -1. */
int endpoint_refuse(const struct endpoint *endpoint, enum access access,
		    const struct request *request, struct error **err);

/* The same, but ERROR_ABSENT for a 404 that proves that there is no such `what`. */
int endpoint_refuse_or_absent(const struct endpoint *endpoint, enum access access,
			      const struct request *request, const char *what, struct error **err);

struct endpoint *endpoint_new(struct registry *registry, struct host *host, const char *name);
void endpoint_free(struct endpoint *endpoint);

#endif
