/* SPDX-License-Identifier: Apache-2.0 */
/* credentials.h - the credentials for a registry host, and the places that they come from
 *
 * In order: the flags, for their host; then explicit credentials: --auth-file or
 * $REGISTRY_AUTH_FILE alone if set, else the text of DOCKER_AUTH_CONFIG, docker's config.json
 * ($DOCKER_CONFIG or
 * ~/.docker; credHelpers, credsStore, auths), containers' auth.json ($XDG_RUNTIME_DIR/containers,
 * $XDG_CONFIG_HOME or ~/.config); then implicit ones of a CI system (ci_login.h); else anonymous.
 * A variable that is relative or empty is ignored.  Hosts match exactly (host and port, lower
 * case); docker.io is also https://index.docker.io/v1/.
 */
#ifndef OCIFP_REGISTRY_AUTH_CREDENTIALS_H
#define OCIFP_REGISTRY_AUTH_CREDENTIALS_H

#include <stdbool.h>

#include "base/cleanup.h"

struct error;
struct registry_options;
struct strings;

struct credential {
	char *username;       /* each of these may be NULL: none */
	char *password;       /* erased when released */
	char *identity_token; /* an OAuth2 refresh token */
	char *registry_token; /* sent to the registry instead of a fetched token */
	char *source;         /* "docker-credential-gh (~/.docker/config.json)": for messages */
	bool is_explicit;
};

/* The space below the host ("ghcr.io/owner") for which a file has credentials, if the repository is
 * in it; else the host.  The caller owns it. */
char *credential_space(const struct registry_options *options, const char *host,
		       const char *repository);

/* For a host or a space.  *ret_found false: anonymous.  ERROR_USAGE names the file, never a
 * value. */
int credential_find(const struct registry_options *options, const char *space,
		    struct credential *ret_credential, bool *ret_found, struct error **err);

/* The output of `auth explain HOST`: each place in order, and what was found there. */
int credential_explain(const struct registry_options *options, const char *host,
		       struct strings *ret_lines, struct error **err);

/* Writes to the configured helper, or to the file (0600, atomically).  *ret_where names it.  The
 * caller has checked the credential with the registry. */
int credential_store(const struct registry_options *options, const char *host,
		     const struct credential *credential, char **ret_where, struct error **err);

/* Also removes all cached tokens. */
int credential_erase(const struct registry_options *options, const char *host, bool *ret_found,
		     char **ret_where, struct error **err);
void credential_release(struct credential *credential);
#define AUTO_CREDENTIAL CLEANUP(credential_release)

/* Checks the credential with the registry at host `name`: 0, or ERROR_DENIED. */
struct registry;
int registry_check_login(struct registry *registry, const char *name,
			 const struct credential *credential, struct error **err);

#endif
