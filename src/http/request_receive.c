#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/observer.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "http/curl_compat.h"
#include "http/engine_private.h"
#include "http/request_private.h"
#include "stream/source.h"

bool
request_feeds_body(const struct request *request)
{
	return request->body && (request->hop.status == 200 || request->hop.status == 206);
}

/* "bytes 100-199/500", with an asterisk for an unknown total (RFC 9110, section 14.4) */
static bool
parse_range(const char *value, struct body_range *ret_part, uint64_t *ret_total)
{
	AUTO_FREE char *text = NULL;
	char *last;
	char *total;

	if (!value || strncasecmp(value, "bytes ", strlen("bytes ")) != 0)
		return false;
	text = xstrdup(value + strlen("bytes "));
	last = strchr(text, '-');
	total = strchr(text, '/');
	if (!last || !total || total < last)
		return false;
	*last++ = *total++ = '\0';
	if (!text_parse_uint(text, INT64_MAX, &ret_part->first) ||
	    !text_parse_uint(last, INT64_MAX, &ret_part->end))
		return false;
	ret_part->end++;
	*ret_total = 0;
	return strcmp(total, "*") == 0 || text_parse_uint(total, INT64_MAX, ret_total);
}

bool
request_has_right_part(const struct request *request)
{
	const struct headers *headers = &request->hop.headers;
	const char *type = headers_find(headers, "content-type", 0);
	struct body_range wanted = body_wanted(request->body);
	struct body_range part;
	uint64_t total;

	if (request->range_first == 0 || (type && text_starts(type, "multipart/")))
		return false;
	if (headers_count(headers, "content-range") != 1 ||
	    !parse_range(headers_find(headers, "content-range", 0), &part, &total))
		return false;
	if (part.first != request->range_first || part.end <= part.first)
		return false;
	return wanted.end == 0 || (part.end <= wanted.end && (total == 0 || total == wanted.end));
}

int
request_begin_body(struct request *request, struct error **err)
{
	bool is_part = request->hop.status == 206;

	if (request->hop.body_begun)
		return 0;
	request->hop.body_begun = true;
	return body_begin(request->body, is_part ? request->range_first : 0, err);
}

static size_t
write_body(struct request *request, const char *bytes, size_t size)
{
	/* request_judge_answer() sees why. */
	if (request->hop.status == 206 && !request->hop.body_begun &&
	    !request_has_right_part(request)) {
		request->hop.has_enough = true;
		return CURL_WRITEFUNC_ERROR;
	}
	if (!body_has_room(request->body)) {
		request->hop.is_paused = true;
		return CURL_WRITEFUNC_PAUSE;
	}
	if (request_begin_body(request, &request->hop.error) < 0 ||
	    body_write(request->body, bytes, size, &request->hop.error) < 0)
		return CURL_WRITEFUNC_ERROR;
	retry_count_progress(&request->tally, size);
	observer_count(request->engine->observer, EVENT_MOVED, size);
	return size;
}

/* What no struct body takes: an answer that the caller reads whole, or the text of an error. */
static size_t
keep_answer(struct request *request, const char *bytes, size_t size)
{
	bool is_wanted = request->hop.status >= 200 && request->hop.status < 300;
	size_t left;

	request->answer.limit = is_wanted ? request->body_limit_bytes : ERROR_BODY_LIMIT_BYTES;
	left = request->answer.limit - request->answer.size;
	if (!is_wanted && size > left) {
		request->hop.has_enough = true;
		size = left;
	}
	if (buf_append(&request->answer, bytes, size, &request->hop.error) < 0)
		return CURL_WRITEFUNC_ERROR;
	return request->hop.has_enough ? CURL_WRITEFUNC_ERROR : size;
}

static size_t
on_body(char *bytes, size_t unit, size_t count, void *context)
{
	struct request *request = context;

	if (request->is_doomed || request->hop.error)
		return CURL_WRITEFUNC_ERROR;
	if (request_feeds_body(request))
		return write_body(request, bytes, unit * count);
	return keep_answer(request, bytes, unit * count);
}

static size_t
on_header(char *line, size_t unit, size_t count, void *context)
{
	struct request *request = context;
	struct hop *hop = &request->hop;

	if (request->is_doomed || hop->error)
		return CURL_WRITEFUNC_ERROR;
	if (headers_add_line(&hop->headers, line, unit * count, &hop->error) < 0)
		return CURL_WRITEFUNC_ERROR;
	hop->status = hop->headers.status;
	return unit * count;
}

static size_t
on_read(char *bytes, size_t unit, size_t count, void *context)
{
	struct request *request = context;
	struct hop *hop = &request->hop;
	uint64_t left = request_upload_bytes(request) - hop->sent_bytes;
	size_t size = unit * count < left ? unit * count : (size_t)left;

	if (request->is_doomed || hop->error)
		return CURL_READFUNC_ABORT;
	if (source_read(request->source, request->source_first + hop->sent_bytes, bytes, size,
			&size, &hop->error) < 0)
		return CURL_READFUNC_ABORT;
	if (size == 0 && left > 0) {
		hop->is_paused = true;
		return CURL_READFUNC_PAUSE;
	}
	hop->sent_bytes += size;
	/* What only passes through was counted when it came. */
	if (!request->source->flow)
		observer_count(request->engine->observer, EVENT_MOVED, size);
	return size;
}

/* libcurl stops sending at such an answer; before 8.7 it waits for a paused sender all the same. */
static bool
is_refused(const struct hop *hop)
{
	return hop->status >= 300;
}

static bool
may_go_on(const struct request *request)
{
	if (request_feeds_body(request))
		return body_has_room(request->body);
	return is_refused(&request->hop) || request->source->flow->is_ready(request->source->flow);
}

bool
request_go_on(struct request *request)
{
	if (request->state != REQUEST_SENT || !request->hop.is_paused || !may_go_on(request))
		return false;
	request->hop.is_paused = false;
	(void)curl_easy_pause(request->easy, CURLPAUSE_CONT);
	return true;
}

static int
on_seek(void *context, curl_off_t offset, int origin)
{
	struct request *request = context;

	/* libcurl sends again on its own when a connection it used before has died. */
	if (origin != SEEK_SET || offset < 0 || (request->flags & REQUEST_NO_RETRY))
		return CURL_SEEKFUNC_FAIL;
	request->hop.sent_bytes = (uint64_t)offset;
	return CURL_SEEKFUNC_OK;
}

/* Not once an attempt: libcurl sends again when a connection that it used before has died. */
static int
on_sending(void *context, char *peer, char *own, int peer_port, int own_port)
{
	struct request *request = context;

	(void)peer;
	(void)own;
	(void)peer_port;
	(void)own_port;
	request->sendings++;
	return CURL_PREREQFUNC_OK;
}

/* Where a redirect's host leads is known only now.  A proxy's address says nothing about it. */
static curl_socket_t
on_open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct request *request = context;

	if (request->redirects > 0 && purpose == CURLSOCKTYPE_IPCXN &&
	    !request_used_proxy(request) &&
	    !address_may_lead(request->from_scope, address_scope_of(&address->addr))) {
		request->hop.was_blocked = true;
		return CURL_SOCKET_BAD;
	}
	return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

void
request_set_callbacks(struct request *request)
{
	CURL *easy = request->easy;

	curl_easy_setopt(easy, CURLOPT_PRIVATE, request);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, request->hop.detail);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, request);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, request);
	curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_read);
	curl_easy_setopt(easy, CURLOPT_READDATA, request);
	curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, on_seek);
	curl_easy_setopt(easy, CURLOPT_SEEKDATA, request);
	curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_sending);
	curl_easy_setopt(easy, CURLOPT_PREREQDATA, request);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, request);
}
