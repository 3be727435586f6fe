/* scope_auth.h - the authorizer of one set of scopes at one host
 *
 *                 challenged: Basic                 challenged: Bearer
 *     [basic] <------------------- [nothing known] ---------------------> [token wanted]
 *                                        ^                                  |        ^
 *                        a kept challenge|was wrong                   fetch |        | expired,
 *                                        +----------------------------------+        | refused
 *                                                                           v        | once
 *                                                                        [token] ----+
 *
 * One fetch at a time: requests that come meanwhile are parked.  What an earlier run kept (the
 * challenge, a pull token) is used at once, so that a warm question is a single request.
 */
#ifndef OCIFP_REGISTRY_AUTH_SCOPE_AUTH_H
#define OCIFP_REGISTRY_AUTH_SCOPE_AUTH_H

#include <stdbool.h>

struct authorizer;
struct scope_auth;
struct host;
struct request;

/* Borrows the host.  `scopes`: "repository:a/b:pull", several with spaces; "" for none. */
struct scope_auth *scope_auth_new(struct host *host, const char *scopes);
void scope_auth_free(struct scope_auth *scope_auth); /* after all its requests */

const char *scope_auth_scopes(const struct scope_auth *scope_auth);
struct authorizer *scope_auth_authorizer(struct scope_auth *scope_auth);

/* After an answer that stands: true when the request is worth a second try.  That is so when a 403
 * without a challenge, by which some registries refuse an old token, met one of an earlier run; and
 * when the new token is refused for a scope that nobody had named before. */
bool scope_auth_reconsider(struct scope_auth *scope_auth, const struct request *request);

#endif
