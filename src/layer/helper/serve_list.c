#include "layer/helper/layer_helper.h"
#include "layer/listed.h"

static int
send_listed(void *context, const struct listed *listed, struct error **err)
{
	const struct service *service = context;
	AUTO_MESSAGE struct message item = MESSAGE_INIT(MESSAGE_ITEM);

	listed_put(&item, listed);
	return message_send(service->channel_fd, &item, err);
}

int
serve_list(struct service *service, struct error **err)
{
	const struct message result = MESSAGE_INIT(MESSAGE_RESULT);

	if (service_confine_process(service, -1, err) < 0 ||
	    service_confine_calls(service, err) < 0 ||
	    list_tar(HELPER_FIRST_FD, send_listed, service, err) < 0)
		return -1;
	return message_send(service->channel_fd, &result, err);
}
