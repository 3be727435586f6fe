#include "http/request.h"

#include <string.h>

#include "base/deadline.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "http/engine_private.h"
#include "http/redirect.h"
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
	request->url = xstrdup(options->url);
	request->accept = xstrdup_null(options->accept);
	request->content_type = xstrdup_null(options->content_type);
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
	if (options->delay_ms > 0)
		request->not_before_ms = deadline_after_ms(options->delay_ms);
}

/* A line break in a header would be another header. */
static int
check_header_values(const struct request *request, struct error **err)
{
	bool are_fit = (!request->accept || text_is_printable_ascii(request->accept)) &&
		       (!request->content_type || text_is_printable_ascii(request->content_type));

	for (size_t i = 0; i < request->extra_headers.count; i++)
		are_fit = are_fit && text_is_printable_ascii(request->extra_headers.items[i]);
	if (!are_fit)
		return error_set(err, ERROR_FAILURE, "a header to send holds control characters");
	return 0;
}

static int
check_named_by(const struct request *request, const char *named_by, struct error **err)
{
	AUTO_ORIGIN struct origin from = { 0 };

	if (redirect_check_scheme(request->engine, NULL, &request->origin, err) < 0)
		return -1;
	if (!named_by)
		return 0;
	if (origin_parse(named_by, &from, err) < 0)
		return -1;
	return redirect_check_address(address_scope_of_host(from.host), &request->origin, err);
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

void
request_end(struct request *request, struct error *error)
{
	request_unsend(request);
	unlink_request(request);
	curl_easy_cleanup(request->easy); /* with its buffers: the answer may be kept for long */
	request->easy = NULL;
	request->state = REQUEST_ENDED;
	request->error = error;
	if (request->done)
		request->done(request->context, request);
}

/* The request is in no list. */
void
request_bury(struct request *request)
{
	request_unsend(request);
	curl_easy_cleanup(request->easy);
	headers_release(&request->hop.headers);
	error_free(request->hop.error);
	error_free(request->error);
	buf_release(&request->answer);
	origin_release(&request->origin);
	strings_release(&request->extra_headers);
	free(request->url);
	free(request->hop_url);
	free(request->accept);
	free(request->content_type);
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

uint64_t
request_upload_bytes(const struct request *request)
{
	return request->source_end - request->source_first;
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
	AUTO_FREE char *shown = NULL;

	if (is_encoded) {
		shown = text_quote_string(encoding);
		error_wrap(err, "the server sent Content-Encoding '%s', which was not asked for",
			   shown);
	} else if (is_page) {
		shown = text_quote_string(type);
		error_wrap(err, "the server sent a web page (Content-Type '%s')", shown);
	}
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
request_is_single(const struct request *request)
{
	return request->flags & REQUEST_NO_RETRY;
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
