/* SPDX-License-Identifier: Apache-2.0 */
/* http_fixture.h - a server, another origin, and an engine that does not wait long */
#ifndef OCIFP_TESTS_HTTP_FIXTURE_H
#define OCIFP_TESTS_HTTP_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/error.h"
#include "http/engine.h"
#include "http/request.h"
#include "http_server.h"
#include "stream/body.h"

#define ANSWER(status, fields, body) \
	"HTTP/1.1 " status "\r\nConnection: close\r\n" fields "\r\n" body
#define OK_HELLO ANSWER("200 OK", "Content-Length: 5\r\n", "hello")

/* Ten bytes to come, kept across responses as a store would. */
struct blob_body {
	struct body body;
	char bytes[10];
	uint64_t have;
	unsigned begins;
	bool ended;
};

struct fixture {
	struct http_server server;
	struct http_server other;
	struct engine *engine;
	struct blob_body blob;
};

#define FIXTURE_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int set_up(void **state);
int tear_down(void **state);

/* All ask for "/a"; the options' own url is not looked at. */
struct request *perform(struct fixture *self, struct request_options options, struct error **err);
struct request *get(struct fixture *self, struct error **err);
struct request *get_blob(struct fixture *self, struct error **err);

void assert_sent(struct http_server *server, size_t index, const char *part);
void assert_not_sent(struct http_server *server, size_t index, const char *part);
void assert_class(const struct error *error, enum error_kind kind, const char *class_name);

/* Authorization for all, and an answer to challenges. */
struct test_authorizer {
	struct authorizer authorizer;
	bool parks;
	unsigned asked;
	unsigned challenges;
	unsigned forgotten;
	struct request *parked;
};

extern const struct authorizer_ops test_authorizer_ops;

#endif
