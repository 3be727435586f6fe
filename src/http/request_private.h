/* SPDX-License-Identifier: Apache-2.0 */
/* request_private.h - an engine, a request and its hop, as engine.c, request.c and hop.c see them
 *
 * A hop is one HTTP exchange; an attempt is the hops from the first URL along redirects to an
 * answer.  request.c decides what comes next, hop.c talks to libcurl, engine.c has the loop.
 * Requests queue themselves; only engine_step() advances them, and never from inside libcurl: what
 * a callback starts or frees takes effect after libcurl has returned.
 */
#ifndef OCIFP_HTTP_REQUEST_PRIVATE_H
#define OCIFP_HTTP_REQUEST_PRIVATE_H

#include <curl/curl.h>

#include "base/buf.h"
#include "base/strings.h"
#include "http/address.h"
#include "http/engine.h"
#include "http/headers.h"
#include "http/origin.h"
#include "http/ramp.h"
#include "http/request.h"
#include "http/retry.h"
#include "http/warnings.h"
#include "stream/body.h"

/* Each pool is a multi handle, that is connections of its own.  In one pool libcurl may put a large
 * body, which is to come over HTTP/1.1, onto an idle HTTP/2 connection, and an HTTP/1.1 connection
 * keeps it from multiplexing the small requests to the same host. */
enum pool { POOL_SHARED, POOL_LARGE, POOL_COUNT };

struct engine {
	CURLM *pools[POOL_COUNT];
	unsigned large_count; /* requests in POOL_LARGE */
	CURLSH *share;
	struct observer *observer;
	char *ca_file;      /* the authorities that are trusted, in this file */
	char *ca_directory; /* and in this directory; NULL: none */
	char *certificate_file;
	char *key_file;
	char *user_agent;
	bool insecure_tls;
	bool has_connected; /* to any server */
	struct strings plain_http_hosts;
	int64_t deadline_ms; /* DEADLINE_NEVER: none */
	int64_t backoff_first_ms;
	uint64_t random_state;
	struct retry_load load;
	struct ramp ramp;
	struct ranges *downloads;     /* large ones */
	unsigned download_count;      /* their requests that have not ended */
	struct warnings warnings;     /* of all hosts */
	struct strings http1_origins; /* https servers that lack HTTP/2 */

	struct request *requests; /* those that have not ended */
	unsigned request_count;
	struct request *doomed; /* freed from inside libcurl, to be freed when it returns */
	bool is_in_libcurl;
};

enum request_state {
	REQUEST_DUE,    /* engine_step() takes the next step once not_before_ms has come */
	REQUEST_PARKED, /* until request_resume() */
	REQUEST_SENT,   /* with libcurl */
	REQUEST_ENDED
};

/* What came back in this hop. */
struct hop {
	struct headers headers;
	int status;
	bool body_begun;
	bool has_enough;          /* we broke it off: the rest is not wanted */
	bool is_paused;           /* the body has no room, or the source nothing yet */
	bool was_blocked;         /* an address was refused by on_open_socket() */
	bool avoids_proxy;        /* the server is on this machine */
	bool offers_http2;        /* if the server has TLS */
	uint64_t sent_bytes;      /* of the source */
	uint64_t body_at_bytes;   /* of the body: where the next byte belongs */
	struct error *error;      /* of ours, from inside a callback */
	long proxy_status;        /* of a CONNECT; 0: none */
	long http_version;        /* libcurl's number */
	enum address_scope scope; /* of the server */
	char detail[CURL_ERROR_SIZE];
};

struct request {
	struct engine *engine;
	struct request *next;
	struct request *previous;
	enum request_state state;
	int64_t not_before_ms;
	bool is_doomed;

	/* The request's options. */
	enum http_method method;
	unsigned flags;
	char *url;
	struct origin origin;
	char *accept;
	char *content_type;
	char *blob;
	struct strings extra_headers;
	const struct source *source;
	uint64_t source_first;
	uint64_t source_end;
	struct body *body;
	size_t body_limit_bytes;
	struct authorizer *authorizer;
	struct pace *pace;
	struct landing landing;
	uint64_t *moved_bytes;
	request_done *done;
	void *context;

	/* Over all attempts. */
	int64_t started_ms;
	struct retry_tally tally;
	unsigned sendings;  /* of which no answer says that they came to nothing */
	bool needs_attempt; /* the next step starts a new one */
	bool was_challenged;
	bool has_failed_guess;
	bool avoids_http2;
	bool avoids_reuse; /* of a connection: one just broke, or it is to be a new one */
	bool avoids_range;
	struct error *error;

	/* This attempt. */
	char *hop_url;
	unsigned redirects;
	bool has_left_origin;
	bool has_answered_challenge;
	bool is_paced;                 /* its turn among the writes has been fixed */
	enum address_scope from_scope; /* of who sent us to this hop */
	char *authorization;           /* header line; NULL: none */
	unsigned credential;           /* the authorizer's number of it */

	/* This hop. */
	CURL *easy;
	enum pool pool;
	struct curl_slist *header_list;
	uint64_t range_first; /* asked for; 0: everything */
	int64_t sent_ms;
	unsigned trace_row;
	int64_t trace_idle_us; /* since when nothing was with libcurl */
	struct hop hop;
	struct buf answer;
};

uint32_t engine_random(struct engine *engine);

/* request.c: the next step of a request that is due.  It may end and free the request. */
void request_advance(struct request *request);

/* request.c: libcurl has ended the hop.  It may end and free the request. */
void request_conclude_hop(struct request *request, CURLcode result);

/* request.c: frees a request that is in no list. */
void request_bury(struct request *request);

bool request_is_read(const struct request *request); /* GET or HEAD */
const char *request_method_name(const struct request *request);

/* hop.c: hands the current URL to libcurl, and takes it back. */
int hop_start(struct request *request, struct error **err);
void hop_stop(struct request *request);

/* hop.c: continues a paused hop whose body has room again or whose source has bytes again.  False:
 * it was not paused, or has to stay paused. */
bool hop_continue(struct request *request);

/* hop.c: whether a proxy was used; with libcurl before 8.7: whether one may have been used. */
bool hop_used_proxy(const struct request *request);

/* hop.c: notes the origins that answer over HTTP/1.1 although HTTP/2 was offered. */
void hop_learn_version(struct request *request);

/* hop.c: writes the hop to the trace (base/trace.h), before hop_stop(). */
void hop_trace(struct request *request);

/* hop.c: the answer's bytes go to request->body. */
bool hop_feeds_body(const struct request *request);

/* hop.c: a 206 carries the bytes that were asked for, or the first of them, of content of the
 * expected size. */
bool hop_has_right_part(const struct request *request);

/* hop.c: tells the body at which offset the answer's bytes start, once. */
int hop_begin_body(struct request *request, struct error **err);

#endif
