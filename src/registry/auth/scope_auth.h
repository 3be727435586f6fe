/* SPDX-License-Identifier: Apache-2.0 */
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
 * Direct bearer: https://ghcr.io answers a read whose bearer is the base64 of a credential, or of
 * anything for a public image, without a token (undocumented, in use since 2021).  So the first
 * requests carry that; what it does not answer with content is asked for again with a token, which
 * is the only proof of absence.
 *
 * One fetch at a time: requests that start meanwhile are parked.  A challenge and a pull token from
 * the cache of an earlier run are used at once, so that a lookup needs a single request.
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

/* Whether the direct bearer may be used, where the host takes it.  At first it may not. */
void scope_auth_allow_direct(struct scope_auth *scope_auth, bool allowed);

/* After an answer: notes that the host no longer takes the direct bearer, if a token was needed for
 * what is there. */
void scope_auth_settle(struct scope_auth *scope_auth, const struct request *request);

const char *scope_auth_scopes(const struct scope_auth *scope_auth);
struct authorizer *scope_auth_authorizer(struct scope_auth *scope_auth);

/* After a final answer: whether to send the request once more.  True for a 403 without a challenge
 * to a cached token, which some registries send for an expired one; and for a token that lacks a
 * scope which this answer names for the first time. */
bool scope_auth_reconsider(struct scope_auth *scope_auth, const struct request *request);

#endif
