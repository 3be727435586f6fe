/* SPDX-License-Identifier: Apache-2.0 */
/* For systems without a sandbox that we support: resource limits only. */
#include "sandbox/confine.h"

#include "base/compat.h"

int
confine_files(int tree_fd, struct sandbox *sandbox, struct error **err)
{
	(void)tree_fd;
	(void)sandbox;
	(void)err;
	process_hide_memory();
	return 0;
}

int
confine_system_calls(struct sandbox *sandbox, struct error **err)
{
	(void)sandbox;
	(void)err;
	return 0;
}
