#include <errno.h>

#include "base/error.h"
#include "layer/helper/layer_helper.h"
#include "layer/helper/remove_tree.h"
#include "layer/unpack_request.h"

int
serve_remove(struct service *service, struct error **err)
{
	const struct message result = MESSAGE_INIT(MESSAGE_RESULT);
	struct id_map map = { 0 };

	if (id_map_get(&service->request, &map, err) < 0 ||
	    service_enter_ids(service, &map, err) < 0 ||
	    service_confine_process(service, HELPER_FIRST_FD, err) < 0 ||
	    service_confine_calls(service, err) < 0)
		return -1;
	if (remove_children(HELPER_FIRST_FD) < 0)
		return error_set_errno(err, errno, "cannot remove a tree");
	return message_send(service->channel_fd, &result, err);
}
