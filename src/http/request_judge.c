#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "http/challenge.h"
#include "http/curl_compat.h"
#include "http/engine_private.h"
#include "http/failure.h"
#include "http/redirect.h"
#include "http/request_private.h"

static void
end_protocol(struct request *request, const char *why)
{
	struct error *error = NULL;

	error_set(&error, ERROR_UNAVAILABLE, "the answer cannot be used: %s", why);
	error_set_class(&error, "protocol");
	request_end_with(request, error);
}

static void
end_failed(struct request *request, const struct failure *failure)
{
	struct error *error = NULL;

	(void)failure_set(failure, &error);
	request->hop.status = 0;
	request_end(request, error);
}

/* What came on a connection used before may belong to an answer before: a body to a HEAD, say.
 * Only a fresh one tells what this peer speaks. */
static CURLcode
look_again(const struct request *request, CURLcode result)
{
	long connects = 1;

	if (result != CURLE_UNSUPPORTED_PROTOCOL)
		return result;
	curl_easy_getinfo(request->easy, CURLINFO_NUM_CONNECTS, &connects);
	return connects == 0 ? CURLE_RECV_ERROR : result;
}

void
request_judge_failure(struct request *request, CURLcode result)
{
	struct failure failure = { .curl_code = (int)look_again(request, result),
				   .detail = request->hop.detail,
				   .url = request->hop_url,
				   .proxy_status = request->hop.proxy_status,
				   .used_proxy = request_used_proxy(request),
				   .trusts_nobody = !request->engine->ca_file &&
						    !request->engine->ca_directory };
	const char *why = *failure.detail ? failure.detail : curl_easy_strerror(result);

	if (request_feeds_body(request) && body_is_complete(request->body)) {
		request_end_body(request);
		return;
	}
	request->avoids_reuse = true;
	if (result == CURLE_HTTP2 || result == CURLE_HTTP2_STREAM)
		request->avoids_http2 = true;
	if (!(request->flags & REQUEST_NO_RETRY) && failure.proxy_status != 407 &&
	    retry_after_failure(&request->tally, failure.curl_code,
				failure_is_tls_refusal(&failure)) &&
	    request_repeat_later(request, -1, why))
		return;
	end_failed(request, &failure);
}

static int
go_to(struct request *request, const char *target, struct error **err)
{
	AUTO_ORIGIN struct origin from = { 0 };
	AUTO_ORIGIN struct origin to = { 0 };

	if (++request->redirects > REDIRECTS_LIMIT_COUNT) {
		error_set(err, ERROR_UNAVAILABLE, "more than %d redirects", REDIRECTS_LIMIT_COUNT);
		return error_set_class(err, "protocol");
	}
	if (origin_parse(request->hop_url, &from, err) < 0 || origin_parse(target, &to, err) < 0 ||
	    redirect_check_scheme(request->engine, &from, &to, err) < 0 ||
	    redirect_check_address(request->hop.scope, &to, err) < 0)
		return -1;
	request->from_scope = request->hop.scope;
	request->has_left_origin = request->has_left_origin || !origin_equal(&to, &request->origin);
	return 0;
}

static void
follow_redirect(struct request *request)
{
	struct error *error = NULL;
	AUTO_FREE char *target = redirect_target(&request->hop.headers, request->hop_url, &error);

	if (!target || go_to(request, target, &error) < 0) {
		request_end_with(request, error);
		return;
	}
	free(request->hop_url);
	request->hop_url = TAKE_PTR(target);
	request_send_or_end(request);
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

/* True: the authorizer has something better to offer. */
static bool
answer_challenge(struct request *request)
{
	int status = request->hop.status;

	if (!request->authorizer || request->has_left_origin || request->has_answered_challenge)
		return false;
	if (status != 401 && (status != 403 || !lacks_scope(request)))
		return false;
	request->has_answered_challenge = true;
	if (!request->authorizer->ops->challenged(request->authorizer, request))
		return false;
	request->was_challenged = request->was_challenged || status == 401;
	request->redirects = 0;
	free(request->hop_url);
	request->hop_url = xstrdup(request->url);
	return true;
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

int64_t
request_pause_ms(const struct request *request, const struct retry_tally *tally)
{
	struct engine *engine = request->engine;

	return retry_delay_ms(tally, engine->backoff_first_ms, asked_delay_ms(request),
			      engine_random(engine));
}

static bool
repeat_for_status(struct request *request)
{
	char why[] = "answer 000";

	if ((request->flags & REQUEST_NO_RETRY) ||
	    !retry_after_status(&request->tally, request->hop.status, request->has_left_origin))
		return false;
	if (request->hop.status == 401 || request->hop.status == 403)
		retry_count_expiry(&request->tally);
	(void)snprintf(why, sizeof(why), "answer %d", request->hop.status);
	return request_repeat_later(request, asked_delay_ms(request), why);
}

static bool
has_wrong_part(const struct request *request)
{
	return request->hop.status == 206 && request->range_first > 0 && !request->hop.body_begun &&
	       !request_has_right_part(request);
}

/* Some servers refuse ranges (416) or answer them wrongly: ask for the whole content instead, from
 * its first byte; the body passes over what it has. */
static bool
repeat_without_range(struct request *request)
{
	bool is_refused = request->hop.status == 416 && request->range_first > 0;

	if ((!is_refused && !has_wrong_part(request)) || (request->flags & REQUEST_NO_RETRY) ||
	    !retry_has_attempt(&request->tally))
		return false;
	request->avoids_range = true;
	return request_repeat_later(request, 0,
				    is_refused ? "answer 416 to a range"
					       : "another range than was asked for");
}

static const char *
find_fault(const struct request *request)
{
	int status = request->hop.status;
	bool is_success = status >= 200 && status < 300;

	if (status < 200)
		return "no final status";
	if (status == 304 && request_is_read(request))
		return "'not modified' that nobody asked for";
	if (status == 206 && request->range_first == 0)
		return "a part that nobody asked for";
	if (has_wrong_part(request))
		return "another range than was asked for";
	if (is_success && request->body && request->method == HTTP_GET &&
	    !request_feeds_body(request))
		return "success without content";
	return NULL;
}

/* A response that ends with its connection may have been cut anywhere. */
static bool
is_delimited(const struct request *request)
{
	return request->hop.http_version >= CURL_HTTP_VERSION_2_0 ||
	       request_header(request, "content-length") ||
	       request_header(request, "transfer-encoding");
}

static void
settle_body(struct request *request)
{
	struct error *error = NULL;
	struct body_range wanted;

	if (request_begin_body(request, &error) < 0) {
		request_end_with(request, error);
		return;
	}
	wanted = body_wanted(request->body);
	if (wanted.end == 0 || wanted.first == wanted.end ||
	    (request->hop.status == 200 && is_delimited(request))) {
		request_end_body(request);
		return;
	}
	(void)snprintf(request->hop.detail, sizeof(request->hop.detail),
		       "the answer ended at byte %" PRIu64 " of %" PRIu64, wanted.first,
		       wanted.end);
	request_judge_failure(request, CURLE_PARTIAL_FILE);
}

static void
settle(struct request *request)
{
	struct failure proxy = { .detail = "", .url = request->hop_url, .proxy_status = 407 };
	const char *fault = find_fault(request);

	if (request->hop.status == 407)
		end_failed(request, &proxy);
	else if (fault)
		end_protocol(request, fault);
	else if (request_feeds_body(request))
		settle_body(request);
	else
		request_end(request, NULL);
}

void
request_judge_answer(struct request *request)
{
	bool follows = !(request->flags & REQUEST_NO_REDIRECT) &&
		       redirect_applies(request->hop.status, request_is_read(request));

	request->avoids_reuse = false;
	if (follows)
		follow_redirect(request);
	else if (answer_challenge(request))
		request_repeat_now(request);
	else if (!repeat_for_status(request) && !repeat_without_range(request))
		settle(request);
}
