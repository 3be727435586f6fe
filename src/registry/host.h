/* host.h - one registry host: where it is, who we are to it, what it asked for
 *
 * Shared by all repositories there, so that a second one needs no second challenge.
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
	HOST_OPEN, /* it asked for nothing so far */
	HOST_BASIC,
	HOST_BEARER
};

struct host {
	struct engine *engine;                  /* borrowed, as the next two */
	const struct registry_options *options; /* whose credentials and trusted realms count */
	struct token_cache *cache;              /* NULL: nothing is kept */
	char *name;                             /* as in references: "docker.io" */
	char *space; /* what credentials are looked for by: the name, or more (credentials.h) */
	char *url;   /* "https://registry-1.docker.io" */
	char *origin_text; /* "https://registry-1.docker.io:443" */
	struct origin origin;
	bool is_plain; /* http by the user's leave */
	struct pace writes;
	struct upload_policy uploads;

	enum host_scheme scheme;
	char *realm;         /* of Bearer */
	char *service;       /* NULL: none was named */
	bool scheme_is_kept; /* known from an earlier run, not from this one */
	bool was_recalled;   /* the cache has been asked */

	bool credential_was_sought;
	bool has_credential;
	struct credential credential;
	char *dropped_source; /* of an implicit credential that was refused; NULL: none */
	bool told_of_realm;   /* that the credential is kept from an untrusted realm */
};

/* `url` NULL: what the name stands for; else a mirror's.  The space is the name. */
struct host *host_new(struct engine *engine, const struct registry_options *options,
		      const char *name, const char *url, struct error **err);
void host_set_space(struct host *host, const char *space);
void host_free(struct host *host);
DEFINE_CLEANUP(struct host, host_free)
#define AUTO_HOST CLEANUP(host_free_at)

/* Looks for the credential the first time.  *ret_credential NULL: anonymous. */
int host_credential(struct host *host, const struct credential **ret_credential,
		    struct error **err);

/* An implicit credential that the host refuses: later reads go without it, and the user is told
 * once. */
void host_drop_credential(struct host *host);

/* What the last run learned, once. */
void host_recall(struct host *host);
void host_forget_kept(struct host *host);
void host_learn_basic(struct host *host);
void host_learn_bearer(struct host *host, const struct challenge *challenge);

#endif
