/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/compat.h"
#include "base/deadline.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/observer.h"
#include "base/text.h"
#include "base/trace.h"
#include "base/xalloc.h"
#include "http/curl_compat.h"
#include "http/origin.h"
#include "http/request_private.h"
#include "stream/source.h"

/* Unlike curl_slist_append(), this cannot fail; libcurl only reads the list. */
static void
take_header(struct request *request, char *line)
{
	struct curl_slist *header = XNEW(struct curl_slist);

	header->data = line;
	header->next = request->header_list;
	request->header_list = header;
}

/* Without a value: "Name:" keeps libcurl from adding its own field of that name. */
static void
add_field(struct request *request, const char *name, const char *value)
{
	take_header(request, value ? xasprintf("%s: %s", name, value) : xasprintf("%s:", name));
}

static uint64_t
upload_bytes(const struct request *request)
{
	return request->source_end - request->source_first;
}

static void
set_method(struct request *request)
{
	CURL *easy = request->easy;

	switch (request->method) {
	case HTTP_GET:
		curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
		break;
	case HTTP_HEAD:
		curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
		break;
	case HTTP_DELETE:
		curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, "DELETE");
		break;
	case HTTP_POST:
	case HTTP_PUT:
	case HTTP_PATCH:
		curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
		curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request_method_name(request));
		curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)upload_bytes(request));
		curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, (long)TRANSFER_BUFFER_BYTES);
	}
}

/* The range is closed when the size is known: more registries accept that than an open one. */
static void
set_range(struct request *request)
{
	struct body_range wanted = { 0 };
	AUTO_FREE char *range = NULL;

	if (request->body && request->method == HTTP_GET && !request->avoids_range)
		wanted = body_wanted(request->body);
	request->range_first = wanted.first;
	if (wanted.first == 0)
		return;
	range = wanted.end ? xasprintf("%" PRIu64 "-%" PRIu64, wanted.first, wanted.end - 1)
			   : xasprintf("%" PRIu64 "-", wanted.first);
	curl_easy_setopt(request->easy, CURLOPT_RANGE, range);
}

static void
set_tls(struct request *request)
{
	const struct engine *engine = request->engine;
	CURL *easy = request->easy;

	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, engine->insecure_tls ? 0L : 1L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, engine->insecure_tls ? 0L : 2L);
	curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(easy, CURLOPT_CAINFO, engine->ca_file);
	curl_easy_setopt(easy, CURLOPT_CAPATH, engine->ca_directory);
	curl_easy_setopt(easy, CURLOPT_PROXY_CAINFO, engine->ca_file);
	curl_easy_setopt(easy, CURLOPT_PROXY_CAPATH, engine->ca_directory);
	curl_easy_setopt(easy, CURLOPT_PROXY_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (!engine->certificate_file || request->has_left_origin)
		return;
	curl_easy_setopt(easy, CURLOPT_SSLCERT, engine->certificate_file);
	curl_easy_setopt(easy, CURLOPT_SSLKEY,
			 engine->key_file ? engine->key_file : engine->certificate_file);
}

static uint64_t
download_bytes(const struct request *request)
{
	struct body_range wanted = { 0 };

	if (request->body && request->method == HTTP_GET)
		wanted = body_wanted(request->body);
	return wanted.end - wanted.first * (wanted.end > 0);
}

/* Large and relayed blobs use HTTP/1.1, a connection each: all streams of an HTTP/2 connection
 * share what a server gives one connection.  Over libcurl's HTTP/2 an upload takes seven times the
 * processor time and twice as long, and while one stream is paused, the connection keeps megabytes
 * of its data in memory. */
static bool
wants_http2(const struct request *request)
{
	bool may_pause = (request->body && request->body->ops->has_room) ||
			 (request->source && request->source->flow);

	return !request->avoids_http2 && !may_pause && upload_bytes(request) < LARGE_BLOB_BYTES &&
	       download_bytes(request) < LARGE_BLOB_BYTES;
}

static char *
http1_origin(const struct request *request)
{
	AUTO_ORIGIN struct origin origin = { 0 };
	AUTO_ERROR struct error *ignored = NULL;

	if (!text_starts(request->hop_url, "https:") ||
	    origin_parse(request->hop_url, &origin, &ignored) < 0)
		return NULL;
	return xasprintf("%s:%s", origin.host, origin.port);
}

void
hop_learn_version(struct request *request)
{
	AUTO_FREE char *origin = NULL;

	if (!request->hop.offers_http2 || request->hop.status == 0 ||
	    request->hop.http_version >= CURL_HTTP_VERSION_2_0)
		return;
	origin = http1_origin(request);
	if (origin && !strings_has(&request->engine->http1_origins, origin))
		strings_add(&request->engine->http1_origins, origin);
}

/* Do not use a proxy for loopback: it cannot reach this machine's loopback, and it would read the
 * plain http that is allowed there. */
static void
set_proxy(struct request *request)
{
	AUTO_ORIGIN struct origin origin = { 0 };
	AUTO_ERROR struct error *ignored = NULL;

	if (origin_parse(request->hop_url, &origin, &ignored) < 0 || !origin_is_loopback(&origin))
		return;
	request->hop.avoids_proxy = true;
	/* An empty name keeps libcurl from reading the proxy variables. */
	curl_easy_setopt(request->easy, CURLOPT_PROXY, "");
}

bool
hop_used_proxy(const struct request *request)
{
	return !request->hop.avoids_proxy && compat_used_proxy(request->easy);
}

/* Small ones wait for a connection to share, unless the server has none (HTTP/2, so https only);
 * large ones open their own. */
static void
set_connection(struct request *request)
{
	AUTO_FREE char *origin = http1_origin(request);
	bool waits = origin && wants_http2(request) &&
		     !strings_has(&request->engine->http1_origins, origin);
	CURL *easy = request->easy;

	request->hop.offers_http2 = wants_http2(request);
	curl_easy_setopt(easy, CURLOPT_SHARE, request->engine->share);
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION,
			 request->hop.offers_http2 ? (long)CURL_HTTP_VERSION_2TLS
						   : (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_PIPEWAIT, waits ? 1L : 0L);
	curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, request->avoids_reuse ? 1L : 0L);
	curl_easy_setopt(easy, CURLOPT_BUFFERSIZE,
			 download_bytes(request) < LARGE_BLOB_BYTES
				 ? (long)SMALL_TRANSFER_BUFFER_BYTES
				 : (long)TRANSFER_BUFFER_BYTES);
	curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
}

static void
set_limits(struct request *request)
{
	CURL *easy = request->easy;
	bool is_impatient = request->flags & REQUEST_IMPATIENT;
	long stall_s = is_impatient                       ? MIRROR_STALL_TIMEOUT_S
		       : request->flags & REQUEST_PATIENT ? MIRROR_WARM_TIMEOUT_S
		       : request_is_read(request)         ? STALL_TIMEOUT_S
							  : UPLOAD_STALL_TIMEOUT_S;

	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
			 (long)(is_impatient ? MIRROR_CONNECT_TIMEOUT_MS : CONNECT_TIMEOUT_MS));
	curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, (long)STALL_BYTES_PER_S);
	curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, stall_s);
	if (!(request->flags & REQUEST_UNTIMED))
		curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)REQUEST_TIMEOUT_MS);
}

/* Turns off what libcurl does on its own with credentials and redirects. */
static void
set_policy(struct request *request)
{
	CURL *easy = request->easy;

	(void)compat_allow_protocols(easy);
	curl_easy_setopt(easy, CURLOPT_URL, request->hop_url);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, request->engine->user_agent);
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	curl_easy_setopt(easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
	curl_easy_setopt(easy, CURLOPT_HTTP_CONTENT_DECODING, 0L);
	curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
}

bool
hop_feeds_body(const struct request *request)
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
hop_has_right_part(const struct request *request)
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
	return wanted.end == 0 ||
	       (part.end <= wanted.end && (total == 0 || total == wanted.size_bytes));
}

int
hop_begin_body(struct request *request, struct error **err)
{
	bool is_part = request->hop.status == 206;

	if (request->hop.body_begun)
		return 0;
	request->hop.body_begun = true;
	request->hop.body_at_bytes = is_part ? request->range_first : 0;
	return body_begin(request->body, request->hop.body_at_bytes, err);
}

static void
tell_moved(const struct request *request, size_t size, uint64_t at_bytes)
{
	if (request->moved_bytes)
		at_bytes = *request->moved_bytes += size;
	observer_hear(request->engine->observer, &(struct event){ .kind = EVENT_MOVED,
								  .text = request->blob,
								  .bytes = size,
								  .at_bytes = at_bytes });
}

/* Bytes after this request's part belong to other requests. */
static bool
has_its_part(const struct request *request)
{
	struct body_range wanted = body_wanted(request->body);

	return request->hop.body_begun && wanted.end < wanted.size_bytes &&
	       wanted.first == wanted.end;
}

static size_t
write_body(struct request *request, const char *bytes, size_t size)
{
	if (has_its_part(request)) {
		request->hop.has_enough = true;
		return CURL_WRITEFUNC_ERROR;
	}
	/* The wrong part: request.c repeats without a range, or ends the request. */
	if (request->hop.status == 206 && !request->hop.body_begun &&
	    !hop_has_right_part(request)) {
		request->hop.has_enough = true;
		return CURL_WRITEFUNC_ERROR;
	}
	if (!body_has_room(request->body)) {
		request->hop.is_paused = true;
		return CURL_WRITEFUNC_PAUSE;
	}
	if (hop_begin_body(request, &request->hop.error) < 0 ||
	    body_write(request->body, bytes, size, &request->hop.error) < 0)
		return CURL_WRITEFUNC_ERROR;
	retry_count_progress(&request->tally, size);
	request->hop.body_at_bytes += size;
	tell_moved(request, size, request->hop.body_at_bytes);
	return size;
}

/* Keeps the answer for request_body(): the content of a success without a struct body, or the
 * start of an error's text. */
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
	if (hop_feeds_body(request))
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
	uint64_t left = upload_bytes(request) - hop->sent_bytes;
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
	/* Relayed bytes were counted when they were received. */
	if (!request->source->flow)
		tell_moved(request, size, request->source_first + hop->sent_bytes);
	return size;
}

static int
on_seek(void *context, curl_off_t offset, int origin)
{
	struct request *request = context;

	/* libcurl rewinds to send again when a reused connection turns out to be dead. */
	if (origin != SEEK_SET || offset < 0 || (request->flags & REQUEST_NO_RETRY))
		return CURL_SEEKFUNC_FAIL;
	request->hop.sent_bytes = (uint64_t)offset;
	return CURL_SEEKFUNC_OK;
}

/* Called more than once a hop when libcurl sends again on another connection. */
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

/* The address of a redirect's host is known only when its socket is opened (DNS rebinding).  A
 * proxy's address does not tell where the proxy connects to. */
static curl_socket_t
on_open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct request *request = context;

	if (request->redirects > 0 && purpose == CURLSOCKTYPE_IPCXN && !hop_used_proxy(request) &&
	    !address_may_lead(request->from_scope, address_scope_of(&address->addr))) {
		request->hop.was_blocked = true;
		return CURL_SOCKET_BAD;
	}
	return socket_cloexec(address->family, address->socktype, address->protocol);
}

static void
set_callbacks(struct request *request)
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

int
hop_start(struct request *request, struct error **err)
{
	AUTO_FREE char *url = text_quote_url(request->hop_url);
	AUTO_FREE char *origin = NULL;

	if (!request->easy)
		request->easy = curl_easy_init();
	if (!request->easy)
		return error_set(err, ERROR_FAILURE, "cannot set up libcurl");
	curl_easy_reset(request->easy);
	if (request->hop.status / 100 == 4)
		request->sendings = 0;
	headers_release(&request->hop.headers);
	error_free(request->hop.error);
	request->hop = (struct hop){ 0 };
	buf_clear(&request->answer);
	set_policy(request);
	set_method(request);
	/* Another origin gets no Authorization and none of the caller's own headers. */
	add_field(request, "Accept", request->accept);
	add_field(request, "Content-Type", request->content_type);
	add_field(request, "Expect", NULL);
	if (!request->has_left_origin) {
		for (size_t i = 0; i < request->extra_headers.count; i++)
			take_header(request, xstrdup(request->extra_headers.items[i]));
		if (request->authorization)
			take_header(request, xstrdup(request->authorization));
	}
	curl_easy_setopt(request->easy, CURLOPT_HTTPHEADER, request->header_list);
	set_range(request);
	set_tls(request);
	set_proxy(request);
	set_connection(request);
	set_limits(request);
	set_callbacks(request);
	/* A server without HTTP/2 has one kind of connection, for all requests. */
	origin = request->hop.offers_http2 ? NULL : http1_origin(request);
	request->pool = origin && !strings_has(&request->engine->http1_origins, origin)
				? POOL_LARGE
				: POOL_SHARED;
	if (curl_multi_add_handle(request->engine->pools[request->pool], request->easy) != CURLM_OK)
		return error_set(err, ERROR_FAILURE, "cannot start a request");
	request->engine->large_count += request->pool == POOL_LARGE;
	request->state = REQUEST_SENT;
	request->sent_ms = deadline_now_ms();
	observer_tell(request->engine->observer, EVENT_REQUEST, "%s %s",
		      request_method_name(request), url);
	return 0;
}

static int64_t
time_us(CURL *easy, CURLINFO name)
{
	curl_off_t value = 0;

	(void)curl_easy_getinfo(easy, name, &value);
	return (int64_t)value;
}

/* libcurl counts from when it had a connection for the request, or began to make one. */
void
hop_trace(struct request *request)
{
	AUTO_FREE char *url = text_quote_url(request->hop_url);
	const char *method = request_method_name(request);
	int64_t ended_us = trace_now_us();
	int64_t begun_us = ended_us - time_us(request->easy, CURLINFO_TOTAL_TIME_T);
	int64_t asked_us = begun_us + time_us(request->easy, CURLINFO_PRETRANSFER_TIME_T);
	int64_t answered_us = begun_us + time_us(request->easy, CURLINFO_STARTTRANSFER_TIME_T);
	int64_t tcp_us = time_us(request->easy, CURLINFO_CONNECT_TIME_T);
	int64_t tls_us = time_us(request->easy, CURLINFO_APPCONNECT_TIME_T);
	long connects = 0;

	if (!trace_is_on())
		return;
	if (request->trace_row == 0)
		request->trace_row = trace_row("%s %s", method, url);
	curl_easy_getinfo(request->easy, CURLINFO_NUM_CONNECTS, &connects);
	trace_span("queue", request->trace_row, request->trace_idle_us, begun_us, "%s", method);
	trace_span("request", request->trace_row, begun_us, ended_us,
		   "%s %s: status %d, HTTP/%s, %" PRIu64 " bytes sent, %" PRId64 " received",
		   method, url, request->hop.status,
		   request->hop.http_version >= CURL_HTTP_VERSION_2_0 ? "2" : "1.1",
		   request->hop.sent_bytes, time_us(request->easy, CURLINFO_SIZE_DOWNLOAD_T));
	if (connects > 0)
		trace_span("connect", request->trace_row, begun_us,
			   begun_us + (tls_us > tcp_us ? tls_us : tcp_us), "%s",
			   tls_us ? "TLS" : "TCP");
	if (answered_us > asked_us) {
		trace_span("wait", request->trace_row, asked_us, answered_us, "%s", method);
		trace_span("receive", request->trace_row, answered_us, ended_us, "%s", method);
	}
	request->trace_idle_us = ended_us;
}

void
hop_stop(struct request *request)
{
	if (request->state == REQUEST_SENT) {
		curl_multi_remove_handle(request->engine->pools[request->pool], request->easy);
		request->engine->large_count -= request->pool == POOL_LARGE;
	}
	request->state = REQUEST_DUE;
	while (request->header_list) {
		struct curl_slist *header = request->header_list;

		request->header_list = header->next;
		free(header->data);
		free(header);
	}
}

bool
hop_continue(struct request *request)
{
	bool may_continue;

	if (request->state != REQUEST_SENT || !request->hop.is_paused)
		return false;
	if (hop_feeds_body(request))
		may_continue = body_has_room(request->body);
	else
		/* libcurl stops sending after an answer that refuses the upload; before 8.7 it
		 * first waits for a paused sender to continue. */
		may_continue = request->hop.status >= 300 ||
			       request->source->flow->is_ready(request->source->flow);
	if (!may_continue)
		return false;
	request->hop.is_paused = false;
	(void)curl_easy_pause(request->easy, CURLPAUSE_CONT);
	return true;
}
