/* SPDX-License-Identifier: Apache-2.0 */
#include "registry_room.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "auth_home.h"
#include "base/error.h"
#include "base/xalloc.h"
#include "http/engine.h"
#include "oci/digest.h"
#include "oci/reference.h"

static void
hear(struct observer *observer, const struct event *event)
{
	struct room *room = (struct room *)observer;

	if (event->kind == EVENT_NOTICE)
		strings_add(&room->notices, event->text);
}

int
enter_room(void **state)
{
	struct room *room = XNEW(struct room);
	void *home = NULL;

	if (enter_home(&home) < 0)
		return -1;
	room->home = home;
	room->observer.hear = hear;
	http_server_start(&room->server);
	*state = room;
	return 0;
}

static void
stop(struct room *room)
{
	registry_free(TAKE_PTR(room->registry));
	engine_free(TAKE_PTR(room->engine));
}

int
leave_room(void **state)
{
	struct room *room = *state;
	void *home = room->home;

	stop(room);
	http_server_stop(&room->server);
	strings_release(&room->notices);
	free(room->login_host);
	free(room);
	return leave_home(&home);
}

void
room_start(struct room *room)
{
	struct engine_options options = { .user_agent = "test",
					  .backoff_first_ms = 1,
					  .observer = &room->observer };
	AUTO_FREE char *name = xasprintf("127.0.0.1:%u/app", room->server.port);
	AUTO_REFERENCE struct reference reference = { 0 };
	AUTO_ERROR struct error *err = NULL;

	assert_int_equal(reference_parse(name, &reference, &err), 0);
	free(room->login_host);
	room->login_host = xstrdup(reference.host);
	room->options.login_host = room->login_host;
	room->engine = engine_new(&options, &err);
	assert_non_null(room->engine);
	room->registry = registry_new(room->engine, &room->options, &err);
	assert_non_null(room->registry);
	room->endpoint = endpoint_open(room->registry, &reference, &err);
	assert_non_null(room->endpoint);
}

void
room_rerun(struct room *room)
{
	stop(room);
	room_start(room);
}

void
room_answer(struct room *room, const char *answer)
{
	http_server_answer(&room->server, answer);
}

size_t
room_request_count(struct room *room)
{
	return http_server_request_count(&room->server);
}

void
assert_request(struct room *room, size_t index, const char *start)
{
	AUTO_FREE char *request = http_server_request(&room->server, index);

	/* The hexadecimal digits of percent-encoding are in either case. */
	if (strncasecmp(request, start, strlen(start)) != 0)
		fail_msg("request %zu is '%.200s', not '%s'", index, request, start);
}

void
assert_request_has(struct room *room, size_t index, const char *text)
{
	AUTO_FREE char *request = http_server_request(&room->server, index);

	if (!strstr(request, text))
		fail_msg("request %zu lacks '%s': %.900s", index, text, request);
}

void
assert_request_lacks(struct room *room, size_t index, const char *text)
{
	AUTO_FREE char *request = http_server_request(&room->server, index);

	if (strcasestr(request, text))
		fail_msg("request %zu has '%s': %.900s", index, text, request);
}

const struct digest *
room_digest(const char *reference, struct digest *storage)
{
	AUTO_ERROR struct error *ignored = NULL;

	return digest_parse(reference, storage, &ignored) == 0 ? storage : NULL;
}
