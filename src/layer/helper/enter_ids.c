#include <errno.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/error.h"
#include "layer/helper/layer_helper.h"
#include "sandbox/userns.h"

static int
await_maps(const struct service *service, struct error **err)
{
	const struct message unshared = MESSAGE_INIT(MESSAGE_UNSHARED);
	AUTO_MESSAGE struct message mapped = MESSAGE_INIT(0);
	bool ended = false;

	if (message_send(service->channel_fd, &unshared, err) < 0 ||
	    message_receive(service->channel_fd, &mapped, &ended, err) < 0)
		return -1;
	if (ended || mapped.type != MESSAGE_MAPPED)
		return error_set(err, ERROR_FAILURE, "the ids of the user namespace did not come");
	return 0;
}

int
service_enter_ids(struct service *service, const struct id_map *map, struct error **err)
{
	if (map->kind != ID_MAP_RANGES)
		return 0;
	if (unshare(CLONE_NEWUSER) < 0)
		return userns_refuse(errno, err);
	if (await_maps(service, err) < 0)
		return -1;
	if (setgroups(0, NULL) < 0 || setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
		return userns_refuse(errno, err);
	/* Which a change of ids takes away. */
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	return 0;
}
