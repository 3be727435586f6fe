/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/spawn.h"
#include "base/xalloc.h"
#include "tree_room.h"

struct room {
	char path[32];
	int before_fd;
};

int
enter_tree(void **state)
{
	struct room *room = XNEW(struct room);

	(void)snprintf(room->path, sizeof(room->path), "/tmp/test_tree.XXXXXX");
	room->before_fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_non_null(mkdtemp(room->path));
	assert_int_equal(chdir(room->path), 0);
	alarm(60);
	*state = room;
	return 0;
}

int
leave_tree(void **state)
{
	struct room *room = *state;

	alarm(0);
	shell("chmod -R u+rwX .; rm -rf \"$PWD\"");
	assert_int_equal(fchdir(room->before_fd), 0);
	close(room->before_fd);
	free(room);
	return 0;
}

void
shell(const char *script)
{
	AUTO_FREE char *whole = xasprintf("umask 022; %s", script);
	const struct spawn_options options = {
		.argv = (const char *const[]){ "/bin/sh", "-ec", whole, NULL },
	};
	struct spawn_result result = { 0 };
	AUTO_ERROR struct error *err = NULL;

	assert_int_equal(spawn_run(&options, &result, &err), 0);
	assert_int_equal(result.exit_status, 0);
}
