/* SPDX-License-Identifier: Apache-2.0 */
/* token_fetch.h - a request to a token server
 *
 *     GET  realm?service=S&scope=A&scope=B            anonymous, or with Basic
 *     POST realm  grant_type=refresh_token&...        with an identity token
 *
 * Docker token authentication, "Requesting a Token"; RFC 6749, section 6.  Redirects are not
 * followed, because the request carries a credential.
 */
#ifndef OCIFP_REGISTRY_AUTH_TOKEN_FETCH_H
#define OCIFP_REGISTRY_AUTH_TOKEN_FETCH_H

#include <stdbool.h>

#include "base/cleanup.h"

struct credential;
struct error;
struct host;
struct strings;
struct token_answer;
struct token_fetch;

/* `answer` NULL: takes `failure`.  It may free the fetch. */
typedef void token_done(void *context, const struct token_answer *answer, struct error *failure);

struct token_wish {
	struct host *host;
	const struct strings *scopes;
	const struct credential *credential; /* NULL: anonymous; not sent to untrusted realms */
	bool is_single;                      /* one attempt, as the request that needs the token */
};

/* ERROR_DENIED: refused.  The failure names the credential's source. */
struct token_fetch *token_fetch_start(const struct token_wish *wish, token_done *done,
				      void *context, struct error **err);
void token_fetch_free(struct token_fetch *fetch);
DEFINE_CLEANUP(struct token_fetch, token_fetch_free)
#define AUTO_TOKEN_FETCH CLEANUP(token_fetch_free_at)

#endif
