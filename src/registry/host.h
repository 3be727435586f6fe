/* SPDX-License-Identifier: Apache-2.0 */
/* host.h - one registry host: its URL, its challenge and our credentials
 *
 * Shared by all its repositories, so that a second one needs no second challenge.
 */
#ifndef OCIFP_REGISTRY_HOST_H
#define OCIFP_REGISTRY_HOST_H

#include <stdbool.h>

#include "base/cleanup.h"
#include "http/origin.h"
#include "http/pace.h"
#include "registry/auth/credentials.h"
#include "registry/upload/policy.h"

struct challenge;
struct engine;
struct registry_options;
struct token_cache;

enum host_scheme {
	HOST_OPEN, /* no challenge so far */
	HOST_BASIC,
	HOST_BEARER
};

struct host {
	struct engine *engine;                  /* borrowed, as the next two */
	const struct registry_options *options; /* credentials and trusted realms */
	struct token_cache *cache;              /* NULL: none */
	char *name;                             /* as in references: "docker.io" */
	char *space; /* the key of its credentials: the name, or a space below it (credentials.h) */
	char *url;   /* "https://registry-1.docker.io" */
	char *origin_text; /* "https://registry-1.docker.io:443" */
	struct origin origin;
	bool is_plain; /* plain http, allowed by the user */
	struct pace writes;
	struct upload_policy uploads;

	enum host_scheme scheme;
	char *realm;         /* of Bearer */
	char *service;       /* NULL: none */
	bool scheme_is_kept; /* from the cache of an earlier run */
	bool was_recalled;   /* the cache has been read */
	bool scheme_is_assumed;
	bool refuses_direct; /* see host_takes_direct() */

	bool credential_was_sought;
	bool has_credential;
	struct credential credential;
	char *dropped_source; /* of an implicit credential that was refused; NULL: none */
	bool is_mirror;
	bool is_given_up;         /* of a mirror that does not serve, see mirror.h */
	bool is_warming;          /* of a mirror that is silent while it fetches content */
	bool mirror_was_recalled; /* whether an earlier run gave it up has been read */
	bool told_of_realm;       /* warned that an untrusted realm does not get the credential */
};

/* `url` NULL: derived from the name; else a mirror's.  The space is the name. */
struct host *host_new(struct engine *engine, const struct registry_options *options,
		      const char *name, const char *url, struct error **err);
void host_set_space(struct host *host, const char *space);
void host_free(struct host *host);
DEFINE_CLEANUP(struct host, host_free)
#define AUTO_HOST CLEANUP(host_free_at)

/* The first call finds the credential.  *ret_credential NULL: anonymous. */
int host_credential(struct host *host, const struct credential **ret_credential,
		    struct error **err);

/* Whether it is https://ghcr.io itself, which answers reads without a token; and that it stopped.
 */
bool host_takes_direct(const struct host *host);
void host_refuse_direct(struct host *host);

/* Where ghcr.io gives tokens, before it has said so. */
void host_assume_bearer(struct host *host);

/* For a refused implicit credential: reads continue without it, after one notice. */
void host_drop_credential(struct host *host);

/* Reads the cached challenge, once. */
void host_recall(struct host *host);
void host_forget_kept(struct host *host);
void host_learn_basic(struct host *host);
void host_keep_assumed(struct host *host); /* a token came from there */
void host_learn_bearer(struct host *host, const struct challenge *challenge);

#endif
