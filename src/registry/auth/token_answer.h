/* SPDX-License-Identifier: Apache-2.0 */
/* token_answer.h - the answer of a token server
 *
 *     {"token": "...", "access_token": "...", "expires_in": 300, "issued_at": "..."}
 *
 * Docker token authentication: `token` or `access_token`; RFC 6749, section 5.1.  A life that is
 * not a number, or below TOKEN_LIFE_FLOOR_S, is TOKEN_LIFE_FLOOR_S; issued_at is ignored, because
 * the server's clock may differ from ours.
 */
#ifndef OCIFP_REGISTRY_AUTH_TOKEN_ANSWER_H
#define OCIFP_REGISTRY_AUTH_TOKEN_ANSWER_H

#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

struct error;

struct token_answer {
	char *token; /* printable ASCII, without spaces; erased when released */
	int64_t life_s;
};

/* ERROR_DENIED: no token.  ERROR_UNAVAILABLE, class "protocol": not JSON, or a token with other
 * characters. */
int token_answer_parse(const void *bytes, size_t size, struct token_answer *ret_answer,
		       struct error **err);
void token_answer_release(struct token_answer *answer);
#define AUTO_TOKEN_ANSWER CLEANUP(token_answer_release)

#endif
