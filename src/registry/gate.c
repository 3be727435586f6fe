#include "registry/gate.h"

#include "base/error.h"
#include "base/xalloc.h"
#include "http/challenge.h"
#include "http/request.h"
#include "registry/gate_token.h"
#include "registry/host.h"
#include "registry/scope.h"
#include "registry/secret.h"
#include "registry/token_fetch.h"
#include "registry/waiters.h"

struct gate {
	struct authorizer authorizer;
	struct host *host;
	struct gate_token token;
	struct token_fetch *fetch; /* NULL: none under way */
	struct waiter *parked;
	struct waiter *failed;  /* resumed after a failed fetch, not told yet */
	struct error *failure;  /* what they are told */
	bool is_refused;        /* for good: nobody is locked out by our asking again */
	bool fetches_anonymous; /* the fetch under way is without the credential */
	bool fetches_once;      /* ... is not retried */
};

/* The same failure again, for each who waited. */
static void
repeat_failure(const struct error *failure, struct error **err)
{
	error_set(err, error_kind(failure), "%s", error_text(failure));
	if (error_class(failure))
		error_set_class(err, error_class(failure));
	if (error_hint(failure))
		error_set_hint(err, "%s", error_hint(failure));
	error_set_remote(err, error_remote(failure));
}

/* The requests may take their next steps, and end, only after this has returned. */
static void
resume_all(struct gate *gate)
{
	struct waiter *parked = TAKE_PTR(gate->parked);

	for (struct waiter *waiter = parked; waiter; waiter = waiter->next)
		request_resume(waiter->request);
	waiters_free(parked);
}

static int start_fetch(struct gate *gate, bool is_single, struct error **err);

/* Takes the failure.  A request that may be retried does not fail because the token was asked for
 * once, for the sake of another one: it asks again. */
static void
settle_failure(struct gate *gate, struct error *failure)
{
	error_free(gate->failure);
	gate->failure = failure;
	gate->is_refused = error_is(failure, ERROR_DENIED);
	for (struct waiter *waiter = gate->parked; waiter; waiter = waiter->next)
		if (!gate->fetches_once || request_is_single(waiter->request))
			waiters_add(&gate->failed, waiter->request);
	resume_all(gate);
}

/* What an earlier run learned, or a token that nobody asked us for, is worth another try. */
static bool
may_try_otherwise(struct gate *gate, const struct error *failure)
{
	struct host *host = gate->host;

	if (host->scheme_is_kept && !error_is(failure, ERROR_DENIED)) {
		host_forget_kept(host);
		return true;
	}
	if (!error_is(failure, ERROR_DENIED) || gate->fetches_anonymous || !host->has_credential ||
	    host->credential.is_explicit || !scope_is_pull(&gate->token.scopes))
		return false;
	host_drop_credential(host);
	return true;
}

static void
retry_otherwise(struct gate *gate)
{
	struct error *failure = NULL;

	if (gate->host->scheme != HOST_BEARER)
		resume_all(gate);
	else if (start_fetch(gate, gate->fetches_once, &failure) < 0)
		settle_failure(gate, failure);
}

static void
on_token(void *context, const struct token_answer *answer, struct error *failure)
{
	struct gate *gate = context;
	AUTO_TOKEN_FETCH struct token_fetch *fetch = TAKE_PTR(gate->fetch);
	AUTO_ERROR struct error *owned = failure;

	if (answer) {
		gate_token_take(&gate->token, answer);
		resume_all(gate);
	} else if (may_try_otherwise(gate, failure)) {
		retry_otherwise(gate);
	} else {
		settle_failure(gate, TAKE_PTR(owned));
	}
}

static int
start_fetch(struct gate *gate, bool is_single, struct error **err)
{
	struct token_wish wish = {
		.host = gate->host,
		.scopes = &gate->token.scopes,
		.is_single = is_single,
	};

	if (host_credential(gate->host, &wish.credential, err) < 0)
		return -1;
	gate->fetches_anonymous = !wish.credential;
	gate->fetches_once = is_single;
	gate->fetch = token_fetch_start(&wish, on_token, gate, err);
	return gate->fetch ? 0 : -1;
}

static enum authorization
authorize_bearer(struct gate *gate, struct request *request, const struct credential *credential,
		 char **ret_header, struct error **err)
{
	if (credential && credential->registry_token) {
		*ret_header = xasprintf("Authorization: Bearer %s", credential->registry_token);
		return AUTHORIZATION_READY;
	}
	gate_token_recall(&gate->token);
	if (gate_token_is_good(&gate->token)) {
		gate_token_note_use(&gate->token, request);
		*ret_header = xstrdup(gate->token.header);
		return AUTHORIZATION_READY;
	}
	if (!gate->fetch && start_fetch(gate, request_is_single(request), err) < 0)
		return AUTHORIZATION_REFUSED;
	waiters_add(&gate->parked, request);
	return AUTHORIZATION_PARKED;
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
	struct gate *gate = (struct gate *)authorizer;
	const struct credential *credential;

	if (waiters_remove(&gate->failed, request) || gate->is_refused) {
		repeat_failure(gate->failure, err);
		return AUTHORIZATION_REFUSED;
	}
	if (host_credential(gate->host, &credential, err) < 0)
		return AUTHORIZATION_REFUSED;
	host_recall(gate->host);
	if (gate->host->scheme == HOST_BEARER)
		return authorize_bearer(gate, request, credential, ret_header, err);
	*ret_header = NULL;
	if (gate->host->scheme == HOST_BASIC)
		authorize_basic(credential, ret_header);
	return AUTHORIZATION_READY;
}

/* A password that was sent and refused is not sent again. */
static bool
meet_basic(struct gate *gate, const struct request *request)
{
	struct host *host = gate->host;
	bool was_sent = host->scheme == HOST_BASIC && request_was_authorized(request);

	host_learn_basic(host);
	return !was_sent && host->has_credential && host->credential.username;
}

static bool
meet_bearer(struct gate *gate, const struct request *request, const struct challenge *challenge)
{
	bool is_wider;

	if (!challenge->realm)
		return false;
	/* The user's own token was refused, and no other can be fetched in its place. */
	if (gate->host->has_credential && gate->host->credential.registry_token &&
	    request_was_authorized(request))
		return false;
	is_wider = challenge->scope && scope_add_asked(&gate->token.scopes, challenge->scope);
	if (gate->token.header && gate_token_was_used(&gate->token, request)) {
		/* The same token again would be refused again. */
		if (!is_wider && !gate->token.is_kept && challenge_lacks_scope(challenge))
			return false;
		gate_token_drop(&gate->token);
	}
	host_learn_bearer(gate->host, challenge);
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
challenged(struct authorizer *authorizer, struct request *request)
{
	struct gate *gate = (struct gate *)authorizer;
	AUTO_CHALLENGES struct challenges challenges = { 0 };
	const struct challenge *chosen = read_challenge(request, &challenges);

	if (!chosen)
		return false;
	if (chosen->scheme == CHALLENGE_BASIC)
		return meet_basic(gate, request);
	return meet_bearer(gate, request, chosen);
}

static void
forget(struct authorizer *authorizer, struct request *request)
{
	struct gate *gate = (struct gate *)authorizer;

	(void)waiters_remove(&gate->parked, request);
	(void)waiters_remove(&gate->failed, request);
}

static const struct authorizer_ops gate_ops = {
	.authorize = authorize,
	.challenged = challenged,
	.forget = forget,
};

struct gate *
gate_new(struct host *host, const char *scopes)
{
	struct gate *gate = XNEW(struct gate);

	gate->authorizer.ops = &gate_ops;
	gate->host = host;
	gate_token_init(&gate->token, host, scopes);
	return gate;
}

void
gate_free(struct gate *gate)
{
	if (!gate)
		return;
	token_fetch_free(gate->fetch);
	waiters_free(gate->parked);
	waiters_free(gate->failed);
	error_free(gate->failure);
	gate_token_release(&gate->token);
	free(gate);
}

const char *
gate_scopes(const struct gate *gate)
{
	return gate->token.wanted;
}

struct authorizer *
gate_authorizer(struct gate *gate)
{
	return &gate->authorizer;
}

bool
gate_reconsider(struct gate *gate, const struct request *request)
{
	AUTO_CHALLENGES struct challenges challenges = { 0 };
	const struct challenge *chosen;
	int status = request_status(request);

	if (!gate->token.header || (status != 401 && status != 403))
		return false;
	if (status == 403 && gate->token.is_kept) {
		gate_token_drop(&gate->token);
		return true;
	}
	chosen = read_challenge(request, &challenges);
	if (!chosen || !chosen->scope || !challenge_lacks_scope(chosen) ||
	    !scope_add_asked(&gate->token.scopes, chosen->scope))
		return false;
	gate_token_drop(&gate->token);
	return true;
}
