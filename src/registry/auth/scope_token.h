/* scope_token.h - the token of one set of scopes at one host, fetched or of an earlier run
 *
 * A refusal counts against a token only when the request went out with that very one: another
 * request's refusal may have brought a newer one meanwhile.
 */
#ifndef OCIFP_REGISTRY_AUTH_SCOPE_TOKEN_H
#define OCIFP_REGISTRY_AUTH_SCOPE_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/strings.h"

struct host;
struct request;
struct token_answer;

/* Which token a request went out with; the oldest entry gives way. */
struct token_use {
	const struct request *request;
	unsigned generation;
};

#define TOKEN_USES_COUNT 64

struct scope_token {
	struct host *host;     /* borrowed */
	char *wanted;          /* the scopes as given: what a kept token is found by */
	struct strings scopes; /* these and what challenges asked for */
	char *header;          /* "Authorization: Bearer ..."; NULL: no token */
	int64_t good_until_ms;
	unsigned generation;
	bool is_kept; /* it is of an earlier run */
	bool was_recalled;
	struct token_use uses[TOKEN_USES_COUNT];
	size_t next_use;
};

void scope_token_init(struct scope_token *token, struct host *host, const char *scopes);
void scope_token_release(struct scope_token *token);

/* What an earlier run has kept, once a run: later ones are fetched here. */
void scope_token_recall(struct scope_token *token);
bool scope_token_is_good(const struct scope_token *token);

/* The new one, kept for later runs when it can only pull. */
void scope_token_take(struct scope_token *token, const struct token_answer *answer);
void scope_token_drop(struct scope_token *token); /* and from what is kept */

void scope_token_note_use(struct scope_token *token, const struct request *request);
bool scope_token_was_used(const struct scope_token *token, const struct request *request);

#endif
