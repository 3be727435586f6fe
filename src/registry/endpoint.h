/* SPDX-License-Identifier: Apache-2.0 */
/* endpoint.h - a repository at a registry host
 *
 *     registry -+- hosts      one a name; credentials, challenge
 *               +- endpoints  one a repository; base URL, scope_auths, by-digest mirrors
 *
 * A mirror is an endpoint at another host for the same repository, whose name there may have a
 * prefix: "https://harbor.example/proxy/ghcr" serves ghcr.io's "owner/image" as
 * "proxy/ghcr/owner/image".  Its requests carry containerd's "?ns=<host>" and the mirror's own
 * credentials.  mirror.h says which are asked.
 */
#ifndef OCIFP_REGISTRY_ENDPOINT_H
#define OCIFP_REGISTRY_ENDPOINT_H

#include <stddef.h>

#include "registry/registry.h"

struct digest;
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
	const char *mirrored; /* the origin's host of a mirror; NULL: not a mirror */
	bool resolves;        /* of a mirror: see struct registry_mirror */
	bool is_given_up;     /* of a mirror: it failed, see mirror.h */
	struct scope_auth **scope_auths;
	size_t scope_auth_count;
	struct endpoint **mirrors;
	size_t mirror_count;
	bool is_written;      /* pushed to or deleted from: no direct bearer, no mirror's tags */
	bool lacks_referrers; /* the registry is known to lack the referrers API */
};

/* The rights that a token has to give; `mount_from` is another repository to read, or NULL. */
enum access { ACCESS_PULL, ACCESS_PUSH, ACCESS_DELETE };
struct scope_auth *endpoint_scope_auth(struct endpoint *endpoint, enum access access,
				       const char *mount_from);

/* `path` must consist of validated values: "/manifests/<tag>". */
char *endpoint_url(const struct endpoint *endpoint, const char *path, struct error **err);

/* request_perform() with the authorizer of that access, repeated once if scope_auth_reconsider()
 * says so. */
struct request *endpoint_perform(struct endpoint *endpoint, enum access access,
				 const struct request_options *options, struct error **err);

/* Sets the error that the answer describes; see problem.h for its kinds.  Returns -1. */
int endpoint_refuse(const struct endpoint *endpoint, enum access access,
		    const struct request *request, struct error **err);

/* The same, but ERROR_ABSENT for a 404 that proves that `what` is absent. */
int endpoint_refuse_or_absent(const struct endpoint *endpoint, enum access access,
			      const struct request *request, const char *what, struct error **err);

/* Prepends "'host/name:tag': " or "'host/name@digest': ".  Returns -1. */
int endpoint_wrap(const struct endpoint *endpoint, const char *tag, const struct digest *digest,
		  struct error **err);

struct endpoint *endpoint_new(struct registry *registry, struct host *host, const char *name);
void endpoint_free(struct endpoint *endpoint);

#endif
