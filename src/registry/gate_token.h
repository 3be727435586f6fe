/* gate_token.h - the token of one set of scopes at one host, fetched or of an earlier run
 *
 * A refusal counts against a token only when the request went out with that very one: another
 * request's refusal may have brought a newer one meanwhile.
 */
#ifndef OCIFP_REGISTRY_GATE_TOKEN_H
#define OCIFP_REGISTRY_GATE_TOKEN_H

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

struct gate_token {
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

void gate_token_init(struct gate_token *token, struct host *host, const char *scopes);
void gate_token_release(struct gate_token *token);

/* What an earlier run has kept, once a run: later ones are fetched here. */
void gate_token_recall(struct gate_token *token);
bool gate_token_is_good(const struct gate_token *token);

/* The new one, kept for later runs when it can only pull. */
void gate_token_take(struct gate_token *token, const struct token_answer *answer);
void gate_token_drop(struct gate_token *token); /* and from what is kept */

void gate_token_note_use(struct gate_token *token, const struct request *request);
bool gate_token_was_used(const struct gate_token *token, const struct request *request);

#endif
