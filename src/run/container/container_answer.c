/* SPDX-License-Identifier: Apache-2.0 */
#include "run/container/container_answer.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include <jansson.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "oci/document.h"

static void
send_object(int fd, json_t *object)
{
	AUTO_JSON json_t *taken = object;
	AUTO_FREE char *text = json_dumps(taken, JSON_COMPACT);

	if (text)
		(void)send(fd, text, strlen(text), MSG_NOSIGNAL);
}

void
container_answer_ready(int fd)
{
	send_object(fd, json_pack("{s:b}", "ready", 1));
}

void
container_answer_send(int fd, int status, const struct error *error)
{
	if (!error) {
		send_object(fd, json_pack("{s:i}", "status", status));
		return;
	}
	send_object(fd, json_pack("{s:{s:i, s:s, s:s?, s:s?}}", "error", "kind",
				  (int)error_kind(error), "text", error_text(error), "class",
				  error_class(error), "hint", error_hint(error)));
}

static int
take_error(const json_t *object, struct error **err)
{
	json_int_t kind = json_integer_value(json_object_get(object, "kind"));
	const char *text = json_string_value(json_object_get(object, "text"));
	const char *name = json_string_value(json_object_get(object, "class"));
	const char *hint = json_string_value(json_object_get(object, "hint"));

	if (kind < 0 || kind >= ERROR_KIND_COUNT || kind == ERROR_ABSENT)
		kind = ERROR_FAILURE;
	error_set(err, (enum error_kind)kind, "%s", text ? text : "the job could not be started");
	error_set_class(err, error_class_parse(name));
	return hint ? error_set_hint(err, "%s", hint) : -1;
}

/* NULL: nothing came. */
static json_t *
receive(int fd, struct error **err)
{
	AUTO_FREE char *packet = xcalloc(1, ANSWER_LIMIT_BYTES);
	ssize_t size;

	do
		size = recv(fd, packet, ANSWER_LIMIT_BYTES, 0);
	while (size < 0 && errno == EINTR);
	return size > 0 ? document_parse(packet, (size_t)size, err) : NULL;
}

int
container_answer_receive(int fd, int status, int *ret_status, struct error **err)
{
	AUTO_ERROR struct error *unread = NULL;
	AUTO_JSON json_t *object = receive(fd, &unread);
	const json_t *error = json_object_get(object, "error");
	const json_t *said = json_object_get(object, "status");

	if (error)
		return take_error(error, err);
	if (!json_is_integer(said))
		return error_set(err, ERROR_FAILURE, "the job's monitor ended early, status %d",
				 status);
	*ret_status = (int)json_integer_value(said);
	return 0;
}

int
container_answer_await_ready(int fd, struct error **err)
{
	AUTO_ERROR struct error *unread = NULL;
	AUTO_JSON json_t *object = receive(fd, &unread);
	const json_t *error = json_object_get(object, "error");

	if (json_object_get(object, "ready"))
		return 0;
	if (error)
		return take_error(error, err);
	return error_set(err, ERROR_FAILURE, "the job's monitor ended early");
}
