/* SPDX-License-Identifier: Apache-2.0 */
/* http_server.h - a server for tests that answers with given bytes, one request a connection */
#ifndef OCIFP_TESTS_HTTP_SERVER_H
#define OCIFP_TESTS_HTTP_SERVER_H

#include <pthread.h>

#include "base/strings.h"

struct http_server {
	int listener;
	unsigned port;
	pthread_t thread;
	pthread_mutex_t lock; /* guards the rest */
	struct strings answers;
	struct strings requests; /* head and body as they came */
};

void http_server_start(struct http_server *server);

/* The next answer, verbatim; after it the connection is closed.  The last one goes on being given.
 * "{PORT}" becomes our own port. */
void http_server_answer(struct http_server *server, const char *answer);

/* "http://127.0.0.1:<port><path>"; the caller owns it. */
char *http_server_url(const struct http_server *server, const char *path);
size_t http_server_request_count(struct http_server *server);

/* Request number `index`; "" when there was none.  The caller owns it. */
char *http_server_request(struct http_server *server, size_t index);
void http_server_stop(struct http_server *server);

#endif
