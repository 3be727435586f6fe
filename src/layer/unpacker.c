/* SPDX-License-Identifier: Apache-2.0 */
#include "layer/unpacker.h"

#include <inttypes.h>
#include <stdint.h>

#include "base/error.h"
#include "base/trace.h"
#include "base/xalloc.h"
#include "sandbox/channel.h"
#include "sandbox/helper.h"

/* Of the helper's processor time; it says how much it has used so far. */
struct used {
	const char *name;
	unsigned trace_row;
	uint64_t us;
};

struct unpacker {
	struct helper *helper;
	int64_t layer_begun_us;
	struct used used[2];
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
	unpacker->layer_begun_us = trace_now_us();
	unpacker->used[0] = (struct used){ "inflate", trace_row("inflate"), 0 };
	unpacker->used[1] = (struct used){ "write", trace_row("write"), 0 };
	return unpacker;
}

int
unpacker_send(struct unpacker *unpacker, const struct digest *diff_id, int fd, struct error **err)
{
	return helper_send_file(unpacker->helper, digest_text(diff_id).text, fd, err);
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
	int64_t ended_us;

	if (helper_receive(unpacker->helper, &message, &last, err) < 0)
		return -1;
	if (last && unpack_result_get(&message, ret_result, err) < 0)
		return -1;
	*ret_ended = last;
	if (last)
		return 0;
	/* The spans start at the layer's begin: what matters is their length beside it. */
	ended_us = trace_now_us();
	for (size_t i = 0; i < 2; i++) {
		struct used *used = &unpacker->used[i];
		uint64_t now_us = 0;

		if (message_get_number(&message, &now_us, err) < 0)
			return -1;
		if (now_us >= used->us && now_us - used->us < INT32_MAX)
			trace_span(used->name, used->trace_row, unpacker->layer_begun_us,
				   unpacker->layer_begun_us + (int64_t)(now_us - used->us),
				   "processor time for one layer, which took %" PRId64 " ms",
				   (ended_us - unpacker->layer_begun_us) / 1000);
		used->us = now_us;
	}
	unpacker->layer_begun_us = ended_us;
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
