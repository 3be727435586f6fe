/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/channel.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"

struct frame {
	uint32_t type;
	uint32_t size;
};

static int
refuse(const char *why, struct error **err)
{
	return error_set(err, ERROR_FAILURE, "a message of the confined helper %s", why);
}

/* A message that outgrew its limit is too long for good. */
static void
put(struct message *message, const void *bytes, size_t size)
{
	AUTO_ERROR struct error *full = NULL;

	if (buf_append(&message->payload, bytes, size, &full) < 0)
		message->payload.limit = 0;
}

void
message_put_number(struct message *message, uint64_t number)
{
	put(message, &number, sizeof(number));
}

void
message_put_text(struct message *message, const char *text)
{
	message_put_number(message, strlen(text));
	put(message, text, strlen(text) + 1);
}

void
message_put_bytes(struct message *message, const void *bytes, size_t size)
{
	message_put_number(message, size);
	put(message, bytes, size);
}

int
message_send(int fd, const struct message *message, struct error **err)
{
	struct frame frame = { message->type, (uint32_t)message->payload.size };

	if (message->payload.limit == 0)
		return refuse("is too long", err);
	if (fd_write_all(fd, &frame, sizeof(frame), "the helper's channel", err) < 0)
		return -1;
	return fd_write_all(fd, message->payload.data, frame.size, "the helper's channel", err);
}

/* *ret_size is less than asked for at the end alone.  A message may be long in coming, but not
 * half of one: who waits has more to do. */
static int
read_whole(int fd, void *bytes, size_t size, bool is_begun, size_t *ret_size, struct error **err)
{
	size_t got = 0;

	while (got < size) {
		ssize_t count = read(fd, (char *)bytes + got, size - got);

		if (count < 0 && (errno == EINTR || (errno == EAGAIN && !is_begun && got == 0)))
			continue;
		if (count < 0 && errno == EAGAIN)
			return refuse("stopped half-way", err);
		/* What the other end did not read when it died comes back as a reset. */
		if (count < 0 && errno != ECONNRESET)
			return error_set_errno(err, errno, "cannot read the helper's channel");
		if (count <= 0)
			break;
		got += (size_t)count;
	}
	*ret_size = got;
	return 0;
}

static int
receive_payload(int fd, struct message *message, size_t size, struct error **err)
{
	char part[4 * KIB];
	size_t got = 0;

	for (size_t left = size; left > 0; left -= got) {
		size_t wanted = left < sizeof(part) ? left : sizeof(part);

		if (read_whole(fd, part, wanted, true, &got, err) < 0)
			return -1;
		if (got < wanted)
			return refuse("was cut short", err);
		if (buf_append(&message->payload, part, got, err) < 0)
			return -1;
	}
	return 0;
}

int
channel_set_timeout(int fd, int timeout_ms, struct error **err)
{
	const struct timeval timeout = {
		.tv_sec = timeout_ms / 1000,
		.tv_usec = timeout_ms % 1000 * 1000L,
	};

	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)) < 0)
		return error_set_errno(err, errno, "cannot set up the helper's channel");
	return 0;
}

int
message_receive(int fd, struct message *message, bool *ret_ended, struct error **err)
{
	struct frame frame;
	size_t got = 0;

	buf_clear(&message->payload);
	message->read_bytes = 0;
	if (read_whole(fd, &frame, sizeof(frame), false, &got, err) < 0)
		return -1;
	*ret_ended = got == 0;
	if (got == 0)
		return 0;
	if (got < sizeof(frame))
		return refuse("was cut short", err);
	if (frame.size > MESSAGE_LIMIT_BYTES)
		return refuse("is too long", err);
	message->type = frame.type;
	return receive_payload(fd, message, frame.size, err);
}

static const char *
take(struct message *message, size_t size)
{
	const char *at;

	if (message->payload.size == 0 || size > message->payload.size - message->read_bytes)
		return NULL;
	at = message->payload.data + message->read_bytes;
	message->read_bytes += size;
	return at;
}

int
message_get_number(struct message *message, uint64_t *ret_number, struct error **err)
{
	const char *bytes = take(message, sizeof(*ret_number));

	if (!bytes)
		return refuse("lacks a number", err);
	memcpy(ret_number, bytes, sizeof(*ret_number));
	return 0;
}

int
message_get_text(struct message *message, const char **ret_text, struct error **err)
{
	uint64_t size = 0;
	const char *text;

	if (message_get_number(message, &size, err) < 0)
		return -1;
	text = size < MESSAGE_LIMIT_BYTES ? take(message, (size_t)size + 1) : NULL;
	if (!text || strnlen(text, (size_t)size + 1) != size)
		return refuse("lacks a text", err);
	*ret_text = text;
	return 0;
}

int
message_get_bytes(struct message *message, const void **ret_bytes, size_t *ret_size,
		  struct error **err)
{
	uint64_t size = 0;
	const char *bytes;

	if (message_get_number(message, &size, err) < 0)
		return -1;
	bytes = size <= MESSAGE_LIMIT_BYTES ? take(message, (size_t)size) : NULL;
	if (!bytes)
		return refuse("lacks bytes", err);
	*ret_bytes = bytes;
	*ret_size = (size_t)size;
	return 0;
}

void
message_release(struct message *message)
{
	buf_release(&message->payload);
}
