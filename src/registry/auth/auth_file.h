/* SPDX-License-Identifier: Apache-2.0 */
/* auth_file.h - a file of credentials: docker's config.json, containers' auth.json
 *
 *     {"auths": {"ghcr.io": {"auth": "<base64 of user:password>", "identitytoken": "...",
 *                         "registrytoken": "..."}},
 *      "credHelpers": {"ghcr.io": "gh"}, "credsStore": "secretservice"}
 *
 * docker CLI, config.json; containers-auth.json(5).  Keys match a host exactly; they may be
 * written as URLs ("https://index.docker.io/v1/" is docker.io).  A key may also name a space
 * beneath a host, "ghcr.io/owner", and then counts for the repositories there.
 */
#ifndef OCIFP_REGISTRY_AUTH_AUTH_FILE_H
#define OCIFP_REGISTRY_AUTH_AUTH_FILE_H

#include <stdbool.h>

#include <jansson.h>

#include "base/cleanup.h"

struct credential;
struct error;

struct auth_file {
	char *path;       /* NULL: read from a variable */
	char *shown;      /* for messages: the path, quoted, with "~" for the home directory */
	json_t *document; /* owned */
};

/* ERROR_USAGE: not a regular file, writable by every user, too long, not a JSON object. */
int auth_file_read(const char *path, struct auth_file *ret_file, bool *ret_found,
		   struct error **err);
/* Reads the text of DOCKER_AUTH_CONFIG instead of a file. */
int auth_file_read_variable(struct auth_file *ret_file, bool *ret_found, struct error **err);
void auth_file_release(struct auth_file *file);
#define AUTO_AUTH_FILE CLEANUP(auth_file_release)

/* The credential helper for the host, else the one for all hosts; NULL: none. */
const char *auth_file_find_helper(const struct auth_file *file, const char *host);

/* The longest key of `auths` that is a space with this repository; NULL: none. */
char *auth_file_find_space(const struct auth_file *file, const char *host, const char *repository);

/* The entry of `auths`; `host` may be a space.  ERROR_USAGE names the file, never a value. */
int auth_file_find(const struct auth_file *file, const char *host,
		   struct credential *ret_credential, bool *ret_found, struct error **err);

/* These change the document; auth_file_write() replaces the file, with mode 0600. */
void auth_file_set(struct auth_file *file, const char *host, const struct credential *credential);
bool auth_file_remove(struct auth_file *file, const char *host);
int auth_file_write(const struct auth_file *file, struct error **err);

/* The host's name in docker's files and for its helpers. */
const char *auth_file_server(const char *host);

#endif
