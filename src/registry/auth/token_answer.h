/* token_answer.h - what a token server answers
 *
 *     {"token": "...", "access_token": "...", "expires_in": 300, "issued_at": "..."}
 *
 * Docker token authentication: `token` or `access_token`; RFC 6749, section 5.1.  A life below
 * TOKEN_LIFE_FLOOR_S, or one that is no number, counts as that; issued_at is ignored, because it
 * is another machine's clock.
 */
#ifndef OCIFP_REGISTRY_AUTH_TOKEN_ANSWER_H
#define OCIFP_REGISTRY_AUTH_TOKEN_ANSWER_H

#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

struct error;

struct token_answer {
	char *token; /* printable ASCII: fit for a header; erased when released */
	int64_t life_s;
};

/* ERROR_DENIED: no token in it.  ERROR_UNAVAILABLE, class "protocol": no JSON, or a token that
 * could not stand in a header. */
int token_answer_parse(const void *bytes, size_t size, struct token_answer *ret_answer,
		       struct error **err);
void token_answer_release(struct token_answer *answer);
#define AUTO_TOKEN_ANSWER CLEANUP(token_answer_release)

#endif
