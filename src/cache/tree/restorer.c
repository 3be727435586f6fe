/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/tree/restorer.h"

#include "base/error.h"
#include "base/xalloc.h"
#include "sandbox/channel.h"
#include "sandbox/helper.h"

struct restorer {
	struct helper *helper;
};

struct restorer *
restorer_start(int tree_fd, int head_fd, const struct restore_request *request, struct error **err)
{
	const int fds[] = { tree_fd, head_fd };
	AUTO_MESSAGE struct message message;
	const struct helper_start start = {
		.verb = "restore",
		.fds = fds,
		.fd_count = 2,
		.request = &message,
	};
	struct restorer *restorer;
	struct helper *helper;

	helper_request_init(&message);
	restore_request_put(&message, request);
	helper = helper_start(&start, err);
	if (!helper)
		return NULL;
	restorer = XNEW(struct restorer);
	restorer->helper = helper;
	return restorer;
}

int
restorer_send(struct restorer *restorer, const struct digest *digest, int fd, struct error **err)
{
	return helper_send_file(restorer->helper, digest_text(digest).text, fd, err);
}

int
restorer_receive(struct restorer *restorer, bool *ret_ended, struct restored *ret_restored,
		 struct error **err)
{
	AUTO_MESSAGE struct message message = MESSAGE_INIT(0);
	uint64_t has_root = 0;
	bool last = false;

	if (helper_receive(restorer->helper, &message, &last, err) < 0)
		return -1;
	if (last && (message_get_number(&message, &has_root, err) < 0 ||
		     message_get_number(&message, &ret_restored->file_count, err) < 0 ||
		     message_get_number(&message, &ret_restored->total_bytes, err) < 0))
		return -1;
	if (last)
		ret_restored->has_root = has_root != 0;
	*ret_ended = last;
	return 0;
}

int
restorer_poll_fd(const struct restorer *restorer)
{
	return helper_poll_fd(restorer->helper);
}

void
restorer_free(struct restorer *restorer)
{
	if (!restorer)
		return;
	helper_free(restorer->helper);
	free(restorer);
}
