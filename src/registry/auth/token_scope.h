/* SPDX-License-Identifier: Apache-2.0 */
/* token_scope.h - the scopes of a token: "repository:<name>:<actions>", separated by spaces
 *
 * Docker token authentication, "Token Scope Documentation".
 */
#ifndef OCIFP_REGISTRY_AUTH_TOKEN_SCOPE_H
#define OCIFP_REGISTRY_AUTH_TOKEN_SCOPE_H

#include <stdbool.h>

#include "base/strings.h"

/* Adds each new scope, and returns whether there was one.  ghcr.io's placeholder for "/v2/" is
 * ignored. */
bool scope_add(struct strings *scopes, const char *text);

/* The same for the scopes of a challenge; only pull and push are accepted, never delete. */
bool scope_add_asked(struct strings *scopes, const char *text);

/* True if the token cannot write: all scopes end in ":pull". */
bool scope_is_pull(const struct strings *scopes);
char *scope_join(const struct strings *scopes); /* with spaces; "" for none */

#endif
