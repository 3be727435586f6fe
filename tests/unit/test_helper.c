/* SPDX-License-Identifier: Apache-2.0 */
/* With the real program, which $OCIFP_LIBEXEC names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "fake_helper.h"
#include "sandbox/channel.h"
#include "sandbox/helper.h"

static struct helper *
start(const char *verb, const struct message *request, struct error **err)
{
	struct helper_start start = { .verb = verb, .request = request };

	return helper_start(&start, err);
}

static void
the_child_builds_its_sandbox_and_tells_of_it(void **state)
{
	AUTO_MESSAGE struct message request;
	AUTO_MESSAGE struct message answer = MESSAGE_INIT(0);
	AUTO_HELPER struct helper *helper = NULL;
	AUTO_ERROR struct error *err = NULL;
	uint64_t walls = 0;
	uint64_t has_limits = 0;
	bool last = false;

	(void)state;
	helper_request_init(&request);
	helper = start("sandbox", &request, &err);
	assert_non_null(helper);
	assert_int_equal(helper_receive(helper, &answer, &last, &err), 0);
	assert_true(last);
	assert_int_equal(message_get_number(&answer, &walls, &err), 0);
	assert_int_equal(message_get_number(&answer, &has_limits, &err), 0);
	assert_int_equal(has_limits, 1);
}

static void
expect_refused(const char *verb, const struct message *request)
{
	AUTO_MESSAGE struct message answer = MESSAGE_INIT(0);
	AUTO_HELPER struct helper *helper = NULL;
	AUTO_ERROR struct error *err = NULL;
	bool last = false;

	helper = start(verb, request, &err);
	if (helper)
		assert_int_equal(helper_receive(helper, &answer, &last, &err), -1);
	assert_int_equal(error_kind(err), ERROR_FAILURE);
}

static void
another_version_or_an_unknown_verb_is_refused(void **state)
{
	AUTO_MESSAGE struct message request;
	AUTO_MESSAGE struct message other = MESSAGE_INIT(MESSAGE_REQUEST);

	(void)state;
	helper_request_init(&request);
	message_put_text(&other, "0.0.0-other");
	expect_refused("sandbox", &other);
	expect_refused("nothing", &request);
}

static void
expect_not_installed(void)
{
	AUTO_MESSAGE struct message request;
	AUTO_ERROR struct error *err = NULL;

	helper_request_init(&request);
	assert_null(start("sandbox", &request, &err));
	assert_int_equal(error_kind(err), ERROR_LOCAL);
	assert_non_null(error_hint(err));
}

static void
a_program_that_is_not_installed_is_a_local_error(void **state)
{
	(void)state;
	with_helper(NULL, expect_not_installed);
}

static void
expect_death_told(void)
{
	AUTO_MESSAGE struct message request;
	AUTO_MESSAGE struct message answer = MESSAGE_INIT(0);
	AUTO_HELPER struct helper *helper = NULL;
	AUTO_ERROR struct error *err = NULL;
	bool last = false;

	helper_request_init(&request);
	helper = start("sandbox", &request, &err);
	assert_non_null(helper);
	assert_int_equal(helper_receive(helper, &answer, &last, &err), -1);
	assert_non_null(strstr(error_text(err), "signal 11"));
}

static void
a_child_that_dies_is_an_error(void **state)
{
	(void)state;
	with_helper("#!/bin/sh\nkill -SEGV $$\n", expect_death_told);
}

static void
expect_nothing_inherited(void)
{
	AUTO_MESSAGE struct message request;
	AUTO_MESSAGE struct message answer = MESSAGE_INIT(0);
	AUTO_HELPER struct helper *helper = NULL;
	AUTO_ERROR struct error *err = NULL;
	bool last = false;

	assert_int_equal(setenv("SECRET_TOKEN", "x", 1), 0);
	helper_request_init(&request);
	helper = start("sandbox", &request, &err);
	assert_non_null(helper);
	assert_int_equal(helper_receive(helper, &answer, &last, &err), -1);
	assert_non_null(strstr(error_text(err), "without an answer"));
}

/* It ends with signal 11 should it find what it must not. */
static void
a_child_sees_no_environment_and_no_descriptors_of_ours(void **state)
{
	AUTO_CLOSE int secret = open("/etc/passwd", O_RDONLY | O_CLOEXEC);

	(void)state;
	with_helper("#!/bin/sh\n[ -z \"$SECRET_TOKEN\" ] && [ -z \"$HOME\" ] &&\n"
		    "[ ! -e /proc/self/fd/4 ] || kill -SEGV $$\n",
		    expect_nothing_inherited);
}

static struct helper *
start_script(void)
{
	AUTO_MESSAGE struct message request;
	struct helper *helper;

	helper_request_init(&request);
	helper = start("sandbox", &request, NULL);
	assert_non_null(helper);
	return helper;
}

static void
expect_given_up(void)
{
	AUTO_HELPER struct helper *helper = start_script();
	AUTO_ERROR struct error *err = NULL;
	siginfo_t info;

	assert_int_equal(waitid(P_ALL, 0, &info, WSTOPPED | WNOWAIT), 0);
	assert_int_equal(helper_note_wait(helper, 0, &err), 0);
	assert_int_equal(helper_note_wait(helper, CHILD_STALL_LIMIT_MS, &err), 0);
	assert_int_equal(helper_note_wait(helper, 1, &err), -1);
	assert_string_equal(error_text(err), "the confined helper has made no progress for 300 s");
}

static void
a_child_that_stands_still_is_given_up(void **state)
{
	(void)state;
	with_helper(stopping_helper, expect_given_up);
}

static void
expect_no_answer_awaited(void)
{
	AUTO_HELPER struct helper *helper = start_script();
	AUTO_MESSAGE struct message answer = MESSAGE_INIT(0);
	AUTO_ERROR struct error *err = NULL;
	bool last = false;

	time_flies = true;
	assert_int_equal(helper_receive(helper, &answer, &last, &err), -1);
	assert_non_null(strstr(error_text(err), "no progress"));
}

static void
an_answer_is_not_awaited_for_ever(void **state)
{
	(void)state;
	with_helper(stopping_helper, expect_no_answer_awaited);
}

static void
expect_waited_for(void)
{
	AUTO_HELPER struct helper *helper = start_script();

	for (int i = 0; i < 3; i++) {
		(void)poll(NULL, 0, 400);
		assert_int_equal(helper_note_wait(helper, CHILD_STALL_LIMIT_MS + 1, NULL), 0);
	}
}

static void
a_child_that_works_has_its_time(void **state)
{
	(void)state;
	with_helper("#!/bin/sh\nwhile :; do :; done\n", expect_waited_for);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_child_builds_its_sandbox_and_tells_of_it),
		cmocka_unit_test(another_version_or_an_unknown_verb_is_refused),
		cmocka_unit_test(a_program_that_is_not_installed_is_a_local_error),
		cmocka_unit_test(a_child_that_dies_is_an_error),
		cmocka_unit_test(a_child_sees_no_environment_and_no_descriptors_of_ours),
		cmocka_unit_test(a_child_that_stands_still_is_given_up),
		cmocka_unit_test(an_answer_is_not_awaited_for_ever),
		cmocka_unit_test(a_child_that_works_has_its_time),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
