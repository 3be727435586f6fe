/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "run/container/container_answer.h"

struct channel {
	int theirs;
	int ours;
};

static struct channel
open_channel(void)
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
	return (struct channel){ fds[0], fds[1] };
}

static void
close_channel(struct channel *channel)
{
	close(channel->theirs);
	close(channel->ours);
}

static void
a_status_arrives_as_it_was_sent(void **state)
{
	static const int rows[] = { 0, 1, 42, 125, 137, 255 };
	struct channel channel = open_channel();
	int status = -1;

	(void)state;
	container_answer_ready(channel.theirs);
	assert_int_equal(container_answer_await_ready(channel.ours, NULL), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		container_answer_send(channel.theirs, rows[i], NULL);
		assert_int_equal(container_answer_receive(channel.ours, 0, &status, NULL), 0);
		assert_int_equal(status, rows[i]);
	}
	close_channel(&channel);
}

static void
an_error_arrives_with_its_kind_class_and_hint(void **state)
{
	struct channel channel = open_channel();
	AUTO_ERROR struct error *sent = NULL;
	AUTO_ERROR struct error *got = NULL;
	AUTO_ERROR struct error *early = NULL;
	int status = -1;

	(void)state;
	error_set(&sent, ERROR_NOT_FOUND, "no '%s'", "\"x\"");
	error_set_class(&sent, CLASS_NO_USERNS);
	error_set_hint(&sent, "do this");
	container_answer_send(channel.theirs, -1, sent);
	assert_int_equal(container_answer_receive(channel.ours, 0, &status, &got), -1);
	assert_int_equal(status, -1);
	assert_int_equal(error_kind(got), ERROR_NOT_FOUND);
	assert_string_equal(error_text(got), "no '\"x\"'");
	assert_string_equal(error_class(got), "no_userns");
	assert_string_equal(error_hint(got), "do this");
	container_answer_send(channel.theirs, -1, sent);
	assert_int_equal(container_answer_await_ready(channel.ours, &early), -1);
	assert_int_equal(error_kind(early), ERROR_NOT_FOUND);
	close_channel(&channel);
}

/* Absence is not for a job to prove. */
static void
what_nobody_of_ours_says_is_a_plain_failure(void **state)
{
	static const char *const rows[] = {
		"",
		"{",
		"[]",
		"null",
		"{}",
		"{\"status\":\"0\"}",
		"{\"status\":null}",
		"{\"error\":{}}",
		"{\"error\":{\"kind\":2,\"text\":\"x\"}}",
		"{\"error\":{\"kind\":-1,\"text\":\"x\"}}",
		"{\"error\":{\"kind\":9999999999,\"text\":\"x\"}}",
		"{\"error\":{\"kind\":0,\"text\":7,\"class\":\"made_up\",\"hint\":[]}}",
		"{\"error\":[],\"status\":0}",
	};
	struct channel channel = open_channel();

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		AUTO_ERROR struct error *failure = NULL;
		int status = -1;

		assert_int_equal(send(channel.theirs, rows[i], strlen(rows[i]), 0),
				 strlen(rows[i]));
		assert_int_equal(container_answer_receive(channel.ours, 9, &status, &failure), -1);
		assert_int_equal(status, -1);
		assert_int_equal(error_kind(failure), ERROR_FAILURE);
		assert_null(error_class(failure));
	}
	close_channel(&channel);
}

static void
who_says_nothing_has_ended_early(void **state)
{
	struct channel channel = open_channel();
	AUTO_ERROR struct error *failure = NULL;
	AUTO_ERROR struct error *unready = NULL;
	int status = -1;

	(void)state;
	close(channel.theirs);
	channel.theirs = -1;
	assert_int_equal(container_answer_receive(channel.ours, 137, &status, &failure), -1);
	assert_non_null(strstr(error_text(failure), "137"));
	assert_int_equal(container_answer_await_ready(channel.ours, &unready), -1);
	assert_int_equal(error_kind(unready), ERROR_FAILURE);
	close(channel.ours);
}

/* A long text, of a path for instance, must not hide what went wrong. */
static void
a_long_error_arrives_too(void **state)
{
	struct channel channel = open_channel();
	AUTO_FREE char *path = xcalloc(1, 8001);
	AUTO_ERROR struct error *sent = NULL;
	AUTO_ERROR struct error *got = NULL;
	int status = -1;

	(void)state;
	memset(path, 'x', 8000);
	error_set(&sent, ERROR_LOCAL, "cannot mount '%s' at '%s'", path, path);
	container_answer_send(channel.theirs, -1, sent);
	assert_int_equal(container_answer_receive(channel.ours, 0, &status, &got), -1);
	assert_int_equal(error_kind(got), ERROR_LOCAL);
	assert_string_equal(error_text(got), error_text(sent));
	close_channel(&channel);
}

/* A packet of so many bytes. */
static int
receive_packet(size_t size)
{
	static const char start[] = "{\"status\":0";
	struct channel channel = open_channel();
	AUTO_ERROR struct error *failure = NULL;
	AUTO_FREE char *packet = xcalloc(1, size);
	int status = -1;
	int ret;

	memset(packet, ' ', size);
	memcpy(packet, start, strlen(start));
	packet[size - 1] = '}';
	assert_int_equal(send(channel.theirs, packet, size, 0), size);
	ret = container_answer_receive(channel.ours, 0, &status, &failure);
	close_channel(&channel);
	return ret;
}

static void
an_answer_has_a_limit(void **state)
{
	(void)state;
	assert_int_equal(receive_packet(ANSWER_LIMIT_BYTES), 0);
	assert_int_equal(receive_packet(ANSWER_LIMIT_BYTES + 1), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_status_arrives_as_it_was_sent),
		cmocka_unit_test(an_error_arrives_with_its_kind_class_and_hint),
		cmocka_unit_test(what_nobody_of_ours_says_is_a_plain_failure),
		cmocka_unit_test(who_says_nothing_has_ended_early),
		cmocka_unit_test(a_long_error_arrives_too),
		cmocka_unit_test(an_answer_has_a_limit),
	};

	return cmocka_run_group_tests_name("container_answer", tests, NULL, NULL);
}
