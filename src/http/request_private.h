/* request_private.h - what a request consists of, for the files that move it
 *
 * request.c: its life.  request_step.c: from one state to the next.  request_send.c: a hop to
 * libcurl.  request_receive.c: what libcurl calls back.  request_judge.c: what an answer, or none,
 * means.  A hop is one HTTP exchange; an attempt is the hops
 * from the first URL along redirects to an answer.
 */
#ifndef OCIFP_HTTP_REQUEST_PRIVATE_H
#define OCIFP_HTTP_REQUEST_PRIVATE_H

#include <curl/curl.h>

#include "base/buf.h"
#include "base/strings.h"
#include "http/address.h"
#include "http/headers.h"
#include "http/origin.h"
#include "http/request.h"
#include "http/retry.h"
#include "stream/body.h"

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
	uint64_t sent_bytes;      /* of the source */
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

	/* What was asked for. */
	enum http_method method;
	unsigned flags;
	char *url;
	struct origin origin;
	char *accept;
	char *content_type;
	struct strings extra_headers;
	const struct source *source;
	uint64_t source_first;
	uint64_t source_end;
	struct body *body;
	size_t body_limit_bytes;
	struct authorizer *authorizer;
	struct pace *pace;
	request_done *done;
	void *context;

	/* Over all attempts. */
	struct retry_tally tally;
	unsigned sendings;  /* of which no answer says that they came to nothing */
	bool needs_attempt; /* the next step starts a new one */
	bool was_challenged;
	bool avoids_http2;
	bool avoids_reuse; /* of a connection: one just broke */
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

	/* This hop. */
	CURL *easy;
	struct curl_slist *header_list;
	uint64_t range_first; /* asked for; 0: everything */
	int64_t sent_ms;
	struct hop hop;
	struct buf answer;
};

/* Goes on with a hop whose other side has moved; false: it is not paused, or has to stay so. */
bool request_go_on(struct request *request);

/* The next step of one that is due; may end and free it. */
void request_advance(struct request *request);

/* libcurl is done with the hop; may end and free it. */
void request_conclude_hop(struct request *request, CURLcode result);

/* Ends it: takes `error`, NULL when there is an answer, and calls done(), which may free it. */
void request_end(struct request *request, struct error *error);

/* The same for an error, which gets the method and the URL put before it. */
void request_end_with(struct request *request, struct error *error);

bool request_is_read(const struct request *request); /* GET or HEAD */
const char *request_method_name(const struct request *request);
uint64_t request_upload_bytes(const struct request *request);

/* A struct body takes what this hop's answer carries. */
bool request_feeds_body(const struct request *request);

/* A 206 has the bytes that were asked for, or the first of them, of content as long as expected. */
bool request_has_right_part(const struct request *request);

/* Tells the body where the answer's bytes start. */
int request_begin_body(struct request *request, struct error **err);

void request_send_or_end(struct request *request);
void request_end_body(struct request *request); /* and with it the request */

/* A new attempt; `asked_ms` as in retry.h.  False: nobody waits that long. */
bool request_repeat_later(struct request *request, int64_t asked_ms, const char *why);

/* Whether this hop went through a proxy; with libcurl before 8.7: whether it may have. */
bool request_used_proxy(const struct request *request);

/* The same attempt, with other credentials. */
void request_repeat_now(struct request *request);

/* request_judge.c: repeats, goes elsewhere or ends, which may free it. */
void request_judge_failure(struct request *request, CURLcode result);
void request_judge_answer(struct request *request);

/* request_send.c */
int request_send(struct request *request, struct error **err);
void request_unsend(struct request *request); /* takes it back from libcurl */

/* request_receive.c */
void request_set_callbacks(struct request *request);

void request_bury(struct request *request);

#endif
