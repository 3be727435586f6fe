/* SPDX-License-Identifier: Apache-2.0 */
#include "layer/listed.h"

#include "base/error.h"
#include "sandbox/channel.h"

void
listed_put(struct message *message, const struct listed *listed)
{
	message_put_number(message, listed->kind);
	message_put_number(message, listed->offset_bytes);
	message_put_number(message, listed->size_bytes);
	message_put_text(message, listed->path);
	message_put_text(message, listed->link);
}

int
listed_get(struct message *message, struct listed *ret_listed, struct error **err)
{
	uint64_t kind = 0;

	if (message_get_number(message, &kind, err) < 0 ||
	    message_get_number(message, &ret_listed->offset_bytes, err) < 0 ||
	    message_get_number(message, &ret_listed->size_bytes, err) < 0 ||
	    message_get_text(message, &ret_listed->path, err) < 0 ||
	    message_get_text(message, &ret_listed->link, err) < 0)
		return -1;
	if (kind > LISTED_SYMBOLIC_LINK)
		return error_set(err, ERROR_FAILURE, "invalid member in the answer of ocifp-layer");
	ret_listed->kind = (enum listed_kind)kind;
	return 0;
}
