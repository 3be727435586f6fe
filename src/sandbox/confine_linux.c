/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/confine.h"

#include <errno.h>
#include <sys/prctl.h>

#include "base/error.h"

int
confine_files(int tree_fd, struct sandbox *sandbox, struct error **err)
{
	if (prctl(PR_SET_DUMPABLE, 0) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return error_set_errno(err, errno, "cannot drop privileges");
	sandbox->walls = WALLS_LINUX;
	sandbox->no_new_privs = true;
	return confine_landlock(tree_fd, &sandbox->landlock_abi, err);
}

int
confine_system_calls(struct sandbox *sandbox, struct error **err)
{
	return confine_seccomp(&sandbox->seccomp, err);
}
