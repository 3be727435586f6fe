/* SPDX-License-Identifier: Apache-2.0 */
/* request.h - one HTTP request with its redirects, challenges and retries
 *
 *                     +-----------<------------ back off <----------+
 *                     v                                             |
 *     new -> authorize -> send -> redirect? -> challenged? -> retry? -> ended -> done()
 *               |  ^       ^         |             |
 *             parked       +----<----+------<------+
 *
 * A redirect to another origin (scheme, host, port) carries no credentials; https is never followed
 * by http; at most REDIRECTS_LIMIT_COUNT redirects.  retry.h says what is retried and when.  A GET
 * whose body breaks off continues with a closed Range.  A new attempt starts at the first URL: the
 * target of a redirect, often a signed URL, is not used again.
 */
#ifndef OCIFP_HTTP_REQUEST_H
#define OCIFP_HTTP_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "http/address.h"

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
	REQUEST_NO_REDIRECT = 1 << 0, /* return a 3xx as the answer (referrers, uploads) */
	REQUEST_NO_RETRY =
		1 << 1, /* one attempt: probes, and requests that must not be sent twice */
	REQUEST_NEW_CONNECTION = 1 << 3, /* another server behind the same name may answer */
	REQUEST_IMPATIENT = 1 << 4,      /* to a mirror: a short time to connect and for stalls */
	REQUEST_PATIENT = 1 << 5,        /* to a mirror that has to fetch the content itself */
	REQUEST_UNTIMED = 1 << 2,        /* carries a blob: no time limit but for stalls */
};

/* Where a request ended up after its redirects. */
struct landing {
	char *url; /* NULL: unknown */
	unsigned redirects;
	bool has_left_origin;
	enum address_scope from_scope;
};

void landing_release(struct landing *landing);

struct request_options {
	enum http_method method;
	const char *url;
	const char *accept;          /* NULL: none */
	const char *content_type;    /* of the source */
	const char *const *headers;  /* others, "Name: value", NULL-terminated; NULL: none */
	const struct source *source; /* the content to send, borrowed; NULL: none */
	uint64_t source_first;       /* send these bytes of it, first .. end-1; */
	uint64_t source_end;         /* 0, 0: all */
	struct body *body;           /* receives a 200 or 206, borrowed; NULL: see request_body() */
	size_t body_limit_bytes;     /* of request_body(); 0: MANIFEST_LIMIT_BYTES */
	struct authorizer *authorizer; /* borrowed; NULL: no credentials */
	unsigned flags;
	const char *blob;     /* its digest, for the observer; NULL: only count the bytes */
	struct pace *pace;    /* rate limit of the host's writes, borrowed; NULL: none */
	int64_t delay_ms;     /* before it is sent */
	const char *named_by; /* the URL whose answer contained this one (realm, upload, link),
			       * for address_may_lead(); NULL: the user's own */
	const struct landing *landing; /* of a request of the same URL: start there; NULL: none */
	uint64_t *
		moved_bytes; /* of the blob by all its requests, for the observer; NULL: this one */
};

/* Called once, on the engine's thread, when the request has ended; may start others and may free
 * this one. */
typedef void request_done(void *context, struct request *request);

/* The next engine_step() sends it; `done` may be NULL for a caller that uses engine_wait().  NULL:
 * an invalid URL (origin.h), or plain http to a host that is not allowed. */
struct request *request_start(struct engine *engine, const struct request_options *options,
			      request_done *done, void *context, struct error **err);

/* Starts and waits.  NULL: no HTTP answer, or the body failed.  When the body is complete from the
 * start, nothing is sent and the status is 0. */
struct request *request_perform(struct engine *engine, const struct request_options *options,
				struct error **err);

bool request_has_ended(const struct request *request);

/* The error when there is no answer (network, TLS, body, retry limit); the caller frees it.  NULL:
 * there is an answer, of any status. */
struct error *request_take_error(struct request *request);

int request_status(const struct request *request);      /* the last answer's; 0: none */
const char *request_url(const struct request *request); /* the first one */

/* NULL: none.  `index` 0 is the first of repeated fields. */
const char *request_header(const struct request *request, const char *name);
size_t request_header_count(const struct request *request, const char *name);
const char *request_header_at(const struct request *request, const char *name, size_t index);

/* ", tried 6 times in 31 s"; "" of a single attempt.  The caller owns it. */
char *request_tries(const struct request *request);

/* The content of a 2xx without a struct body, or the first ERROR_BODY_LIMIT_BYTES of another
 * status.  Never NULL. */
const struct buf *request_body(const struct request *request);

/* Wraps an error about the content when the headers explain it: a web page, or an unrequested
 * Content-Encoding.  Returns -1. */
int request_explain_content(const struct request *request, struct error **err);

/* How often the server may have executed it: sendings, by us or by libcurl on another connection,
 * that were not refused.  With more than one, an earlier sending may have caused the last answer
 * (a 404 to DELETE, for example). */
unsigned request_sendings(const struct request *request);
bool request_was_challenged(const struct request *request); /* a 401 came before the answer */
bool request_failed_guess(const struct request *request);   /* see was_guess() below */
bool request_was_authorized(
	const struct request *request);                /* the answered request had Authorization */
bool request_is_single(const struct request *request); /* REQUEST_NO_RETRY */
void request_landing(const struct request *request, struct landing *ret_landing);
bool request_left_origin(
	const struct request *request); /* another origin answered, after a redirect */

/* The delay before the caller, with a tally of its own, repeats an operation that ended with this
 * answer: see retry.h.  -1: it does not. */
int64_t request_pause_ms(const struct request *request, struct retry_tally *tally);

/* Cancels a request that has not ended; done is then not called. */
void request_free(struct request *request);
DEFINE_CLEANUP(struct request, request_free)
#define AUTO_REQUEST CLEANUP(request_free_at)

/*
 * The provider of a request's Authorization header.  Called for each attempt, for the origin of the
 * first URL only.
 */
enum authorization {
	AUTHORIZATION_READY,  /* *ret_header is "Authorization: ..." (the caller frees), or NULL */
	AUTHORIZATION_PARKED, /* the authorizer calls request_resume() later */
	AUTHORIZATION_REFUSED /* the request ends with *err */
};

struct authorizer_ops {
	enum authorization (*authorize)(struct authorizer *authorizer, struct request *request,
					char **ret_header, struct error **err);

	/* After a 401, or a 403 whose challenge says insufficient_scope; at most once an attempt.
	 * True: authorize and send again.  False: the answer is final. */
	bool (*challenged)(struct authorizer *authorizer, struct request *request);

	/* Whether the request was sent with a guess, of which a 401, 403, 404 or a long wait (429)
	 * proves nothing: then challenged() is called, which does not count as the attempt's
	 * challenge.  NULL: never. */
	bool (*was_guess)(const struct authorizer *authorizer, const struct request *request);

	/* A parked request is freed or times out. */
	void (*forget)(struct authorizer *authorizer, struct request *request);
};

struct authorizer {
	const struct authorizer_ops *ops;
};

void request_resume(struct request *request);

/* The authorizer's number for the credential that was sent; 0 at first. */
void request_set_credential(struct request *request, unsigned credential);
unsigned request_credential(const struct request *request);

#endif
