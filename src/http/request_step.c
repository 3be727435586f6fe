#include <inttypes.h>

#include "base/cleanup.h"
#include "base/deadline.h"
#include "base/error.h"
#include "base/observer.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "http/curl_compat.h"
#include "http/engine_private.h"
#include "http/origin.h"
#include "http/pace.h"
#include "http/request_private.h"

void
request_send_or_end(struct request *request)
{
	struct error *error = NULL;

	if (request_send(request, &error) < 0)
		request_end(request, error);
}

static void
begin_attempt(struct request *request)
{
	retry_count_attempt(&request->tally);
	request->needs_attempt = false;
	request->redirects = 0;
	request->has_left_origin = false;
	request->has_answered_challenge = false;
	request->is_paced = false;
	free(request->hop_url);
	request->hop_url = xstrdup(request->url);
}

static enum authorization
authorize(struct request *request, struct error **err)
{
	AUTO_FREE char *header = NULL;
	enum authorization result;

	if (!request->authorizer)
		return AUTHORIZATION_READY;
	result = request->authorizer->ops->authorize(request->authorizer, request, &header, err);
	if (result != AUTHORIZATION_READY)
		return result;
	if (header && !text_is_printable_ascii(header)) {
		error_set(err, ERROR_DENIED, "the credentials hold control characters");
		return AUTHORIZATION_REFUSED;
	}
	free(request->authorization);
	request->authorization = TAKE_PTR(header);
	return AUTHORIZATION_READY;
}

void
request_end_with(struct request *request, struct error *error)
{
	AUTO_FREE char *url = text_quote_url(request->hop_url ? request->hop_url : request->url);

	if (error_is(error, ERROR_CONTENT))
		request_explain_content(request, &error);
	error_wrap(&error, "%s '%s'", request_method_name(request), url);
	request_end(request, error);
}

void
request_end_body(struct request *request)
{
	struct error *error = NULL;

	if (body_end(request->body, &error) < 0)
		request_end_with(request, error);
	else
		request_end(request, NULL);
}

static void
end_timed_out(struct request *request)
{
	AUTO_FREE char *url = text_quote_url(request->url);
	struct error *error = NULL;

	if (request->state == REQUEST_PARKED)
		request->authorizer->ops->forget(request->authorizer, request);
	error_set(&error, ERROR_TIMEOUT, "the time given was over before '%s' had answered", url);
	request_end(request, error);
}

/* False: later. */
static bool
has_its_turn(struct request *request)
{
	int64_t now_ms = deadline_now_ms();

	if (!request->pace || request->is_paced || request_is_read(request))
		return true;
	request->is_paced = true;
	request->not_before_ms = pace_take(request->pace, now_ms);
	if (request->not_before_ms <= now_ms)
		return true;
	observer_tell(request->engine->observer, EVENT_TRACE,
		      "as many writes as a registry takes: the next one in %" PRId64 " ms",
		      request->not_before_ms - now_ms);
	return false;
}

void
request_advance(struct request *request)
{
	struct error *error = NULL;

	if (request->engine->deadline_ms <= deadline_now_ms()) {
		end_timed_out(request);
		return;
	}
	if (request->body && body_is_complete(request->body)) {
		request_end_body(request);
		return;
	}
	if (request->needs_attempt)
		begin_attempt(request);
	if (!has_its_turn(request))
		return;
	switch (authorize(request, &error)) {
	case AUTHORIZATION_READY:
		request_send_or_end(request);
		break;
	case AUTHORIZATION_PARKED:
		request->state = REQUEST_PARKED;
		break;
	case AUTHORIZATION_REFUSED:
		request_end(request, error);
		break;
	}
}

bool
request_repeat_later(struct request *request, int64_t asked_ms, const char *why)
{
	struct engine *engine = request->engine;
	AUTO_FREE char *url = text_quote_url(request->url);
	int64_t delay_ms = retry_delay_ms(&request->tally, engine->backoff_first_ms, asked_ms,
					  engine_random(engine));

	if (delay_ms < 0)
		return false;
	request->needs_attempt = true;
	request->state = REQUEST_DUE;
	request->not_before_ms = deadline_after_ms(delay_ms);
	observer_tell(engine->observer, EVENT_RETRY, "%s %s: %s; again in %" PRId64 " ms",
		      request_method_name(request), url, QUOTED(why), delay_ms);
	return true;
}

void
request_repeat_now(struct request *request)
{
	request->state = REQUEST_DUE;
	request->not_before_ms = 0;
}

static void
end_blocked(struct request *request)
{
	struct error *error = NULL;

	error_set(&error, ERROR_UNAVAILABLE, "an answer from outside led to an internal address");
	error_set_class(&error, "ssrf");
	request_end_with(request, error);
}

/* By the address where it was reached, which for a name only libcurl knows. */
static enum address_scope
scope_of_hop(const struct request *request)
{
	AUTO_ORIGIN struct origin origin = { 0 };
	AUTO_ERROR struct error *ignored = NULL;
	enum address_scope scope = ADDRESS_PUBLIC;
	const char *address = NULL;

	if (origin_parse(request->hop_url, &origin, &ignored) == 0)
		scope = address_scope_of_host(origin.host);
	if (scope != ADDRESS_PUBLIC || request_used_proxy(request))
		return scope;
	curl_easy_getinfo(request->easy, CURLINFO_PRIMARY_IP, &address);
	return address && *address ? address_scope_of_host(address) : scope;
}

static void
note_answer(struct request *request)
{
	AUTO_FREE char *url = text_quote_url(request->hop_url);
	struct hop *hop = &request->hop;
	AUTO_FREE char *what = hop->status ? xasprintf("%d", hop->status) : xstrdup("no answer");

	curl_easy_getinfo(request->easy, CURLINFO_HTTP_CONNECTCODE, &hop->proxy_status);
	curl_easy_getinfo(request->easy, CURLINFO_HTTP_VERSION, &hop->http_version);
	hop->scope = scope_of_hop(request);
	observer_tell(request->engine->observer, EVENT_TRACE, "%s %s: %s in %" PRId64 " ms",
		      request_method_name(request), url, what,
		      deadline_now_ms() - request->sent_ms);
}

/* A host that the registry sends us to speaks for nobody. */
static void
tell_warnings(struct request *request)
{
	AUTO_ORIGIN struct origin origin = { 0 };
	AUTO_ERROR struct error *ignored = NULL;
	const char *header;

	if (request->has_left_origin || origin_parse(request->hop_url, &origin, &ignored) < 0)
		return;
	for (size_t i = 0; (header = request_header_at(request, "warning", i)); i++) {
		AUTO_FREE char *text = warnings_take(&request->engine->warnings, header);
		AUTO_FREE char *shown = text ? text_quote_string(text) : NULL;

		if (shown)
			observer_tell(request->engine->observer, EVENT_NOTICE, "'%s' warns: %s",
				      origin.host, shown);
	}
}

void
request_conclude_hop(struct request *request, CURLcode result)
{
	note_answer(request);
	tell_warnings(request);
	request_unsend(request);
	if (request->hop.was_blocked && result == CURLE_COULDNT_CONNECT)
		end_blocked(request);
	else if (request->hop.error)
		request_end_with(request, TAKE_PTR(request->hop.error));
	else if (result != CURLE_OK && !request->hop.has_enough)
		request_judge_failure(request, result);
	else
		request_judge_answer(request);
}
