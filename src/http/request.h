/* request.h - one HTTP request with everything that may happen to it
 *
 *                     +-----------<------------ back off <----------+
 *                     v                                             |
 *     new -> authorize -> send -> redirect? -> challenged? -> retry? -> ended -> done()
 *               |  ^       ^         |             |
 *             parked       +----<----+------<------+
 *
 * A redirect goes to another URL without the credentials unless the origin (scheme, host, port)
 * stays the same; https never falls to http; at most REDIRECTS_LIMIT_COUNT.  What is retried, and
 * how long after: retry.h.  A GET whose body breaks off goes on with a closed Range; a signed
 * URL that was redirected to is never asked twice: a new attempt starts at the first URL.
 */
#ifndef OCIFP_HTTP_REQUEST_H
#define OCIFP_HTTP_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"

struct authorizer;
struct body;
struct buf;
struct engine;
struct error;
struct pace;
struct request;
struct retry_tally;
struct source;

enum http_method { HTTP_GET, HTTP_HEAD, HTTP_POST, HTTP_PUT, HTTP_PATCH, HTTP_DELETE };

enum request_flags {
	REQUEST_NO_REDIRECT = 1 << 0, /* a 3xx is the answer (referrers, uploads) */
	REQUEST_NO_RETRY = 1 << 1,    /* one attempt: probes, and what must not happen twice */
	REQUEST_UNTIMED = 1 << 2,     /* carries a blob: only stalls end it */
};

struct request_options {
	enum http_method method;
	const char *url;
	const char *accept;          /* NULL: none */
	const char *content_type;    /* of the source */
	const char *const *headers;  /* more, "Name: value", NULL-terminated; NULL: none */
	const struct source *source; /* what is sent, borrowed; NULL: nothing */
	uint64_t source_first;       /* send these bytes of it, first .. end-1; */
	uint64_t source_end;         /* 0, 0: all */
	struct body *body;           /* takes a 200 or 206, borrowed; NULL: request_body() has it */
	size_t body_limit_bytes;     /* of what request_body() keeps; 0: MANIFEST_LIMIT_BYTES */
	struct authorizer *authorizer; /* borrowed; NULL: no credentials */
	unsigned flags;
	struct pace *pace;    /* of the host's writes, borrowed: slows all but GET and HEAD */
	int64_t delay_ms;     /* sent no sooner */
	const char *named_by; /* the URL whose answer named this one (realm, upload, link), for
			       * address.h; NULL: the user did */
};

/* Called once, on the engine's thread, when the request has ended; may start others and may free
 * this one. */
typedef void request_done(void *context, struct request *request);

/* It is sent by the next engine_step(); `done` may be NULL for a caller that uses engine_wait().
 * NULL: the URL cannot be used (origin.h), or is plain http to a host that may not. */
struct request *request_start(struct engine *engine, const struct request_options *options,
			      request_done *done, void *context, struct error **err);

/* Start and wait: NULL only when there was no HTTP answer at all (or a body failed).  A body that
 * is complete from the start is ended without a request: status 0. */
struct request *request_perform(struct engine *engine, const struct request_options *options,
				struct error **err);

bool request_has_ended(const struct request *request);

/* Why there is no answer (network, TLS, body, retry budget of resets), the caller's to free; NULL
 * when there is one, whatever its status. */
struct error *request_take_error(struct request *request);

int request_status(const struct request *request);      /* the last answer's; 0: none */
const char *request_url(const struct request *request); /* the first one */

/* NULL: none.  `request_header_count` tells of repeated ones; `index` 0 is the first. */
const char *request_header(const struct request *request, const char *name);
size_t request_header_count(const struct request *request, const char *name);
const char *request_header_at(const struct request *request, const char *name, size_t index);

/* The body that no struct body took: of a 2xx without one, or the first ERROR_BODY_LIMIT_BYTES of
 * any other status.  Never NULL. */
const struct buf *request_body(const struct request *request);

/* Puts before an error about the content what the answer's headers tell of it: a web page, or a
 * Content-Encoding that was not asked for.  Returns -1. */
int request_explain_content(const struct request *request, struct error **err);

/* How often it may have been carried out: sent, by us or by libcurl on another connection, and not
 * refused.  More than once: what the last answer is about, an earlier sending may have done. */
unsigned request_sendings(const struct request *request);
bool request_was_challenged(const struct request *request); /* a 401 came before the answer */
bool request_was_authorized(const struct request *request); /* the answer's request had one */
bool request_is_single(const struct request *request);      /* REQUEST_NO_RETRY */
bool request_left_origin(const struct request *request);    /* a redirect led to who answered */

/* How long to wait before what ended so is begun anew: what the answer asks for, or as retry.h has
 * it.  -1: longer than anyone waits. */
int64_t request_pause_ms(const struct request *request, const struct retry_tally *tally);

/* Cancels it when it has not ended; done is not called then. */
void request_free(struct request *request);
DEFINE_CLEANUP(struct request, request_free)
#define AUTO_REQUEST CLEANUP(request_free_at)

/*
 * Who gives a request its Authorization header.  Asked for each attempt, for the origin of the
 * first URL alone.
 */
enum authorization {
	AUTHORIZATION_READY,  /* *ret_header is "Authorization: ..." (the caller frees), or NULL */
	AUTHORIZATION_PARKED, /* call request_resume() when it can be asked again */
	AUTHORIZATION_REFUSED /* *err says why: the request ends with it */
};

struct authorizer_ops {
	enum authorization (*authorize)(struct authorizer *authorizer, struct request *request,
					char **ret_header, struct error **err);

	/* After a 401, and a 403 whose challenge says insufficient_scope; at most once per
	 * attempt.  True: authorize() and send again; false: the answer stands. */
	bool (*challenged)(struct authorizer *authorizer, struct request *request);

	/* The request ends while parked. */
	void (*forget)(struct authorizer *authorizer, struct request *request);
};

struct authorizer {
	const struct authorizer_ops *ops;
};

void request_resume(struct request *request);

#endif
