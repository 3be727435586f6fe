/* SPDX-License-Identifier: Apache-2.0 */
/* registry.h - the client side of the distribution protocol
 *
 * One `struct registry` a process: credentials, tokens, the answers of hosts.  One `struct
 * endpoint` for a repository at its host, with the authorizers of its scopes.
 *
 *     registry --endpoint_open()--> endpoint --manifests.h, registry_blobs.h, tags.h--> http
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
	const char *host; /* the origin */
	const char *url;
	bool resolves; /* may be asked for tags, not by digest only; absence it never proves */
};

struct registry_options {
	const char *username; /* NULL: not given; at login_host flags take precedence */
	const char *password;
	const char *login_host; /* the only host that gets user name and password */
	bool anonymous;         /* no credentials at all */
	const char *auth_file;  /* NULL: $REGISTRY_AUTH_FILE, docker config.json, auth.json */
	const char *const *trust_realms; /* NULL-terminated "host[:port]"; may be NULL */
	bool no_token_cache;
	bool direct_bearer;   /* ask ghcr.io without a token first: see auth/scope_auth.h */
	bool github_packages; /* delete through packages.h, as at ghcr.io */
	bool loopback_tls; /* use https for loopback hosts: a CA or client certificate was given */
	const struct registry_mirror *mirrors;
	size_t mirror_count;
};

/*
 * Borrows the engine and the strings of the options.  Uses https, but plain http for loopback hosts
 * and for the engine's plain http hosts; no request is spent on finding out.
 */
struct registry *registry_new(struct engine *engine, const struct registry_options *options,
			      struct error **err);
void registry_free(struct registry *registry);
DEFINE_CLEANUP(struct registry, registry_free)

/* The repository of `reference`, owned by the registry; the same object each time. */
struct endpoint *endpoint_open(struct registry *registry, const struct reference *reference,
			       struct error **err);

/* From now on it is read with tokens alone, as what pushes and deletes needs them anyway. */
void endpoint_write(struct endpoint *endpoint);

#endif
