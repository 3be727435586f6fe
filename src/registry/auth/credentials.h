/* credentials.h - who we are to a host, and where that is written
 *
 * In order: flags, at the host that they are for; then, explicit: $REGISTRY_AUTH_FILE alone if set,
 * else the text of DOCKER_AUTH_CONFIG, docker's config.json ($DOCKER_CONFIG or ~/.docker;
 * credHelpers, credsStore, auths), containers' auth.json ($XDG_RUNTIME_DIR/containers,
 * ~/.config/containers); then, implicit, what a CI system gives its jobs (ci_login.h); else
 * anonymous.  Hosts match exactly (host and port, lower case);
 * docker.io is also known as https://index.docker.io/v1/.
 */
#ifndef OCIFP_REGISTRY_AUTH_CREDENTIALS_H
#define OCIFP_REGISTRY_AUTH_CREDENTIALS_H

#include <stdbool.h>

#include "base/cleanup.h"

struct error;
struct registry_options;
struct strings;

struct credential {
	char *username;       /* NULL: none, as all of these */
	char *password;       /* erased when released */
	char *identity_token; /* an OAuth2 refresh token */
	char *registry_token; /* for the registry itself, in place of one that is fetched */
	char *source;         /* "docker-credential-gh (~/.docker/config.json)": for messages */
	bool is_explicit;
};

/* The space beneath the host, "ghcr.io/owner", for which a file has credentials of its own that
 * count for this repository; else the host.  The caller owns it. */
char *credential_space(const struct registry_options *options, const char *host,
		       const char *repository);

/* For a host or a space.  *ret_found false: anonymous.  ERROR_USAGE names the file, never a
 * value. */
int credential_find(const struct registry_options *options, const char *space,
		    struct credential *ret_credential, bool *ret_found, struct error **err);

/* What `auth explain HOST` prints: each place that was looked at, in order, and what it gave. */
int credential_explain(const struct registry_options *options, const char *host,
		       struct strings *ret_lines, struct error **err);

/* Writes to the helper that the configuration names, or the file (0600, atomically); the caller
 * has checked them against the registry.  *ret_where says where they went. */
int credential_store(const struct registry_options *options, const char *host,
		     const struct credential *credential, char **ret_where, struct error **err);

/* Kept tokens go too. */
int credential_erase(const struct registry_options *options, const char *host, bool *ret_found,
		     char **ret_where, struct error **err);
void credential_release(struct credential *credential);
#define AUTO_CREDENTIAL CLEANUP(credential_release)

/* Asks the registry at host `name` whether it takes the credential: 0, or ERROR_DENIED. */
struct registry;
int registry_check_login(struct registry *registry, const char *name,
			 const struct credential *credential, struct error **err);

#endif
