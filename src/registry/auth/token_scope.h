/* token_scope.h - what a token may be used for: "repository:<name>:<actions>", several with spaces
 *
 * Docker token authentication, "Token Scope Documentation".
 */
#ifndef OCIFP_REGISTRY_AUTH_TOKEN_SCOPE_H
#define OCIFP_REGISTRY_AUTH_TOKEN_SCOPE_H

#include <stdbool.h>

#include "base/strings.h"

/* Adds each that is new, and tells whether there was one; ghcr.io's placeholder for "/v2/" is
 * none. */
bool scope_add(struct strings *scopes, const char *text);

/* The same for what a challenge asks for: nobody talks us into a right to delete. */
bool scope_add_asked(struct strings *scopes, const char *text);

/* True when nobody could write with it: all end in ":pull". */
bool scope_is_pull(const struct strings *scopes);
char *scope_join(const struct strings *scopes); /* with spaces; "" for none */

#endif
