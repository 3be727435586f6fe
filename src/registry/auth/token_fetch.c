/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/auth/token_fetch.h"

#include <string.h>

#include <curl/curl.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/observer.h"
#include "base/secret.h"
#include "base/strings.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "http/engine.h"
#include "http/origin.h"
#include "http/request.h"
#include "registry/auth/ci_login.h"
#include "registry/auth/realm.h"
#include "registry/auth/token_answer.h"
#include "registry/auth/token_scope.h"
#include "registry/host.h"
#include "registry/problem.h"
#include "registry/registry.h"
#include "stream/source.h"

/* The OAuth2 client_id of our refresh tokens. */
static const char client_id[] = "ocifp";

struct token_fetch {
	struct host *host;
	struct request *request;
	token_done *done;
	void *context;
	char *url;
	char *authorization; /* "Authorization: Basic ..."; NULL: none */
	char *form;          /* what is posted; NULL: a GET */
	struct source source;
	char *credential_source; /* NULL: anonymous */
	bool is_for_push;
};

static int
read_answer(struct token_fetch *fetch, struct token_answer *ret_answer, struct error **err)
{
	struct error *failure = request_take_error(fetch->request);
	const struct buf *body = request_body(fetch->request);

	if (failure) {
		/* An answer past the size limit is a refusal. */
		AUTO_ERROR struct error *owned = failure;

		if (!error_is(failure, ERROR_CONTENT)) {
			error_pass(err, TAKE_PTR(owned));
			return error_wrap(err, "cannot get a token for '%s'", fetch->host->name);
		}
		return error_set(err, ERROR_DENIED, "cannot get a token for '%s': %s",
				 fetch->host->name, error_text(owned));
	}
	if (request_status(fetch->request) != 200) {
		AUTO_PROBLEM struct problem problem = { 0 };
		struct problem_context context = {
			.host = fetch->host->name,
			.credential_source = fetch->credential_source,
			.for_push = fetch->is_for_push,
		};

		problem_read(fetch->request, &problem);
		problem_set_error(&problem, &context, err);
		return error_wrap(err, "cannot get a token");
	}
	if (token_answer_parse(body->data, body->size, ret_answer, err) < 0) {
		request_explain_content(fetch->request, err);
		return error_wrap(err, "cannot get a token for '%s'", fetch->host->name);
	}
	return 0;
}

static void
on_answer(void *context, struct request *request)
{
	struct token_fetch *fetch = context;
	AUTO_TOKEN_ANSWER struct token_answer answer = { 0 };
	struct error *failure = NULL;

	(void)request;
	if (read_answer(fetch, &answer, &failure) < 0)
		fetch->done(fetch->context, NULL, failure);
	else
		fetch->done(fetch->context, &answer, NULL);
}

static void
add_field(char **form, const char *name, const char *value)
{
	AUTO_SECRET char *before = *form;
	char *theirs = curl_easy_escape(NULL, value, 0);
	AUTO_SECRET char *escaped = xstrdup(theirs ? theirs : "");

	curl_free(theirs);
	*form = xasprintf("%s%s%s=%s", before ? before : "", before ? "&" : "", name, escaped);
}

static char *
make_form(const struct token_wish *wish)
{
	AUTO_FREE char *scope = scope_join(wish->scopes);
	char *form = NULL;

	add_field(&form, "grant_type", "refresh_token");
	if (wish->host->service)
		add_field(&form, "service", wish->host->service);
	add_field(&form, "client_id", client_id);
	if (*scope)
		add_field(&form, "scope", scope);
	add_field(&form, "refresh_token", wish->credential->identity_token);
	return form;
}

static int
add_query(char **url, const char *name, const char *value, struct error **err)
{
	char *longer = url_add_query(*url, name, value, err);

	if (!longer)
		return -1;
	free(*url);
	*url = longer;
	return 0;
}

static char *
make_url(const struct token_wish *wish, struct error **err)
{
	AUTO_FREE char *url = xstrdup(wish->host->realm);

	if (wish->host->service && add_query(&url, "service", wish->host->service, err) < 0)
		return NULL;
	for (size_t i = 0; i < wish->scopes->count; i++)
		if (add_query(&url, "scope", wish->scopes->items[i], err) < 0)
			return NULL;
	return TAKE_PTR(url);
}

/* Warns once that the credential is not sent. */
static void
tell_of_realm(struct host *host)
{
	AUTO_FREE char *realm = text_quote_url(host->realm);

	if (host->told_of_realm)
		return;
	host->told_of_realm = true;
	observer_tell(engine_observer(host->engine), EVENT_NOTICE,
		      "the credentials for '%s' are not sent to its token server '%s' on another "
		      "host; use --trust-realm HOST to allow it",
		      host->name, realm);
}

/* The credential, if the realm may get it. */
static int
choose_credential(const struct token_wish *wish, const struct credential **ret_credential,
		  struct error **err)
{
	struct realm_rules rules = {
		.registry = &wish->host->origin,
		.trusted = wish->host->options->trust_realms,
		.plain_http = wish->host->is_plain,
	};
	AUTO_ORIGIN struct origin realm = { 0 };
	enum realm_trust trust;

	if (realm_judge(&rules, wish->host->realm, &trust, err) < 0 ||
	    origin_parse(wish->host->realm, &realm, err) < 0)
		return error_wrap(err, "'%s'", wish->host->name);
	if (ci_login_trusts(wish->host->name, &realm))
		trust = REALM_TRUSTED;
	*ret_credential = trust == REALM_TRUSTED ? wish->credential : NULL;
	if (wish->credential && trust != REALM_TRUSTED)
		tell_of_realm(wish->host);
	return 0;
}

static int
prepare(struct token_fetch *fetch, const struct token_wish *wish, struct error **err)
{
	const struct credential *credential = wish->credential;
	AUTO_SECRET char *basic = NULL;

	if (credential)
		fetch->credential_source = xstrdup(credential->source);
	if (credential && credential->identity_token) {
		fetch->url = xstrdup(wish->host->realm);
		fetch->form = make_form(wish);
		fetch->source = source_of_bytes(fetch->form, strlen(fetch->form));
		return 0;
	}
	if (credential) {
		basic = secret_basic(credential->username, credential->password);
		fetch->authorization = xasprintf("Authorization: %s", basic);
	}
	fetch->url = make_url(wish, err);
	return fetch->url ? 0 : -1;
}

static int
start_request(struct token_fetch *fetch, bool is_single, struct error **err)
{
	const char *const headers[] = { fetch->authorization, NULL };
	struct request_options options = {
		.method = fetch->form ? HTTP_POST : HTTP_GET,
		.url = fetch->url,
		.named_by = fetch->host->url,
		.accept = "application/json",
		.content_type = fetch->form ? "application/x-www-form-urlencoded" : NULL,
		.headers = headers,
		.source = fetch->form ? &fetch->source : NULL,
		.body_limit_bytes = TOKEN_LIMIT_BYTES,
		.flags = REQUEST_NO_REDIRECT | (is_single ? REQUEST_NO_RETRY : 0) |
			 (fetch->host->is_mirror ? REQUEST_IMPATIENT : 0),
	};

	fetch->request = request_start(fetch->host->engine, &options, on_answer, fetch, err);
	return fetch->request ? 0 : -1;
}

struct token_fetch *
token_fetch_start(const struct token_wish *wish, token_done *done, void *context,
		  struct error **err)
{
	AUTO_TOKEN_FETCH struct token_fetch *fetch = XNEW(struct token_fetch);
	struct token_wish allowed = *wish;

	fetch->host = wish->host;
	fetch->done = done;
	fetch->context = context;
	fetch->is_for_push = wish->scopes->count > 0 && !scope_is_pull(wish->scopes);
	if (choose_credential(wish, &allowed.credential, err) < 0 ||
	    prepare(fetch, &allowed, err) < 0 || start_request(fetch, wish->is_single, err) < 0)
		return NULL;
	return TAKE_PTR(fetch);
}

void
token_fetch_free(struct token_fetch *fetch)
{
	if (!fetch)
		return;
	request_free(fetch->request);
	free(fetch->url);
	free(fetch->credential_source);
	secret_free(fetch->authorization);
	secret_free(fetch->form);
	free(fetch);
}
