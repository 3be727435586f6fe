#include "layer/helper/layer_helper.h"

int
serve_walls(struct service *service, struct error **err)
{
	AUTO_MESSAGE struct message result = MESSAGE_INIT(MESSAGE_RESULT);

	if (service_confine_process(service, -1, err) < 0 ||
	    service_confine_calls(service, err) < 0)
		return -1;
	message_put_number(&result, service->walls.limits);
	message_put_number(&result, service->walls.no_new_privs);
	message_put_number(&result, (uint64_t)service->walls.landlock_abi);
	message_put_number(&result, service->walls.seccomp);
	return message_send(service->channel_fd, &result, err);
}
