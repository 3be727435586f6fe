/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_helper.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/xalloc.h"

const char stopping_helper[] = "#!/bin/sh\nkill -STOP $$\n";
bool time_flies;

int __real_poll(struct pollfd *fds, nfds_t count, int most_ms);
int __wrap_poll(struct pollfd *fds, nfds_t count, int most_ms);
int __wrap___poll_chk(struct pollfd *fds, nfds_t count, int most_ms, size_t size);

int
__wrap_poll(struct pollfd *fds, nfds_t count, int most_ms)
{
	return __real_poll(fds, count, time_flies ? 0 : most_ms);
}

/* What it is where it is hardened. */
int
__wrap___poll_chk(struct pollfd *fds, nfds_t count, int most_ms, size_t size)
{
	(void)size;
	return __wrap_poll(fds, count, most_ms);
}

void
with_helper(const char *script, void (*check)(void))
{
	char folder[] = "/tmp/helper.XXXXXX";
	AUTO_FREE char *before = xstrdup(getenv("OCIFP_LIBEXEC"));
	AUTO_FREE char *path = NULL;

	assert_non_null(mkdtemp(folder));
	path = xasprintf("%s/ocifp-layer", folder);
	if (script) {
		FILE *file = fopen(path, "we");

		assert_non_null(file);
		assert_true(fputs(script, file) >= 0);
		assert_int_equal(fclose(file), 0);
		assert_int_equal(chmod(path, 0700), 0);
	}
	assert_int_equal(setenv("OCIFP_LIBEXEC", folder, 1), 0);
	check();
	assert_int_equal(setenv("OCIFP_LIBEXEC", before, 1), 0);
	time_flies = false;
	(void)unlink(path);
	assert_int_equal(rmdir(folder), 0);
}
