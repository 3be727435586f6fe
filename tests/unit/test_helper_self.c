/* SPDX-License-Identifier: Apache-2.0 */
/* This test program is its own helper, as a single-binary ocifp is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "sandbox/channel.h"
#include "sandbox/helper.h"
#include "sandbox/helper_self.h"

extern char **environ;

static bool
is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0 || errno != EBADF;
}

/* 0, or the number of the first thing that is not as a helper finds it. */
static int
look_around(int argc, char **argv)
{
	char byte;

	if (argc != 2 || strcmp(argv[1], "look") != 0)
		return 1;
	if (*environ)
		return 2;
	if (!is_open(HELPER_FIRST_FD) || is_open(HELPER_FIRST_FD + 1))
		return 3;
	if (read(STDIN_FILENO, &byte, 1) != 0)
		return 4;
	return 0;
}

static int
be_helper(int argc, char **argv)
{
	AUTO_MESSAGE struct message request = MESSAGE_INIT(0);
	AUTO_MESSAGE struct message answer = MESSAGE_INIT(MESSAGE_RESULT);
	AUTO_ERROR struct error *err = NULL;
	bool ended = false;

	if (message_receive(HELPER_CHANNEL_FD, &request, &ended, &err) < 0)
		return 1;
	message_put_number(&answer, (uint64_t)look_around(argc, argv));
	return message_send(HELPER_CHANNEL_FD, &answer, &err) < 0;
}

static int
use_own_file(void **state)
{
	(void)state;
	helper_self_open();
	assert_int_equal(unsetenv("OCIFP_LIBEXEC"), 0);
	assert_int_equal(setenv("SECRET_TOKEN", "x", 1), 0);
	assert_int_equal(chdir("/"), 0);
	return 0;
}

static void
the_helper_gets_its_descriptors_and_nothing_else(void **state)
{
	AUTO_CLOSE int given = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
	AUTO_CLOSE int inherited = fcntl(given, F_DUPFD, HELPER_PARKING_FD + 100);
	AUTO_MESSAGE struct message request;
	AUTO_MESSAGE struct message answer = MESSAGE_INIT(0);
	AUTO_HELPER struct helper *helper = NULL;
	AUTO_ERROR struct error *err = NULL;
	const struct helper_start start = {
		.verb = "look", .fds = &given, .fd_count = 1, .request = &request
	};
	uint64_t found = 0;
	bool last = false;

	(void)state;
	helper_request_init(&request);
	helper = helper_start(&start, &err);
	assert_non_null(helper);
	assert_int_equal(helper_receive(helper, &answer, &last, &err), 0);
	assert_int_equal(message_get_number(&answer, &found, &err), 0);
	assert_int_equal(found, 0);
	assert_true(is_open(inherited));
}

static void
a_descriptor_that_is_not_open_is_an_errno(void **state)
{
	const int fds[] = { HELPER_PARKING_FD + 200 };
	pid_t pid = 0;

	(void)state;
	assert_int_equal(helper_self_spawn("look", fds, 1, &pid), EBADF);
	assert_int_equal(pid, 0);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_helper_gets_its_descriptors_and_nothing_else),
		cmocka_unit_test(a_descriptor_that_is_not_open_is_an_errno),
	};

	if (strcmp(argv[0], "ocifp-layer") == 0)
		return be_helper(argc, argv);
	return cmocka_run_group_tests(tests, use_own_file, NULL);
}
