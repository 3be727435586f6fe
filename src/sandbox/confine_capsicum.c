/* SPDX-License-Identifier: Apache-2.0 */
/* capsicum(4) of FreeBSD. */
#include "sandbox/confine.h"

#include <errno.h>
#include <sys/capsicum.h>

#include "base/compat.h"
#include "base/error.h"

int
confine_files(int tree_fd, struct sandbox *sandbox, struct error **err)
{
	(void)tree_fd; /* an open directory, which capability mode leaves */
	(void)sandbox;
	(void)err;
	process_hide_memory();
	return 0;
}

/* For all threads.  A kernel without it answers ENOSYS. */
int
confine_system_calls(struct sandbox *sandbox, struct error **err)
{
	if (cap_enter() == 0)
		sandbox->walls = WALLS_CAPSICUM;
	else if (errno != ENOSYS)
		return error_set_errno(err, errno, "cannot enter capability mode");
	return 0;
}
