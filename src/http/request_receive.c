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

static int
fail(const char *why, struct error **err)
{
	error_set(err, ERROR_UNAVAILABLE, "%s", why);
	return error_set_class(err, "protocol");
}

/* "bytes 100-199/500"; RFC 9110, section 14.4 */
static bool
parse_range_start(const char *value, uint64_t *ret_first)
{
	AUTO_FREE char *digits = NULL;

	if (!value || strncasecmp(value, "bytes ", 6) != 0)
		return false;
	digits = xstrndup(value + 6, strcspn(value + 6, "-"));
	return value[6 + strlen(digits)] == '-' && text_parse_uint(digits, UINT64_MAX, ret_first);
}

static int
check_part(const struct request *request, struct error **err)
{
	const char *range = headers_find(&request->hop.headers, "content-range", 0);
	uint64_t first;

	if (request->range_first == 0)
		return fail("the server sent a part that nobody asked for", err);
	if (!parse_range_start(range, &first) || first != request->range_first)
		return fail("the server sent another part than was asked for", err);
	return 0;
}

int
request_begin_body(struct request *request, struct error **err)
{
	bool is_part = request->hop.status == 206;

	if (request->hop.body_begun)
		return 0;
	if (is_part && check_part(request, err) < 0)
		return -1;
	request->hop.body_begun = true;
	return body_begin(request->body, is_part ? request->range_first : 0, err);
}

static size_t
write_body(struct request *request, const char *bytes, size_t size)
{
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
