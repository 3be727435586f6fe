#include "base/error.h"
#include "sandbox/channel.h"
#include "sandbox/confine.h"
#include "sandbox/helper.h"

static int
read_walls(struct message *answer, struct walls *ret_walls, struct error **err)
{
	uint64_t limits = 0;
	uint64_t no_new_privs = 0;
	uint64_t landlock_abi = 0;
	uint64_t seccomp = 0;

	if (message_get_number(answer, &limits, err) < 0 ||
	    message_get_number(answer, &no_new_privs, err) < 0 ||
	    message_get_number(answer, &landlock_abi, err) < 0 ||
	    message_get_number(answer, &seccomp, err) < 0)
		return -1;
	*ret_walls = (struct walls){ limits, no_new_privs, (int)landlock_abi, seccomp };
	return 0;
}

int
helper_find_walls(struct walls *ret_walls, struct error **err)
{
	AUTO_MESSAGE struct message request;
	AUTO_MESSAGE struct message answer = MESSAGE_INIT(0);
	AUTO_HELPER struct helper *helper = NULL;
	const struct helper_start start = { .verb = "walls", .request = &request };
	bool last = false;

	helper_request_init(&request);
	helper = helper_start(&start, err);
	if (!helper || helper_receive(helper, &answer, &last, err) < 0)
		return -1;
	return read_walls(&answer, ret_walls, err);
}
