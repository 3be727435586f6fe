#include "registry/auth/scope_token.h"

#include "base/deadline.h"
#include "base/limits.h"
#include "base/secret.h"
#include "base/xalloc.h"
#include "registry/auth/token_answer.h"
#include "registry/auth/token_cache.h"
#include "registry/auth/token_scope.h"
#include "registry/host.h"

void
scope_token_init(struct scope_token *token, struct host *host, const char *scopes)
{
	*token = (struct scope_token){ .host = host, .wanted = xstrdup(scopes) };
	(void)scope_add(&token->scopes, scopes);
}

void
scope_token_release(struct scope_token *token)
{
	strings_release(&token->scopes);
	secret_free(token->header);
	free(token->wanted);
	*token = (struct scope_token){ .host = NULL };
}

static struct token_key
key_of(const struct scope_token *token)
{
	const struct host *host = token->host;

	return (struct token_key){
		.origin = host->origin_text,
		.realm = host->realm,
		.service = host->service,
		.scope = token->wanted,
		.credential = host->has_credential ? &host->credential : NULL,
	};
}

static void
set(struct scope_token *token, const struct token_answer *answer)
{
	secret_free(token->header);
	token->header = xasprintf("Authorization: Bearer %s", answer->token);
	token->good_until_ms = deadline_after_ms((answer->life_s - TOKEN_MARGIN_S) * 1000);
	token->generation++;
}

void
scope_token_drop(struct scope_token *token)
{
	struct token_key key = key_of(token);

	if (token->is_kept)
		token_cache_forget(token->host->cache, &key);
	token->is_kept = false;
	secret_free(TAKE_PTR(token->header));
}

void
scope_token_recall(struct scope_token *token)
{
	AUTO_TOKEN_ANSWER struct token_answer answer = { 0 };
	struct token_key key = key_of(token);

	if (token->was_recalled || token->header)
		return;
	token->was_recalled = true;
	if (!scope_is_pull(&token->scopes) || !token_cache_find(token->host->cache, &key, &answer))
		return;
	set(token, &answer);
	token->is_kept = true;
}

bool
scope_token_is_good(const struct scope_token *token)
{
	return token->header && deadline_now_ms() < token->good_until_ms;
}

void
scope_token_take(struct scope_token *token, const struct token_answer *answer)
{
	struct token_key key = key_of(token);

	set(token, answer);
	if (scope_is_pull(&token->scopes))
		token_cache_keep(token->host->cache, &key, answer);
}

void
scope_token_note_use(struct scope_token *token, const struct request *request)
{
	token->uses[token->next_use] = (struct token_use){ request, token->generation };
	token->next_use = (token->next_use + 1) % TOKEN_USES_COUNT;
}

bool
scope_token_was_used(const struct scope_token *token, const struct request *request)
{
	for (size_t i = 1; i <= TOKEN_USES_COUNT; i++) {
		size_t at = (token->next_use + TOKEN_USES_COUNT - i) % TOKEN_USES_COUNT;

		if (token->uses[at].request == request)
			return token->uses[at].generation == token->generation;
	}
	return false;
}
