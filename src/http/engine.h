/* SPDX-License-Identifier: Apache-2.0 */
/* engine.h - many HTTP requests at once on one thread
 *
 * The thread that calls engine_wait() or engine_step() runs libcurl and all callbacks of requests:
 * bodies, authorizers, done functions.  Hashing happens on it too: on two cores a thread for it
 * costs more than it gains.  Only these two functions block.
 */
#ifndef OCIFP_HTTP_ENGINE_H
#define OCIFP_HTTP_ENGINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"

struct engine;
struct error;
struct observer;
struct request;
struct watched;

struct engine_options {
	const char *ca_file;          /* NULL: the system's */
	const char *certificate_file; /* client certificate and key, PEM; NULL: none */
	const char *key_file;
	bool insecure_tls; /* do not verify certificates; one notice says so */
	const char *const
		*plain_http_hosts; /* NULL-terminated "host[:port]"; loopback is always allowed */
	unsigned connections_per_host; /* 0: CONNECTIONS_LIMIT_COUNT */
	int64_t deadline_ms;           /* the user's --timeout; 0: none; past it: ERROR_TIMEOUT */
	int64_t backoff_first_ms;      /* 0: BACKOFF_FIRST_MS; tests shorten it */
	const char *user_agent;
	struct observer *observer;
};

struct engine *engine_new(const struct engine_options *options, struct error **err);

/* Drives all requests until this one has ended.  Returns -1 only when the loop itself fails; see
 * request_take_error() for the request's own result. */
int engine_wait(struct engine *engine, struct request *request, struct error **err);

/* One turn: handles what is ready, and waits at most `most_ms` for it, or until a descriptor of
 * `also` (may be NULL) is readable. */
int engine_step(struct engine *engine, const struct watched *also, int most_ms, struct error **err);

/* The number of requests that have not ended. */
unsigned engine_pending(const struct engine *engine);
struct observer *engine_observer(const struct engine *engine);

/* Whether plain http may be used to this host: loopback, or named by the user. */
bool engine_allows_plain_http(const struct engine *engine, const char *host_and_port);

void engine_free(struct engine *engine); /* after all its requests */
DEFINE_CLEANUP(struct engine, engine_free)
#define AUTO_ENGINE CLEANUP(engine_free_at)

#endif
