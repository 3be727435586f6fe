/* SPDX-License-Identifier: Apache-2.0 */
/* registry_room.h - a scripted registry, and a client that asks it, for one test */
#ifndef OCIFP_TESTS_REGISTRY_ROOM_H
#define OCIFP_TESTS_REGISTRY_ROOM_H

#include "base/observer.h"
#include "base/strings.h"
#include "http_server.h"
#include "registry/registry.h"

#define ANSWER(status, fields, body) \
	"HTTP/1.1 " status "\r\nConnection: close\r\n" fields "\r\n" body
#define EMPTY(status) ANSWER(status, "Content-Length: 0\r\n", "")
#define JSON(status, body) ANSWER(status, "Content-Type: application/json\r\n", body)
#define ERRORS(code) "{\"errors\": [{\"code\": \"" code "\", \"message\": \"said so\"}]}"
#define CHALLENGE(more) \
	ANSWER("401 Unauthorized", \
	       "Content-Length: 0\r\nWWW-Authenticate: Bearer " \
	       "realm=\"http://127.0.0.1:{PORT}/token\",service=\"rig\"" more "\r\n", \
	       "")
#define TOKEN(text) JSON("200 OK", "{\"token\": \"" text "\", \"expires_in\": 300}")

#define MANIFEST_TEXT \
	"{\"schemaVersion\":2,\"config\":{\"mediaType\":\"application/vnd.oci.empty.v1+json\"," \
	"\"digest\":" \
	"\"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a\"," \
	"\"size\":2},\"layers\":[]}"
#define MANIFEST(fields) \
	ANSWER("200 OK", \
	       "Content-Type: application/vnd.oci.image.manifest.v1+json; " \
	       "charset=utf-8\r\n" fields, \
	       MANIFEST_TEXT)

struct digest;
struct room {
	struct observer observer; /* first: its events find the room */
	char *home;
	struct http_server server;
	struct strings notices;
	struct registry_options options;
	char *login_host; /* that of the endpoint */
	struct engine *engine;
	struct registry *registry; /* of this run; room_rerun() makes another */
	struct endpoint *endpoint; /* "127.0.0.1:<port>/app" */
};

/* cmocka fixtures.  The options may be changed before the first room_start(). */
int enter_room(void **state);
int leave_room(void **state);

void room_start(struct room *room);
void room_rerun(struct room *room); /* as another process would: what is kept is on disk */
void room_answer(struct room *room, const char *answer);
size_t room_request_count(struct room *room);

/* `storage` with the digest that `reference` is, NULL for a tag. */
const struct digest *room_digest(const char *reference, struct digest *storage);

/* Request `index` begins with `start` and has (or has not) `text` in it. */
void assert_request(struct room *room, size_t index, const char *start);
void assert_request_has(struct room *room, size_t index, const char *text);
void assert_request_lacks(struct room *room, size_t index, const char *text);

#endif
