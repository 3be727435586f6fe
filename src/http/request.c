/* SPDX-License-Identifier: Apache-2.0 */
#include "http/request.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/deadline.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/observer.h"
#include "base/text.h"
#include "base/trace.h"
#include "base/xalloc.h"
#include "http/address.h"
#include "http/challenge.h"
#include "http/curl_compat.h"
#include "http/engine.h"
#include "http/failure.h"
#include "http/headers.h"
#include "http/origin.h"
#include "http/pace.h"
#include "http/request_private.h"
#include "stream/source.h"

static void
link_request(struct request *request)
{
	struct engine *engine = request->engine;

	request->next = engine->requests;
	if (request->next)
		request->next->previous = request;
	engine->requests = request;
	engine->request_count++;
}

static void
unlink_request(struct request *request)
{
	struct engine *engine = request->engine;

	if (request->next)
		request->next->previous = request->previous;
	if (request->previous)
		request->previous->next = request->next;
	else
		engine->requests = request->next;
	request->next = request->previous = NULL;
	engine->request_count--;
}

static void
copy_options(struct request *request, const struct request_options *options)
{
	request->method = options->method;
	request->flags = options->flags;
	request->avoids_reuse = options->flags & REQUEST_NEW_CONNECTION;
	request->url = xstrdup(options->url);
	request->accept = xstrdup_null(options->accept);
	request->content_type = xstrdup_null(options->content_type);
	request->blob = xstrdup_null(options->blob);
	for (const char *const *header = options->headers; header && *header; header++)
		strings_add(&request->extra_headers, *header);
	request->source = options->source;
	request->source_first = options->source_first;
	request->source_end = options->source_end;
	if (options->source && options->source_first == 0 && options->source_end == 0)
		request->source_end = options->source->size_bytes;
	request->body = options->body;
	request->body_limit_bytes =
		options->body_limit_bytes ? options->body_limit_bytes : MANIFEST_LIMIT_BYTES;
	request->authorizer = options->authorizer;
	request->pace = options->pace;
	request->moved_bytes = options->moved_bytes;
	if (options->landing) {
		request->landing = *options->landing;
		request->landing.url = xstrdup(options->landing->url);
	}
	if (options->delay_ms > 0)
		request->not_before_ms = deadline_after_ms(options->delay_ms);
}

/* A line break in a value would start another header. */
static int
check_header_values(const struct request *request, struct error **err)
{
	bool are_fit = (!request->accept || text_is_printable_ascii(request->accept)) &&
		       (!request->content_type || text_is_printable_ascii(request->content_type));

	for (size_t i = 0; i < request->extra_headers.count; i++)
		are_fit = are_fit && text_is_printable_ascii(request->extra_headers.items[i]);
	if (!are_fit)
		return error_set(err, ERROR_FAILURE,
				 "invalid request header: expected printable ASCII");
	return 0;
}

static int
check_scheme(const struct engine *engine, const struct origin *from, const struct origin *to,
	     struct error **err)
{
	AUTO_FREE char *host_and_port = xasprintf("%s:%s", to->host, to->port);

	if (strcmp(to->scheme, "https") == 0)
		return 0;
	if (from && strcmp(from->scheme, "https") == 0) {
		error_set(err, ERROR_UNAVAILABLE,
			  "cannot follow a redirect from https to plain http on '%s'",
			  QUOTED(host_and_port));
		return error_set_class(err, CLASS_PROTOCOL);
	}
	if (engine_allows_plain_http(engine, host_and_port))
		return 0;
	error_set(err, ERROR_UNAVAILABLE, "cannot use plain http to '%s'", QUOTED(host_and_port));
	error_set_hint(err, "use --plain-http HOST to allow it");
	return error_set_class(err, CLASS_PROTOCOL);
}

static int
check_address(enum address_scope from, const struct origin *to, struct error **err)
{
	if (address_may_lead(from, address_scope_of_host(to->host)))
		return 0;
	error_set(err, ERROR_UNAVAILABLE,
		  "cannot follow an answer from outside to the internal address '%s'",
		  QUOTED(to->host));
	return error_set_class(err, CLASS_SSRF);
}

static int
check_named_by(const struct request *request, const char *named_by, struct error **err)
{
	AUTO_ORIGIN struct origin from = { 0 };

	if (check_scheme(request->engine, NULL, &request->origin, err) < 0)
		return -1;
	if (!named_by)
		return 0;
	if (origin_parse(named_by, &from, err) < 0)
		return -1;
	return check_address(address_scope_of_host(from.host), &request->origin, err);
}

struct request *
request_start(struct engine *engine, const struct request_options *options, request_done *done,
	      void *context, struct error **err)
{
	struct request *request = XNEW(struct request);

	request->engine = engine;
	request->done = done;
	request->context = context;
	request->needs_attempt = true;
	request->started_ms = deadline_now_ms();
	request->trace_idle_us = trace_now_us();
	copy_options(request, options);
	if (origin_parse(request->url, &request->origin, err) < 0 ||
	    check_named_by(request, options->named_by, err) < 0 ||
	    check_header_values(request, err) < 0) {
		request_bury(request);
		return NULL;
	}
	link_request(request);
	return request;
}

struct request *
request_perform(struct engine *engine, const struct request_options *options, struct error **err)
{
	AUTO_REQUEST struct request *request = request_start(engine, options, NULL, NULL, err);
	struct error *error;

	if (!request || engine_wait(engine, request, err) < 0)
		return NULL;
	error = request_take_error(request);
	if (error) {
		error_pass(err, error);
		return NULL;
	}
	return TAKE_PTR(request);
}

static void
end(struct request *request, struct error *error)
{
	hop_stop(request);
	unlink_request(request);
	curl_easy_cleanup(request->easy); /* frees its buffers; the answer may be kept for long */
	request->easy = NULL;
	request->state = REQUEST_ENDED;
	request->error = error;
	if (request->done)
		request->done(request->context, request);
}

void
request_bury(struct request *request)
{
	hop_stop(request);
	curl_easy_cleanup(request->easy);
	headers_release(&request->hop.headers);
	error_free(request->hop.error);
	error_free(request->error);
	buf_release(&request->answer);
	origin_release(&request->origin);
	strings_release(&request->extra_headers);
	free(request->url);
	free(request->hop_url);
	landing_release(&request->landing);
	free(request->accept);
	free(request->content_type);
	free(request->blob);
	free(request->authorization);
	free(request);
}

void
request_free(struct request *request)
{
	struct engine *engine;

	if (!request)
		return;
	engine = request->engine;
	if (request->state == REQUEST_PARKED)
		request->authorizer->ops->forget(request->authorizer, request);
	if (request->state != REQUEST_ENDED)
		unlink_request(request);
	if (!engine->is_in_libcurl) {
		request_bury(request);
		return;
	}
	request->is_doomed = true;
	request->next = engine->doomed;
	engine->doomed = request;
}

void
request_resume(struct request *request)
{
	if (request->state != REQUEST_PARKED)
		return;
	request->state = REQUEST_DUE;
	request->not_before_ms = 0;
}

bool
request_is_read(const struct request *request)
{
	return request->method == HTTP_GET || request->method == HTTP_HEAD;
}

const char *
request_method_name(const struct request *request)
{
	static const char *const names[] = {
		[HTTP_GET] = "GET", [HTTP_HEAD] = "HEAD",   [HTTP_POST] = "POST",
		[HTTP_PUT] = "PUT", [HTTP_PATCH] = "PATCH", [HTTP_DELETE] = "DELETE",
	};

	return names[request->method];
}

static void
send_or_end(struct request *request)
{
	struct error *error = NULL;

	if (hop_start(request, &error) < 0)
		end(request, error);
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
		error_set(err, ERROR_DENIED, "invalid credentials: expected printable ASCII");
		return AUTHORIZATION_REFUSED;
	}
	free(request->authorization);
	request->authorization = TAKE_PTR(header);
	return AUTHORIZATION_READY;
}

static void
end_with_context(struct request *request, struct error *error)
{
	AUTO_FREE char *url = text_quote_url(request->hop_url ? request->hop_url : request->url);

	if (error_is(error, ERROR_CONTENT))
		request_explain_content(request, &error);
	error_wrap(&error, "%s '%s'", request_method_name(request), url);
	end(request, error);
}

static void
end_body(struct request *request)
{
	struct error *error = NULL;

	if (body_end(request->body, &error) < 0)
		end_with_context(request, error);
	else
		end(request, NULL);
}

/* Keeps writes below the registry's rate limit.  False: not_before_ms says when to write. */
static bool
may_write_now(struct request *request)
{
	int64_t now_ms = deadline_now_ms();
	AUTO_FREE char *text = NULL;
	int64_t wait_ms;

	if (!request->pace || request->is_paced || request_is_read(request))
		return true;
	request->is_paced = true;
	request->not_before_ms = pace_take(request->pace, now_ms);
	if (request->not_before_ms <= now_ms)
		return true;
	wait_ms = request->not_before_ms - now_ms;
	text = xasprintf("write rate limit: next write in %" PRId64 " ms", wait_ms);
	observer_hear(request->engine->observer,
		      &(struct event){ .kind = EVENT_TRACE, .text = text, .ms = wait_ms });
	return false;
}

void
request_advance(struct request *request)
{
	struct error *error = NULL;

	if (request->engine->deadline_ms <= deadline_now_ms()) {
		AUTO_FREE char *url = text_quote_url(request->url);

		if (request->state == REQUEST_PARKED)
			request->authorizer->ops->forget(request->authorizer, request);
		error_set(&error, ERROR_TIMEOUT, "timed out waiting for '%s'", url);
		end(request, error);
		return;
	}
	if (request->body && body_is_complete(request->body)) {
		end_body(request);
		return;
	}
	if (request->needs_attempt) {
		retry_count_attempt(&request->tally);
		request->needs_attempt = false;
		request->redirects = request->landing.redirects;
		request->has_left_origin = request->landing.has_left_origin;
		request->from_scope = request->landing.from_scope;
		request->has_answered_challenge = false;
		request->is_paced = false;
		free(request->hop_url);
		request->hop_url =
			xstrdup(request->landing.url ? request->landing.url : request->url);
	}
	if (!may_write_now(request))
		return;
	switch (authorize(request, &error)) {
	case AUTHORIZATION_READY:
		send_or_end(request);
		break;
	case AUTHORIZATION_PARKED:
		request->state = REQUEST_PARKED;
		break;
	case AUTHORIZATION_REFUSED:
		end(request, error);
		break;
	}
}

static int64_t
own_delay_ms(const struct request *request, int64_t asked_ms)
{
	struct engine *engine = request->engine;

	return retry_delay_ms(&request->tally, engine->backoff_first_ms, asked_ms,
			      engine_random(engine));
}

/* `delay_ms` -1: not at all. */
static bool
repeat_later(struct request *request, int64_t delay_ms, const char *why)
{
	AUTO_FREE char *url = text_quote_url(request->url);
	AUTO_FREE char *text = NULL;

	if (delay_ms < 0)
		return false;
	request->needs_attempt = true;
	request->state = REQUEST_DUE;
	request->not_before_ms = deadline_after_ms(delay_ms);
	text = xasprintf("%s %s: %s", request_method_name(request), url, QUOTED(why));
	observer_retry(request->engine->observer, text, delay_ms);
	return true;
}

/* A name's scope is that of the address which libcurl connected to. */
static enum address_scope
scope_of_hop(const struct request *request)
{
	AUTO_ORIGIN struct origin origin = { 0 };
	AUTO_ERROR struct error *ignored = NULL;
	enum address_scope scope = ADDRESS_PUBLIC;
	const char *address = NULL;

	if (origin_parse(request->hop_url, &origin, &ignored) == 0)
		scope = address_scope_of_host(origin.host);
	if (scope != ADDRESS_PUBLIC || hop_used_proxy(request))
		return scope;
	curl_easy_getinfo(request->easy, CURLINFO_PRIMARY_IP, &address);
	return address && *address ? address_scope_of_host(address) : scope;
}

/* Warnings of a host that the registry redirected to are ignored. */
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

		if (text)
			observer_tell(request->engine->observer, EVENT_NOTICE, "'%s' warns: %s",
				      origin.host, QUOTED(text));
	}
}

char *
request_tries(const struct request *request)
{
	AUTO_FREE char *time = text_time(deadline_now_ms() - request->started_ms);
	unsigned repeats = request->tally.repeats + request->tally.put_offs;

	if (repeats == 0)
		return xstrdup("");
	return xasprintf(", tried %u times in %s", repeats + 1, time);
}

static void
end_failed(struct request *request, const struct failure *failure)
{
	struct error *error = NULL;

	(void)failure_set(failure, &error);
	request->hop.status = 0;
	end(request, error);
}

/* The connection to a loopback address was refused, and no connection of this run has succeeded.
 * After one has, the server may be restarting: then the request is retried. */
static bool
nobody_listens(const struct request *request)
{
	long errnum = 0;

	curl_easy_getinfo(request->easy, CURLINFO_OS_ERRNO, &errnum);
	return errnum == ECONNREFUSED && request->hop.scope == ADDRESS_LOOPBACK &&
	       !request->engine->has_connected;
}

/* Why no connection was made: libcurl's message repeats the host and port, which the URL has. */
static bool
read_connect_errno(const struct request *request, CURLcode result, int *ret_errnum)
{
	long errnum = 0;

	if (result != CURLE_COULDNT_CONNECT ||
	    curl_easy_getinfo(request->easy, CURLINFO_OS_ERRNO, &errnum) != CURLE_OK || errnum == 0)
		return false;
	*ret_errnum = (int)errnum;
	return true;
}

static void
judge_failure(struct request *request, CURLcode result)
{
	AUTO_FREE char *tries = request_tries(request);
	struct failure failure = { .curl_code = (int)result,
				   .tries = tries,
				   .detail = request->hop.detail,
				   .url = request->hop_url,
				   .proxy_status = request->hop.proxy_status,
				   .used_proxy = hop_used_proxy(request),
				   .trusts_nobody = !request->engine->ca_file &&
						    !request->engine->ca_directory };
	struct errno_text refusal;
	const char *why;
	int errnum;
	bool is_no_http = result == CURLE_UNSUPPORTED_PROTOCOL ||
			  result == CURLE_WEIRD_SERVER_REPLY; /* libcurl 8.14's, on a reused one */
	long connects = 1;

	/* Through a proxy only libcurl's message tells where the connection failed. */
	if (!failure.used_proxy && read_connect_errno(request, result, &errnum)) {
		refusal = errno_text(errnum);
		failure.detail = refusal.text;
	}
	why = *failure.detail ? failure.detail : curl_easy_strerror(result);
	/* On a reused connection these bytes may be the rest of an earlier answer, for example the
	 * body of an answer to HEAD.  Only a new connection shows that the peer speaks no HTTP. */
	curl_easy_getinfo(request->easy, CURLINFO_NUM_CONNECTS, &connects);
	if (is_no_http && connects == 0)
		failure.curl_code = CURLE_RECV_ERROR;
	if (hop_feeds_body(request) && body_is_complete(request->body)) {
		end_body(request);
		return;
	}
	request->avoids_reuse = true;
	if (result == CURLE_HTTP2 || result == CURLE_HTTP2_STREAM)
		request->avoids_http2 = true;
	if (!(request->flags & REQUEST_NO_RETRY) && failure.proxy_status != 407 &&
	    retry_after_failure(&request->tally, failure.curl_code,
				failure_is_tls_refusal(&failure), nobody_listens(request)) &&
	    repeat_later(request, own_delay_ms(request, -1), why))
		return;
	end_failed(request, &failure);
}

/* RFC 9110, section 15.4. */
static int
redirect_to_location(struct request *request, struct error **err)
{
	AUTO_ORIGIN struct origin from = { 0 };
	AUTO_ORIGIN struct origin to = { 0 };
	AUTO_FREE char *target = NULL;

	if (request_header_count(request, "location") != 1) {
		AUTO_FREE char *url = text_quote_url(request->hop_url);

		error_set(err, ERROR_UNAVAILABLE,
			  "invalid redirect from '%s': expected one Location", url);
		return error_set_class(err, CLASS_PROTOCOL);
	}
	if (++request->redirects > REDIRECTS_LIMIT_COUNT) {
		error_set(err, ERROR_UNAVAILABLE, "more than %d redirects", REDIRECTS_LIMIT_COUNT);
		return error_set_class(err, CLASS_PROTOCOL);
	}
	target = url_resolve(request->hop_url, request_header(request, "location"), err);
	if (!target)
		return error_wrap(err, "cannot follow the redirect");
	if (origin_parse(request->hop_url, &from, err) < 0 || origin_parse(target, &to, err) < 0 ||
	    check_scheme(request->engine, &from, &to, err) < 0 ||
	    check_address(request->hop.scope, &to, err) < 0)
		return -1;
	request->from_scope = request->hop.scope;
	request->has_left_origin = request->has_left_origin || !origin_equal(&to, &request->origin);
	free(request->hop_url);
	request->hop_url = TAKE_PTR(target);
	return 0;
}

static bool
lacks_scope(const struct request *request)
{
	AUTO_CHALLENGES struct challenges challenges = { 0 };
	const struct challenge *chosen;
	const char *header;

	for (size_t i = 0; (header = request_header_at(request, "www-authenticate", i)); i++)
		challenges_parse(header, &challenges);
	chosen = challenges_choose(&challenges);
	return chosen && challenge_lacks_scope(chosen);
}

static int64_t
asked_delay_ms(const struct request *request)
{
	const char *header = request_header(request, "retry-after");
	int64_t delay_ms;

	if (header && retry_parse_header(header, time(NULL), &delay_ms))
		return delay_ms;
	if (request->answer.data && retry_parse_text(request->answer.data, &delay_ms))
		return delay_ms;
	return -1;
}

static bool
was_guess(const struct request *request)
{
	const struct authorizer *authorizer = request->authorizer;

	return authorizer->ops->was_guess && authorizer->ops->was_guess(authorizer, request);
}

static bool
refutes_guess(const struct request *request)
{
	int status = request->hop.status;

	return status == 401 || status == 403 || status == 404 ||
	       (status == 429 && asked_delay_ms(request) > GUESS_WAIT_MS);
}

/* True: the authorizer has other credentials to try. */
static bool
answer_challenge(struct request *request)
{
	int status = request->hop.status;
	bool is_guess;

	if (!request->authorizer || request->has_left_origin)
		return false;
	is_guess = was_guess(request);
	if (is_guess && !refutes_guess(request))
		return false;
	if (!is_guess && (request->has_answered_challenge ||
			  (status != 401 && (status != 403 || !lacks_scope(request)))))
		return false;
	if (is_guess)
		request->has_failed_guess = true;
	else
		request->has_answered_challenge = true;
	if (!request->authorizer->ops->challenged(request->authorizer, request))
		return false;
	request->was_challenged = request->was_challenged || is_guess || status == 401;
	request->redirects = 0;
	free(request->hop_url);
	request->hop_url = xstrdup(request->url);
	return true;
}

static bool
repeat_for_status(struct request *request)
{
	struct engine *engine = request->engine;
	int status = request->hop.status;
	int64_t asked_ms = asked_delay_ms(request);
	char why[] = "answer 000";

	(void)snprintf(why, sizeof(why), "answer %d", status);
	if (request->flags & REQUEST_NO_RETRY)
		return false;
	if (retry_is_put_off(status, asked_ms))
		return repeat_later(request,
				    retry_put_off_ms(&request->tally, &engine->load,
						     engine->backoff_first_ms, asked_ms,
						     engine_random(engine)),
				    why);
	if (!retry_after_status(&request->tally, status, request->has_left_origin))
		return false;
	if (status == 401 || status == 403)
		retry_count_expiry(&request->tally);
	return repeat_later(request, own_delay_ms(request, asked_ms), why);
}

static bool
has_wrong_part(const struct request *request)
{
	return request->hop.status == 206 && request->range_first > 0 && !request->hop.body_begun &&
	       !hop_has_right_part(request);
}

/* Some servers refuse ranges (416) or send the wrong one: ask for the whole content instead.  The
 * body skips the bytes that it has. */
static bool
repeat_without_range(struct request *request)
{
	bool is_refused = request->hop.status == 416 && request->range_first > 0;

	if ((!is_refused && !has_wrong_part(request)) || (request->flags & REQUEST_NO_RETRY) ||
	    !retry_has_attempt(&request->tally))
		return false;
	request->avoids_range = true;
	return repeat_later(request, own_delay_ms(request, 0),
			    is_refused ? "answer 416 to a range" : "wrong range");
}

static const char *
find_fault(const struct request *request)
{
	int status = request->hop.status;
	bool is_success = status >= 200 && status < 300;

	if (status < 200)
		return "no final status";
	if (status == 304 && request_is_read(request))
		return "304 to an unconditional request";
	if (status == 206 && request->range_first == 0)
		return "206 to a request without a range";
	if (has_wrong_part(request))
		return "wrong range";
	if (is_success && request->body && request->method == HTTP_GET && !hop_feeds_body(request))
		return "success without content";
	return NULL;
}

/* The body's answer has ended without an error of libcurl's; was it all of the body? */
static void
conclude_body(struct request *request)
{
	/* An HTTP/1 answer without a length ends with its connection and may have been cut. */
	bool is_delimited = request->hop.http_version >= CURL_HTTP_VERSION_2_0 ||
			    request_header(request, "content-length") ||
			    request_header(request, "transfer-encoding");
	struct error *error = NULL;
	struct body_range wanted;

	if (hop_begin_body(request, &error) < 0) {
		end_with_context(request, error);
		return;
	}
	wanted = body_wanted(request->body);
	if (wanted.end == 0 || wanted.first == wanted.end ||
	    (request->hop.status == 200 && is_delimited)) {
		end_body(request);
		return;
	}
	(void)snprintf(request->hop.detail, sizeof(request->hop.detail),
		       "the answer ended at byte %" PRIu64 " of %" PRIu64, wanted.first,
		       wanted.end);
	judge_failure(request, CURLE_PARTIAL_FILE);
}

static bool
is_redirect(int status, bool is_read)
{
	switch (status) {
	case 301:
	case 302:
	case 303:
		return is_read;
	case 307:
	case 308:
		return true;
	default:
		return false;
	}
}

static void
judge_answer(struct request *request)
{
	bool follows = !(request->flags & REQUEST_NO_REDIRECT) &&
		       is_redirect(request->hop.status, request_is_read(request));
	struct error *error = NULL;

	if (!retry_is_put_off(request->hop.status, asked_delay_ms(request)))
		retry_count_served(&request->engine->load);
	request->avoids_reuse = request->flags & REQUEST_NEW_CONNECTION;
	if (follows && redirect_to_location(request, &error) < 0)
		end_with_context(request, error);
	else if (follows)
		send_or_end(request);
	else if (answer_challenge(request))
		request->not_before_ms = 0; /* authorize and send again */
	else if (!repeat_for_status(request) && !repeat_without_range(request)) {
		struct failure proxy = { .detail = "",
					 .url = request->hop_url,
					 .proxy_status = 407 };
		const char *fault = find_fault(request);

		/* The answer is final: no redirect, challenge or retry follows. */
		if (request->hop.status == 407) {
			end_failed(request, &proxy);
		} else if (fault) {
			error_set(&error, ERROR_UNAVAILABLE, "unusable answer: %s", fault);
			error_set_class(&error, CLASS_PROTOCOL);
			end_with_context(request, error);
		} else if (hop_feeds_body(request)) {
			conclude_body(request);
		} else {
			end(request, NULL);
		}
	}
}

void
request_conclude_hop(struct request *request, CURLcode result)
{
	AUTO_FREE char *url = text_quote_url(request->hop_url);
	struct hop *hop = &request->hop;
	AUTO_FREE char *status = hop->status ? xasprintf("%d", hop->status) : xstrdup("no answer");

	curl_easy_getinfo(request->easy, CURLINFO_HTTP_CONNECTCODE, &hop->proxy_status);
	curl_easy_getinfo(request->easy, CURLINFO_HTTP_VERSION, &hop->http_version);
	hop->scope = scope_of_hop(request);
	request->engine->has_connected |= hop->status != 0;
	hop_learn_version(request);
	observer_tell(request->engine->observer, EVENT_TRACE, "%s %s: %s in %" PRId64 " ms",
		      request_method_name(request), url, status,
		      deadline_now_ms() - request->sent_ms);
	tell_warnings(request);
	hop_trace(request);
	hop_stop(request);
	if (hop->was_blocked && result == CURLE_COULDNT_CONNECT && !hop->error) {
		error_set(&hop->error, ERROR_UNAVAILABLE,
			  "cannot follow an answer from outside to an internal address");
		error_set_class(&hop->error, CLASS_SSRF);
	}
	if (hop->error)
		end_with_context(request, TAKE_PTR(hop->error));
	else if (result != CURLE_OK && !request->hop.has_enough)
		judge_failure(request, result);
	else
		judge_answer(request);
}

int64_t
request_pause_ms(const struct request *request, struct retry_tally *tally)
{
	struct engine *engine = request->engine;
	int64_t first_ms = engine->backoff_first_ms;
	int64_t asked_ms = asked_delay_ms(request);

	if (retry_is_put_off(request_status(request), asked_ms))
		return retry_put_off_ms(tally, &engine->load, first_ms, asked_ms,
					engine_random(engine));
	return retry_has_attempt(tally)
		       ? retry_delay_ms(tally, first_ms, asked_ms, engine_random(engine))
		       : -1;
}

void
request_set_credential(struct request *request, unsigned credential)
{
	request->credential = credential;
}

unsigned
request_credential(const struct request *request)
{
	return request->credential;
}

bool
request_has_ended(const struct request *request)
{
	return request->state == REQUEST_ENDED;
}

struct error *
request_take_error(struct request *request)
{
	return TAKE_PTR(request->error);
}

int
request_status(const struct request *request)
{
	return request->hop.status;
}

const char *
request_url(const struct request *request)
{
	return request->url;
}

const char *
request_header(const struct request *request, const char *name)
{
	return headers_find(&request->hop.headers, name, 0);
}

size_t
request_header_count(const struct request *request, const char *name)
{
	return headers_count(&request->hop.headers, name);
}

const char *
request_header_at(const struct request *request, const char *name, size_t index)
{
	return headers_find(&request->hop.headers, name, index);
}

const struct buf *
request_body(const struct request *request)
{
	return &request->answer;
}

int
request_explain_content(const struct request *request, struct error **err)
{
	const char *encoding = request_header(request, "content-encoding");
	const char *type = request_header(request, "content-type");
	bool is_encoded = encoding && *encoding && strcasecmp(encoding, "identity") != 0;
	bool is_page = type && strncasecmp(type, "text/html", strlen("text/html")) == 0;

	if (is_encoded)
		return error_wrap(err, "the server sent an unrequested Content-Encoding '%s'",
				  QUOTED(encoding));
	if (is_page)
		return error_wrap(err, "the server sent a web page (Content-Type '%s')",
				  QUOTED(type));
	return -1;
}

unsigned
request_sendings(const struct request *request)
{
	return request->sendings;
}

bool
request_was_challenged(const struct request *request)
{
	return request->was_challenged;
}

bool
request_failed_guess(const struct request *request)
{
	return request->has_failed_guess;
}

bool
request_is_single(const struct request *request)
{
	return request->flags & REQUEST_NO_RETRY;
}

void
request_landing(const struct request *request, struct landing *ret_landing)
{
	*ret_landing = (struct landing){
		.url = xstrdup(request->hop_url),
		.redirects = request->redirects,
		.has_left_origin = request->has_left_origin,
		.from_scope = request->from_scope,
	};
}

void
landing_release(struct landing *landing)
{
	free(landing->url);
	*landing = (struct landing){ .url = NULL };
}

bool
request_left_origin(const struct request *request)
{
	return request->has_left_origin;
}

bool
request_was_authorized(const struct request *request)
{
	return request->authorization && !request->has_left_origin;
}
