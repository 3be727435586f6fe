/* SPDX-License-Identifier: Apache-2.0 */
/* What a helper that was taken over may send, and what the program reads of it. */
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/text.h"
#include "fuzz.h"
#include "layer/listed.h"
#include "layer/unpack_request.h"
#include "sandbox/channel.h"

static void
read_failure(struct message *message)
{
	AUTO_ERROR struct error *err = NULL;

	message->read_bytes = 0;
	INSIST(message_get_error(message, &err) == -1 && err);
	for (const char *at = error_text(err); *at; at++)
		INSIST(!text_is_harmful((unsigned char)*at) || (unsigned char)*at >= 0x80);
}

static void
read_message(struct message *message)
{
	AUTO_ERROR struct error *listed_err = NULL;
	AUTO_ERROR struct error *result_err = NULL;
	AUTO_ERROR struct error *request_err = NULL;
	struct listed listed;
	struct unpack_result result;
	struct unpack_request request;

	(void)listed_get(message, &listed, &listed_err);
	message->read_bytes = 0;
	(void)unpack_result_get(message, &result, &result_err);
	message->read_bytes = 0;
	(void)unpack_request_get(message, &request, &request_err);
	read_failure(message);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_MESSAGE struct message message = MESSAGE_INIT(0);
	AUTO_ERROR struct error *err = NULL;
	bool ended = false;
	int fds[2];

	if (size > 64 * KIB)
		return 0;
	INSIST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0);
	INSIST(fd_write_all(fds[0], data, size, "channel", &err) == 0);
	close(fds[0]);
	while (!ended && message_receive(fds[1], &message, &ended, &err) == 0)
		if (!ended)
			read_message(&message);
	close(fds[1]);
	return 0;
}
