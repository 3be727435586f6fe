/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/channel.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/compat.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/text.h"

struct frame {
	uint32_t type;
	uint32_t size;
};

static int
refuse(const char *why, struct error **err)
{
	return error_set(err, ERROR_FAILURE, "a message of the confined helper %s", why);
}

/* A limit of 0 marks a message that outgrew its limit; message_send() refuses it. */
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

/* *ret_size is less than `size` only at the end of the channel.  The next message may take long to
 * come (`is_begun` false); the rest of one may not, for the caller does nothing else meanwhile. */
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
		/* The other end died and left data of ours unread. */
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

/* One byte with room for a descriptor beside it; the pointers lead into the struct itself. */
struct passage {
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr alignment;
	} control;
	char byte;
	struct iovec data;
	struct msghdr header;
};

static void
passage_init(struct passage *passage)
{
	memset(passage, 0, sizeof(*passage));
	passage->data = (struct iovec){ &passage->byte, 1 };
	passage->header.msg_iov = &passage->data;
	passage->header.msg_iovlen = 1;
	passage->header.msg_control = passage->control.bytes;
	passage->header.msg_controllen = sizeof(passage->control.bytes);
}

int
message_send_fd(int fd, int passed_fd, struct error **err)
{
	struct passage passage;
	struct cmsghdr *rights;
	ssize_t sent;

	passage_init(&passage);
	rights = CMSG_FIRSTHDR(&passage.header);
	rights->cmsg_level = SOL_SOCKET;
	rights->cmsg_type = SCM_RIGHTS;
	rights->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(rights), &passed_fd, sizeof(int));
	do
		sent = sendmsg(fd, &passage.header, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	return sent == 1 ? 0 : error_set_errno(err, errno, "cannot pass a descriptor on");
}

int
message_receive_fd(int fd, struct error **err)
{
	struct passage passage;
	struct cmsghdr *rights;
	int passed_fd = -1;
	ssize_t got;

	passage_init(&passage);
	do
		got = recvmsg(fd, &passage.header, MSG_CMSG_CLOEXEC);
	while (got < 0 && errno == EINTR);
	rights = got == 1 ? CMSG_FIRSTHDR(&passage.header) : NULL;
	if (!rights || rights->cmsg_level != SOL_SOCKET || rights->cmsg_type != SCM_RIGHTS ||
	    rights->cmsg_len != CMSG_LEN(sizeof(int)))
		return error_set(err, ERROR_FAILURE, "a descriptor is missing");
	memcpy(&passed_fd, CMSG_DATA(rights), sizeof(int));
	return passed_fd;
}

void
message_put_error(struct message *message, const struct error *error)
{
	const char *name = error_class(error);
	const char *hint = error_hint(error);

	message_put_number(message, error_kind(error));
	message_put_text(message, name ? name : "");
	message_put_text(message, error_text(error));
	message_put_text(message, hint ? hint : "");
}

/* The classes that a helper may report.  Others stand for a registry's answer, and callers act on
 * them. */
static enum error_class
known_class(const char *name)
{
	enum error_class parsed = error_class_parse(name);

	switch (parsed) {
	case CLASS_COMPRESSED:
	case CLASS_DIGEST:
	case CLASS_LIMIT:
	case CLASS_NEEDS_FLAT:
	case CLASS_NO_USERNS:
	case CLASS_SPACE:
	case CLASS_UNSUPPORTED:
		return parsed;
	default:
		return CLASS_NONE;
	}
}

/* Quotes the text again.  An honest child quoted foreign parts already, so its backslashes, doubled
 * by this, become single ones. */
static char *
harmless(const char *text)
{
	char *quoted = text_quote_string(text);
	char *to = quoted;

	for (const char *from = quoted; *from; from++) {
		*to++ = *from;
		if (from[0] == '\\' && from[1] == '\\')
			from++;
	}
	*to = '\0';
	return quoted;
}

int
message_get_error(struct message *message, struct error **err)
{
	uint64_t kind = 0;
	const char *name = NULL;
	const char *text = NULL;
	const char *hint = NULL;
	AUTO_FREE char *shown = NULL;
	AUTO_FREE char *shown_hint = NULL;

	if (message_get_number(message, &kind, err) < 0 ||
	    message_get_text(message, &name, err) < 0 ||
	    message_get_text(message, &text, err) < 0 || message_get_text(message, &hint, err) < 0)
		return -1;
	shown = harmless(text);
	shown_hint = harmless(hint);
	error_set(err,
		  kind == ERROR_CONTENT || kind == ERROR_LOCAL ? (enum error_kind)kind
							       : ERROR_FAILURE,
		  "%s", shown);
	error_set_class(err, known_class(name));
	if (*shown_hint)
		error_set_hint(err, "%s", shown_hint);
	return -1;
}
