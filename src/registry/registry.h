/* registry.h - the client side of the distribution protocol
 *
 * One `struct registry` a process: credentials, tokens, the answers of hosts.  One `struct
 * endpoint` for a repository at its host, with the authorizers of its scopes.
 *
 *     registry --endpoint_open()--> endpoint --manifests.h, blobs.h, uploads.h, tags.h--> http
 *
 * distribution-spec 1.1; Docker token authentication.
 */
#ifndef OCIFP_REGISTRY_REGISTRY_H
#define OCIFP_REGISTRY_REGISTRY_H

#include <stdbool.h>

#include "base/cleanup.h"
#include "base/strings.h"

struct endpoint;
struct engine;
struct error;
struct observer;
struct reference;
struct registry;

struct registry_mirror {
	const char *host;        /* whose content it has */
	const char *const *urls; /* NULL-terminated; asked in order, by digest only */
};

struct registry_options {
	const char *username; /* NULL: not given; flags beat everything else at login_host */
	const char *password;
	const char *login_host; /* the one host that user name and password are for */
	bool anonymous;         /* no credentials at all */
	const char *auth_file;  /* NULL: $REGISTRY_AUTH_FILE, docker config.json, auth.json */
	const char *const *trust_realms; /* NULL-terminated "host[:port]"; may be NULL */
	bool no_token_cache;
	bool github_packages; /* manifests are managed by packages.h, as those of ghcr.io are */
	bool loopback_tls; /* loopback hosts speak https too: a CA or client certificate was given
			    */
	const struct registry_mirror *mirrors;
	size_t mirror_count;
};

/*
 * Borrows the engine and the strings of the options.  A host is spoken to with https; a loopback
 * host, or one that the engine was given as a plain http host, with http, so that no request is
 * spent on finding out.
 */
struct registry *registry_new(struct engine *engine, const struct registry_options *options,
			      struct error **err);
void registry_free(struct registry *registry);
DEFINE_CLEANUP(struct registry, registry_free)

/* The repository that `reference` names; owned by the registry, the same one each time. */
struct endpoint *endpoint_open(struct registry *registry, const struct reference *reference,
			       struct error **err);

#endif
