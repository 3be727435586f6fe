/* SPDX-License-Identifier: Apache-2.0 */
#include "layer/unpacker.h"

#include "base/error.h"
#include "base/xalloc.h"
#include "sandbox/channel.h"
#include "sandbox/helper.h"

struct unpacker {
	struct helper *helper;
};

static struct helper *
start(int tree_fd, int record_fd, const struct unpack_request *request, struct error **err)
{
	const int fds[] = { tree_fd, record_fd };
	AUTO_MESSAGE struct message message;
	const struct helper_start start = {
		.verb = "unpack",
		.fds = fds,
		.fd_count = record_fd >= 0 ? 2 : 1,
		.request = &message,
		.map = &request->map,
	};
	struct unpack_request complete = *request;

	complete.has_record = record_fd >= 0;
	helper_request_init(&message);
	unpack_request_put(&message, &complete);
	return helper_start(&start, err);
}

struct unpacker *
unpacker_start(int tree_fd, int record_fd, const struct unpack_request *request, struct error **err)
{
	struct helper *helper = start(tree_fd, record_fd, request, err);
	struct unpacker *unpacker;

	if (!helper)
		return NULL;
	unpacker = XNEW(struct unpacker);
	unpacker->helper = helper;
	return unpacker;
}

int
unpacker_send(struct unpacker *unpacker, const struct digest *diff_id, int fd, struct error **err)
{
	AUTO_MESSAGE struct message message = MESSAGE_INIT(MESSAGE_LAYER);
	AUTO_ERROR struct error *failure = NULL;
	int channel_fd = helper_poll_fd(unpacker->helper);

	message_put_text(&message, digest_text(diff_id).text);
	if (message_send(channel_fd, &message, &failure) == 0 &&
	    message_send_fd(channel_fd, fd, &failure) == 0)
		return 0;
	/* The helper has ended; unpacker_receive() then reads the reason. */
	if (error_is(failure, ERROR_LOCAL))
		return 0;
	return error_pass(err, TAKE_PTR(failure));
}

int
unpacker_poll_fd(const struct unpacker *unpacker)
{
	return helper_poll_fd(unpacker->helper);
}

int
unpacker_note_wait(struct unpacker *unpacker, int waited_ms, struct error **err)
{
	return helper_note_wait(unpacker->helper, waited_ms, err);
}

int
unpacker_receive(struct unpacker *unpacker, bool *ret_ended, struct unpack_result *ret_result,
		 struct error **err)
{
	AUTO_MESSAGE struct message message = MESSAGE_INIT(0);
	bool last = false;

	if (helper_receive(unpacker->helper, &message, &last, err) < 0)
		return -1;
	if (last && unpack_result_get(&message, ret_result, err) < 0)
		return -1;
	*ret_ended = last;
	return 0;
}

void
unpacker_free(struct unpacker *unpacker)
{
	if (!unpacker)
		return;
	helper_free(unpacker->helper);
	free(unpacker);
}

int
unpacker_empty(int tree_fd, const struct id_map *map, struct error **err)
{
	AUTO_MESSAGE struct message request;
	AUTO_MESSAGE struct message answer = MESSAGE_INIT(0);
	AUTO_HELPER struct helper *helper = NULL;
	const struct helper_start start = {
		.verb = "remove",
		.fds = &tree_fd,
		.fd_count = 1,
		.request = &request,
		.map = map,
	};
	bool last = false;

	helper_request_init(&request);
	id_map_put(&request, map);
	helper = helper_start(&start, err);
	return helper ? helper_receive(helper, &answer, &last, err) : -1;
}
