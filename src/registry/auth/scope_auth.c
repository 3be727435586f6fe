/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/auth/scope_auth.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/deadline.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/secret.h"
#include "base/strings.h"
#include "base/xalloc.h"
#include "http/challenge.h"
#include "http/request.h"
#include "registry/auth/token_answer.h"
#include "registry/auth/token_cache.h"
#include "registry/auth/token_fetch.h"
#include "registry/auth/token_scope.h"
#include "registry/host.h"

struct scope_token {
	struct host *host;     /* borrowed */
	char *wanted;          /* the scopes as given: the cache's key */
	struct strings scopes; /* these, and those that challenges named */
	char *header;          /* "Authorization: Bearer ..."; NULL: no token */
	bool is_direct;        /* no token, but the direct bearer */
	int64_t good_until_ms;
	unsigned generation; /* which one it is, from 1; requests remember theirs */
	bool is_kept;        /* from the cache of an earlier run */
	bool was_recalled;   /* the cache has been read */
};

struct waiter {
	struct request *request; /* borrowed; may have been freed: compare only */
	struct waiter *next;
};

static void
waiters_add(struct waiter **list, struct request *request)
{
	struct waiter *waiter = XNEW(struct waiter);

	waiter->request = request;
	waiter->next = *list;
	*list = waiter;
}

static bool
waiters_remove(struct waiter **list, const struct request *request)
{
	for (; *list; list = &(*list)->next) {
		struct waiter *found = *list;

		if (found->request != request)
			continue;
		*list = found->next;
		free(found);
		return true;
	}
	return false;
}

static void
waiters_free(struct waiter *list)
{
	while (list) {
		struct waiter *next = list->next;

		free(list);
		list = next;
	}
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
set_token(struct scope_token *token, const struct token_answer *answer)
{
	secret_free(token->header);
	token->header = xasprintf("Authorization: Bearer %s", answer->token);
	token->is_direct = false;
	token->good_until_ms = deadline_after_ms((answer->life_s - TOKEN_MARGIN_S) * 1000);
	token->generation++;
}

static void
scope_token_drop(struct scope_token *token)
{
	struct token_key key = key_of(token);

	if (token->is_kept)
		token_cache_forget(token->host->cache, &key);
	token->is_kept = token->is_direct = false;
	secret_free(TAKE_PTR(token->header));
}

static void
scope_token_recall(struct scope_token *token)
{
	AUTO_TOKEN_ANSWER struct token_answer answer = { 0 };
	struct token_key key = key_of(token);

	if (token->was_recalled || token->header)
		return;
	token->was_recalled = true;
	if (!scope_is_pull(&token->scopes) || !token_cache_find(token->host->cache, &key, &answer))
		return;
	set_token(token, &answer);
	token->is_kept = true;
}

/* A refusal counts against the token only if the request was sent with this very one; another
 * request's refusal may have brought a newer one meanwhile. */
static bool
scope_token_was_used(const struct scope_token *token, const struct request *request)
{
	unsigned generation = request_credential(request);

	return generation > 0 && generation == token->generation;
}

static char *
scope_token_use(struct scope_token *token, struct request *request)
{
	request_set_credential(request, token->generation);
	return xstrdup(token->header);
}

/* NULL: this kind of credential cannot go so. */
static char *
direct_bearer_text(const struct credential *credential)
{
	AUTO_SECRET char *pair = NULL;

	if (!credential)
		return xstrdup("A"); /* "QQ==", as Homebrew does */
	if (credential->registry_token || credential->identity_token || !credential->password)
		return NULL;
	if (!credential->is_explicit)
		return xstrdup(credential->password);
	return credential->username ? xasprintf("%s:%s", credential->username, credential->password)
				    : NULL;
}

/* False: not for this credential. */
static bool
scope_token_set_direct(struct scope_token *token, const struct credential *credential)
{
	AUTO_SECRET char *text = direct_bearer_text(credential);
	AUTO_SECRET char *encoded = text ? secret_encode(text) : NULL;

	if (!encoded)
		return false;
	token->header = xasprintf("Authorization: Bearer %s", encoded);
	token->is_direct = true;
	token->good_until_ms = DEADLINE_NEVER;
	token->generation++;
	return true;
}

struct scope_auth {
	struct authorizer authorizer;
	struct host *host;
	struct scope_token token;
	struct token_fetch *fetch; /* NULL: none under way */
	struct waiter *parked;
	struct waiter *failed; /* resumed after a failed fetch; get `failure` from authorize() */
	struct error *failure;
	bool allows_direct;
	bool direct_failed;         /* a token is wanted */
	unsigned direct_generation; /* of the token; 0: it was never the direct bearer */
	bool is_refused;            /* no further fetch: repeated refusals may lock the account */
	bool fetches_anonymous;     /* the fetch under way has no credential */
	bool fetches_once;          /* the fetch under way is not retried */
};

/* The requests continue, and may end, only after this has returned. */
static void
resume_all(struct scope_auth *scope_auth)
{
	struct waiter *parked = TAKE_PTR(scope_auth->parked);

	for (struct waiter *waiter = parked; waiter; waiter = waiter->next)
		request_resume(waiter->request);
	waiters_free(parked);
}

static int start_fetch(struct scope_auth *scope_auth, bool is_single, struct error **err);

/* Takes the failure.  If the fetch was limited to one attempt for the sake of a request without
 * retries, the other requests are not failed: they fetch again. */
static void
fail_waiting(struct scope_auth *scope_auth, struct error *failure)
{
	error_free(scope_auth->failure);
	scope_auth->failure = failure;
	scope_auth->is_refused = error_is(failure, ERROR_DENIED);
	for (struct waiter *waiter = scope_auth->parked; waiter; waiter = waiter->next)
		if (!scope_auth->fetches_once || request_is_single(waiter->request))
			waiters_add(&scope_auth->failed, waiter->request);
	resume_all(scope_auth);
}

/* Try without the cached challenge, or without an implicit credential. */
static bool
drop_doubtful_input(struct scope_auth *scope_auth, const struct error *failure)
{
	struct host *host = scope_auth->host;

	if (host->scheme_is_kept && !error_is(failure, ERROR_DENIED)) {
		host_forget_kept(host);
		return true;
	}
	if (!error_is(failure, ERROR_DENIED) || scope_auth->fetches_anonymous ||
	    !host->has_credential || host->credential.is_explicit ||
	    !scope_is_pull(&scope_auth->token.scopes))
		return false;
	host_drop_credential(host);
	return true;
}

static void
fetch_again(struct scope_auth *scope_auth)
{
	struct error *failure = NULL;

	if (scope_auth->host->scheme != HOST_BEARER)
		resume_all(scope_auth);
	else if (start_fetch(scope_auth, scope_auth->fetches_once, &failure) < 0)
		fail_waiting(scope_auth, failure);
}

static void
on_token(void *context, const struct token_answer *answer, struct error *failure)
{
	struct scope_auth *scope_auth = context;
	AUTO_TOKEN_FETCH struct token_fetch *fetch = TAKE_PTR(scope_auth->fetch);
	AUTO_ERROR struct error *owned = failure;

	if (answer) {
		struct token_key key;

		host_keep_assumed(scope_auth->host);
		key = key_of(&scope_auth->token);
		set_token(&scope_auth->token, answer);
		if (scope_is_pull(&scope_auth->token.scopes))
			token_cache_keep(scope_auth->token.host->cache, &key, answer);
		resume_all(scope_auth);
	} else if (drop_doubtful_input(scope_auth, failure)) {
		fetch_again(scope_auth);
	} else {
		fail_waiting(scope_auth, TAKE_PTR(owned));
	}
}

static int
start_fetch(struct scope_auth *scope_auth, bool is_single, struct error **err)
{
	struct token_wish wish = {
		.host = scope_auth->host,
		.scopes = &scope_auth->token.scopes,
		.is_single = is_single,
	};

	if (host_credential(scope_auth->host, &wish.credential, err) < 0)
		return -1;
	scope_auth->fetches_anonymous = !wish.credential;
	scope_auth->fetches_once = is_single;
	scope_auth->fetch = token_fetch_start(&wish, on_token, scope_auth, err);
	return scope_auth->fetch ? 0 : -1;
}

static enum authorization
authorize_bearer(struct scope_auth *scope_auth, struct request *request,
		 const struct credential *credential, char **ret_header, struct error **err)
{
	struct scope_token *token = &scope_auth->token;

	if (credential && credential->registry_token) {
		*ret_header = xasprintf("Authorization: Bearer %s", credential->registry_token);
		return AUTHORIZATION_READY;
	}
	scope_token_recall(token);
	if (token->header && deadline_now_ms() < token->good_until_ms) {
		*ret_header = scope_token_use(token, request);
		return AUTHORIZATION_READY;
	}
	if (!scope_auth->fetch && start_fetch(scope_auth, request_is_single(request), err) < 0)
		return AUTHORIZATION_REFUSED;
	waiters_add(&scope_auth->parked, request);
	return AUTHORIZATION_PARKED;
}

/* A token is better, if there is one. */
static bool
authorize_direct(struct scope_auth *scope_auth, struct request *request,
		 const struct credential *credential, char **ret_header)
{
	struct scope_token *token = &scope_auth->token;
	bool is_wanted = scope_auth->allows_direct && !scope_auth->direct_failed &&
			 scope_auth->host->scheme != HOST_BASIC;

	if (token->is_direct && !is_wanted)
		scope_token_drop(token);
	if (!is_wanted || scope_auth->fetch)
		return false;
	if (scope_auth->host->scheme == HOST_BEARER)
		scope_token_recall(token);
	if (!token->is_direct && (token->header || !host_takes_direct(scope_auth->host) ||
				  !scope_token_set_direct(token, credential)))
		return false;
	scope_auth->direct_generation = token->generation;
	*ret_header = scope_token_use(token, request);
	return true;
}

static void
authorize_basic(const struct credential *credential, char **ret_header)
{
	AUTO_SECRET char *basic = NULL;

	*ret_header = NULL;
	if (!credential || !credential->username)
		return;
	basic = secret_basic(credential->username, credential->password);
	*ret_header = xasprintf("Authorization: %s", basic);
}

static enum authorization
authorize(struct authorizer *authorizer, struct request *request, char **ret_header,
	  struct error **err)
{
	struct scope_auth *scope_auth = (struct scope_auth *)authorizer;
	const struct credential *credential;

	if (waiters_remove(&scope_auth->failed, request) || scope_auth->is_refused) {
		/* A copy of the failure, for each request that waited. */
		error_set(err, error_kind(scope_auth->failure), "%s",
			  error_text(scope_auth->failure));
		error_set_class(err, error_class_parse(error_class(scope_auth->failure)));
		if (error_hint(scope_auth->failure))
			error_set_hint(err, "%s", error_hint(scope_auth->failure));
		error_set_remote(err, error_remote(scope_auth->failure));
		return AUTHORIZATION_REFUSED;
	}
	if (host_credential(scope_auth->host, &credential, err) < 0)
		return AUTHORIZATION_REFUSED;
	host_recall(scope_auth->host);
	request_set_credential(request, 0);
	if (authorize_direct(scope_auth, request, credential, ret_header))
		return AUTHORIZATION_READY;
	if (scope_auth->host->scheme == HOST_BEARER)
		return authorize_bearer(scope_auth, request, credential, ret_header, err);
	*ret_header = NULL;
	if (scope_auth->host->scheme == HOST_BASIC)
		authorize_basic(credential, ret_header);
	return AUTHORIZATION_READY;
}

/* A refused password is not sent again. */
static bool
handle_basic(struct scope_auth *scope_auth, const struct request *request)
{
	struct host *host = scope_auth->host;
	bool was_sent = host->scheme == HOST_BASIC && request_was_authorized(request);

	host_learn_basic(host);
	return !was_sent && host->has_credential && host->credential.username;
}

static bool
handle_bearer(struct scope_auth *scope_auth, const struct request *request,
	      const struct challenge *challenge)
{
	bool is_wider;

	if (!challenge->realm)
		return false;
	/* The user's registry token was refused; none can be fetched instead. */
	if (scope_auth->host->has_credential && scope_auth->host->credential.registry_token &&
	    request_was_authorized(request))
		return false;
	is_wider = challenge->scope && scope_add_asked(&scope_auth->token.scopes, challenge->scope);
	if (scope_auth->token.header && scope_token_was_used(&scope_auth->token, request)) {
		/* A token with the same scopes would be refused again. */
		if (!is_wider && !scope_auth->token.is_kept && challenge_lacks_scope(challenge))
			return false;
		scope_token_drop(&scope_auth->token);
	}
	host_learn_bearer(scope_auth->host, challenge);
	return true;
}

static const struct challenge *
read_challenge(const struct request *request, struct challenges *challenges)
{
	const char *value;

	for (size_t i = 0; (value = request_header_at(request, "WWW-Authenticate", i)); i++)
		challenges_parse(value, challenges);
	return challenges_choose(challenges);
}

static bool
was_direct(const struct authorizer *authorizer, const struct request *request)
{
	const struct scope_auth *scope_auth = (const struct scope_auth *)authorizer;

	return scope_auth->direct_generation > 0 &&
	       request_credential(request) == scope_auth->direct_generation;
}

static bool
challenged(struct authorizer *authorizer, struct request *request)
{
	struct scope_auth *scope_auth = (struct scope_auth *)authorizer;
	AUTO_CHALLENGES struct challenges challenges = { 0 };
	const struct challenge *chosen = read_challenge(request, &challenges);

	if (was_direct(authorizer, request)) {
		/* The refusal of another request may have brought a token meanwhile. */
		if (scope_auth->token.is_direct)
			scope_token_drop(&scope_auth->token);
		scope_auth->direct_failed = true;
		if (!chosen || chosen->scheme == CHALLENGE_BASIC || !chosen->realm)
			host_assume_bearer(scope_auth->host);
		else
			host_learn_bearer(scope_auth->host, chosen);
		return true;
	}
	if (!chosen)
		return false;
	if (chosen->scheme == CHALLENGE_BASIC)
		return handle_basic(scope_auth, request);
	return handle_bearer(scope_auth, request, chosen);
}

static void
forget(struct authorizer *authorizer, struct request *request)
{
	struct scope_auth *scope_auth = (struct scope_auth *)authorizer;

	(void)waiters_remove(&scope_auth->parked, request);
	(void)waiters_remove(&scope_auth->failed, request);
}

static const struct authorizer_ops scope_auth_ops = {
	.authorize = authorize,
	.challenged = challenged,
	.was_guess = was_direct,
	.forget = forget,
};

struct scope_auth *
scope_auth_new(struct host *host, const char *scopes)
{
	struct scope_auth *scope_auth = XNEW(struct scope_auth);

	scope_auth->authorizer.ops = &scope_auth_ops;
	scope_auth->host = host;
	scope_auth->token = (struct scope_token){ .host = host, .wanted = xstrdup(scopes) };
	(void)scope_add(&scope_auth->token.scopes, scopes);
	return scope_auth;
}

void
scope_auth_free(struct scope_auth *scope_auth)
{
	if (!scope_auth)
		return;
	token_fetch_free(scope_auth->fetch);
	waiters_free(scope_auth->parked);
	waiters_free(scope_auth->failed);
	error_free(scope_auth->failure);
	strings_release(&scope_auth->token.scopes);
	secret_free(scope_auth->token.header);
	free(scope_auth->token.wanted);
	scope_auth->token = (struct scope_token){ .host = NULL };
	free(scope_auth);
}

void
scope_auth_allow_direct(struct scope_auth *scope_auth, bool allowed)
{
	scope_auth->allows_direct = allowed;
}

void
scope_auth_settle(struct scope_auth *scope_auth, const struct request *request)
{
	if (request_failed_guess(request) && request_status(request) == 200)
		host_refuse_direct(scope_auth->host);
}

const char *
scope_auth_scopes(const struct scope_auth *scope_auth)
{
	return scope_auth->token.wanted;
}

struct authorizer *
scope_auth_authorizer(struct scope_auth *scope_auth)
{
	return &scope_auth->authorizer;
}

bool
scope_auth_reconsider(struct scope_auth *scope_auth, const struct request *request)
{
	AUTO_CHALLENGES struct challenges challenges = { 0 };
	const struct challenge *chosen;
	int status = request_status(request);

	if (!scope_auth->token.header || (status != 401 && status != 403))
		return false;
	if (status == 403 && scope_auth->token.is_kept) {
		scope_token_drop(&scope_auth->token);
		return true;
	}
	chosen = read_challenge(request, &challenges);
	if (!chosen || !chosen->scope || !challenge_lacks_scope(chosen) ||
	    !scope_add_asked(&scope_auth->token.scopes, chosen->scope))
		return false;
	scope_token_drop(&scope_auth->token);
	return true;
}
