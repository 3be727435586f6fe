/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/tree/restore_request.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "sandbox/channel.h"

void
restore_request_put(struct message *message, const struct restore_request *request)
{
	message_put_text(message, request->label);
	message_put_number(message, request->executables);
	message_put_number(message, (uint64_t)request->shift_ns);
	message_put_number(message, request->most_bytes);
	message_put_number(message, request->index_pack_count);
	message_put_number(message, request->pack_count);
}

int
restore_request_get(struct message *message, struct restore_request *ret_request,
		    struct error **err)
{
	struct restore_request request = { 0 };
	uint64_t executables = 0;
	uint64_t shift_ns = 0;
	const char *label = NULL;

	if (message_get_text(message, &label, err) < 0 ||
	    message_get_number(message, &executables, err) < 0 ||
	    message_get_number(message, &shift_ns, err) < 0 ||
	    message_get_number(message, &request.most_bytes, err) < 0 ||
	    message_get_number(message, &request.index_pack_count, err) < 0 ||
	    message_get_number(message, &request.pack_count, err) < 0)
		return -1;
	request.label = xstrdup(label);
	request.executables = executables != 0;
	request.shift_ns = (int64_t)shift_ns;
	*ret_request = request;
	return 0;
}

void
restore_request_release(struct restore_request *request)
{
	free(request->label);
	*request = (struct restore_request){ 0 };
}
