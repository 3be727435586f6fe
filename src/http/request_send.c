#include <inttypes.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/deadline.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/observer.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "http/curl_compat.h"
#include "http/engine_private.h"
#include "http/origin.h"
#include "http/request_private.h"
#include "stream/source.h"

/* Made by us, with memory that never runs out quietly; libcurl only reads it. */
static void
take_header(struct request *request, char *line)
{
	struct curl_slist *header = XNEW(struct curl_slist);

	header->data = line;
	header->next = request->header_list;
	request->header_list = header;
}

/* "Name:" alone keeps libcurl from sending one of its own. */
static void
add_field(struct request *request, const char *name, const char *value)
{
	take_header(request, value ? xasprintf("%s: %s", name, value) : xasprintf("%s:", name));
}

/* Another origin learns what we want, not who we are or what else the caller had to say. */
static void
set_headers(struct request *request)
{
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
		curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE,
				 (curl_off_t)request_upload_bytes(request));
		curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, (long)TRANSFER_BUFFER_BYTES);
	}
}

/* Closed where the end is known: registries refuse an open range more often. */
static void
set_range(struct request *request)
{
	struct body_range wanted = { 0, 0 };
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

/* While one stream waits, HTTP/2 keeps what is under way for it in memory, megabytes of it. */
static bool
may_wait(const struct request *request)
{
	return (request->body && request->body->ops->has_room) ||
	       (request->source && request->source->flow);
}

/* A body over libcurl's HTTP/2 costs seven times the processor time, and takes twice as long. */
static bool
wants_http2(const struct request *request)
{
	return !request->avoids_http2 && !may_wait(request) &&
	       request_upload_bytes(request) < LARGE_BLOB_BYTES;
}

/* A proxy cannot reach this machine's loopback, and would read what is sent there in the clear. */
static void
set_proxy(struct request *request)
{
	AUTO_ORIGIN struct origin origin = { 0 };
	AUTO_ERROR struct error *ignored = NULL;

	if (origin_parse(request->hop_url, &origin, &ignored) < 0 || !origin_is_loopback(&origin))
		return;
	request->hop.avoids_proxy = true;
	/* An empty name: libcurl reads no variable of the environment. */
	curl_easy_setopt(request->easy, CURLOPT_PROXY, "");
}

bool
request_used_proxy(const struct request *request)
{
	return !request->hop.avoids_proxy && compat_used_proxy(request->easy);
}

/* Small requests wait for a connection that they can share, which only TLS can offer; blobs take
 * all there are. */
static void
set_connection(struct request *request)
{
	bool waits = !(request->flags & REQUEST_UNTIMED) && text_starts(request->hop_url, "https:");
	CURL *easy = request->easy;

	curl_easy_setopt(easy, CURLOPT_SHARE, request->engine->share);
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION,
			 wants_http2(request) ? (long)CURL_HTTP_VERSION_2TLS
					      : (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_PIPEWAIT, waits ? 1L : 0L);
	curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, request->avoids_reuse ? 1L : 0L);
	curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, (long)TRANSFER_BUFFER_BYTES);
	curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
}

static void
set_limits(struct request *request)
{
	CURL *easy = request->easy;
	long stall_s = request_is_read(request) ? STALL_TIMEOUT_S : UPLOAD_STALL_TIMEOUT_S;

	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_TIMEOUT_MS);
	curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, (long)STALL_BYTES_PER_S);
	curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, stall_s);
	if (!(request->flags & REQUEST_UNTIMED))
		curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)REQUEST_TIMEOUT_MS);
}

/* Everything that libcurl would do on its own with credentials or redirects is off. */
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

static void
forget_hop(struct request *request)
{
	headers_release(&request->hop.headers);
	error_free(request->hop.error);
	request->hop = (struct hop){ 0 };
	buf_clear(&request->answer);
}

static void
tell(const struct request *request)
{
	AUTO_FREE char *url = text_quote_url(request->hop_url);

	observer_tell(request->engine->observer, EVENT_REQUEST, "%s %s",
		      request_method_name(request), url);
}

int
request_send(struct request *request, struct error **err)
{
	if (!request->easy)
		request->easy = curl_easy_init();
	if (!request->easy)
		return error_set(err, ERROR_FAILURE, "cannot set up libcurl");
	curl_easy_reset(request->easy);
	if (request->hop.status / 100 == 4)
		request->sendings = 0;
	forget_hop(request);
	set_policy(request);
	set_method(request);
	set_headers(request);
	set_range(request);
	set_tls(request);
	set_proxy(request);
	set_connection(request);
	set_limits(request);
	request_set_callbacks(request);
	if (curl_multi_add_handle(request->engine->multi, request->easy) != CURLM_OK)
		return error_set(err, ERROR_FAILURE, "cannot start a request");
	request->state = REQUEST_SENT;
	request->sent_ms = deadline_now_ms();
	tell(request);
	return 0;
}

static void
free_headers(struct request *request)
{
	while (request->header_list) {
		struct curl_slist *header = request->header_list;

		request->header_list = header->next;
		free(header->data);
		free(header);
	}
}

void
request_unsend(struct request *request)
{
	if (request->state == REQUEST_SENT)
		curl_multi_remove_handle(request->engine->multi, request->easy);
	request->state = REQUEST_DUE;
	free_headers(request);
}
