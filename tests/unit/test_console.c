/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "run/container/console.h"
#include "run/root/root.h"
#include "store_room.h"

/* Whoever sits before our terminal has `user_fd`; stdin and stdout of the test are kept aside. */
static int user_fd;
static int kept_fds[2];

static const struct winsize small = { .ws_row = 33, .ws_col = 77 };
static const struct winsize large = { .ws_row = 50, .ws_col = 132 };

static int
sit_before_a_terminal(void **state)
{
	AUTO_CLOSE int ours = -1;

	enter_room(state);
	user_fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_int_equal(grantpt(user_fd), 0);
	assert_int_equal(unlockpt(user_fd), 0);
	ours = open(ptsname(user_fd), O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(ours >= 0);
	assert_int_equal(ioctl(ours, TIOCSWINSZ, &small), 0);
	for (int fd = 0; fd < 2; fd++) {
		kept_fds[fd] = fcntl(fd, F_DUPFD_CLOEXEC, 3);
		assert_int_equal(dup2(ours, fd), fd);
	}
	return 0;
}

static int
leave_the_terminal(void **state)
{
	for (int fd = 0; fd < 2; fd++) {
		(void)dup2(kept_fds[fd], fd);
		(void)close(kept_fds[fd]);
	}
	if (user_fd >= 0)
		(void)close(user_fd);
	return leave_room(state);
}

static struct console
open_console(bool engine_makes_it, bool takes_input)
{
	AUTO_CLOSE int here = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const struct root root = { .fd = here };
	struct console console = CONSOLE_INIT;

	assert_int_equal(console_open(&root, engine_makes_it, takes_input, &console, NULL), 0);
	return console;
}

static struct termios
attributes_of(int fd)
{
	struct termios attributes;

	assert_int_equal(tcgetattr(fd, &attributes), 0);
	return attributes;
}

static void
assert_size(int fd, const struct winsize *wanted)
{
	struct winsize size = { 0 };

	assert_int_equal(ioctl(fd, TIOCGWINSZ, &size), 0);
	assert_int_equal(size.ws_row, wanted->ws_row);
	assert_int_equal(size.ws_col, wanted->ws_col);
}

static void
say(int fd, const char *text)
{
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

/* All that comes until nothing more does. */
static void
assert_hears(int fd, const char *wanted)
{
	struct pollfd polled = { .fd = fd, .events = POLLIN };
	char heard[100] = "";
	size_t size = 0;

	while (size < strlen(wanted) && poll(&polled, 1, 5000) > 0) {
		ssize_t count = read(fd, heard + size, sizeof(heard) - 1 - size);

		assert_true(count > 0);
		size += (size_t)count;
	}
	assert_string_equal(heard, wanted);
}

/* As the run does it: whatever there is of it, one turn. */
static void
turn(struct console *console)
{
	struct pollfd polls[CONSOLE_POLLS_COUNT];

	console_watched(console, polls);
	assert_true(poll(polls, CONSOLE_POLLS_COUNT, 5000) > 0);
	console_handle(console, polls);
}

static void
assert_watched(const struct console *console, int first_fd, int second_fd)
{
	struct pollfd polls[CONSOLE_POLLS_COUNT];

	console_watched(console, polls);
	assert_int_equal(polls[0].fd, first_fd);
	assert_int_equal(polls[1].fd, second_fd);
	assert_int_equal(polls[2].fd, -1);
}

static void
the_jobs_terminal_is_as_large_as_ours_and_stays_so(void **state)
{
	AUTO_CONSOLE struct console console = open_console(false, false);

	(void)state;
	assert_true(isatty(console.slave_fd));
	assert_size(console.slave_fd, &small);
	assert_int_equal(ioctl(user_fd, TIOCSWINSZ, &large), 0);
	console_resize(&console);
	assert_size(console.slave_fd, &large);
}

static void
our_terminal_is_raw_meanwhile_and_then_as_it_was(void **state)
{
	const struct termios before = attributes_of(STDIN_FILENO);
	struct console console = open_console(false, true);
	struct termios after;

	(void)state;
	after = attributes_of(STDIN_FILENO);
	assert_true(before.c_lflag & ECHO);
	assert_false(after.c_lflag & (ECHO | ICANON | ISIG));
	assert_true(attributes_of(console.slave_fd).c_lflag & ECHO);
	console_release(&console);
	after = attributes_of(STDIN_FILENO);
	assert_int_equal(after.c_lflag, before.c_lflag);
	assert_int_equal(after.c_iflag, before.c_iflag);
	assert_int_equal(after.c_oflag, before.c_oflag);
}

static void
a_job_without_input_leaves_our_terminal_alone(void **state)
{
	const struct termios before = attributes_of(STDIN_FILENO);
	AUTO_CONSOLE struct console console = open_console(false, false);

	(void)state;
	assert_int_equal(attributes_of(STDIN_FILENO).c_lflag, before.c_lflag);
	assert_watched(&console, console.master_fd, -1);
}

static void
what_cannot_be_made_leaves_our_terminal_as_it_was(void **state)
{
	const struct termios before = attributes_of(STDIN_FILENO);
	const struct root nowhere = { .fd = -1 };
	struct console console = CONSOLE_INIT;
	AUTO_ERROR struct error *failure = NULL;

	(void)state;
	assert_int_equal(console_open(&nowhere, true, true, &console, &failure), -1);
	assert_non_null(strstr(error_text(failure), "cannot make a socket for the terminal"));
	assert_int_equal(console.listen_fd, -1);
	assert_int_equal(attributes_of(STDIN_FILENO).c_lflag, before.c_lflag);
}

static void
what_is_typed_goes_to_the_job_and_what_it_says_comes_back(void **state)
{
	AUTO_CONSOLE struct console console = open_console(false, true);

	(void)state;
	say(user_fd, "typed\r");
	turn(&console);
	turn(&console);
	assert_hears(console.slave_fd, "typed\n");
	turn(&console);
	turn(&console);
	assert_hears(user_fd, "typed\r\n");
	say(console.slave_fd, "said\n");
	turn(&console);
	turn(&console);
	assert_hears(user_fd, "said\r\n");
}

static void
a_key_that_interrupts_is_the_jobs_to_see(void **state)
{
	AUTO_CONSOLE struct console console = open_console(false, true);
	struct termios raw = attributes_of(console.slave_fd);

	(void)state;
	cfmakeraw(&raw);
	assert_int_equal(tcsetattr(console.slave_fd, TCSANOW, &raw), 0);
	say(user_fd, "\003");
	turn(&console);
	turn(&console);
	assert_hears(console.slave_fd, "\003");
}

static void
after_the_job_has_hung_up_nothing_is_watched(void **state)
{
	AUTO_CONSOLE struct console console = open_console(false, true);

	(void)state;
	say(console.slave_fd, "last words");
	close_at(&console.slave_fd);
	console.slave_fd = -1;
	turn(&console);
	turn(&console);
	assert_hears(user_fd, "last words");
	turn(&console);
	assert_int_equal(console.master_fd, -1);
	assert_watched(&console, -1, -1);
}

static void
after_the_user_has_hung_up_the_job_reads_the_end_and_is_heard_still(void **state)
{
	AUTO_CONSOLE struct console console = open_console(false, true);
	char byte;

	(void)state;
	close_at(&user_fd);
	user_fd = -1;
	turn(&console);
	assert_false(console.takes_input);
	assert_watched(&console, console.master_fd, -1);
	turn(&console);
	assert_int_equal(read(console.slave_fd, &byte, 1), 0);
	assert_watched(&console, console.master_fd, -1);
}

static void
who_does_not_read_holds_nobody_up(void **state)
{
	AUTO_CONSOLE struct console console = open_console(false, true);
	struct termios raw = attributes_of(console.slave_fd);
	char bytes[1000];

	(void)state;
	cfmakeraw(&raw);
	assert_int_equal(tcsetattr(console.slave_fd, TCSANOW, &raw), 0);
	assert_int_equal(fcntl(user_fd, F_SETFL, O_NONBLOCK), 0);
	memset(bytes, 'x', sizeof(bytes));
	for (int i = 0; i < 1000; i++) {
		struct pollfd polls[CONSOLE_POLLS_COUNT];

		(void)!write(user_fd, bytes, sizeof(bytes));
		console_watched(&console, polls);
		if (poll(polls, CONSOLE_POLLS_COUNT, 0) > 0)
			console_handle(&console, polls);
	}
	assert_watched(&console, console.master_fd, -1);
	say(console.slave_fd, "heard");
	turn(&console);
	turn(&console);
	assert_hears(user_fd, "heard");
}

static void
what_was_said_before_the_end_is_shown(void **state)
{
	struct console console = open_console(false, true);

	(void)state;
	say(console.slave_fd, "unread");
	console_release(&console);
	assert_hears(user_fd, "unread");
	assert_watched(&console, -1, -1);
}

static int
call_console(void)
{
	const struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "console" };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static void
send_master(int fd, int master_fd)
{
	char control[CMSG_SPACE(sizeof(int))] = { 0 };
	char name[] = "/dev/ptmx";
	struct iovec part = { name, sizeof(name) };
	struct msghdr message = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &master_fd, sizeof(master_fd));
	assert_int_equal(sendmsg(fd, &message, 0), sizeof(name));
}

static void
a_terminal_that_the_engine_makes_is_taken_over(void **state)
{
	AUTO_CONSOLE struct console console = open_console(true, true);
	AUTO_CLOSE int master_fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	AUTO_CLOSE int slave_fd = -1;
	AUTO_CLOSE int fd = call_console();

	(void)state;
	assert_int_equal(grantpt(master_fd), 0);
	assert_int_equal(unlockpt(master_fd), 0);
	slave_fd = open(ptsname(master_fd), O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_watched(&console, console.listen_fd, -1);
	send_master(fd, master_fd);
	turn(&console);
	assert_int_equal(console.listen_fd, -1);
	assert_watched(&console, console.master_fd, STDIN_FILENO);
	assert_size(slave_fd, &small);
	say(slave_fd, "hello");
	turn(&console);
	turn(&console);
	assert_hears(user_fd, "hello");
}

static void
an_engine_that_sends_no_terminal_is_not_waited_for(void **state)
{
	AUTO_CONSOLE struct console console = open_console(true, true);
	AUTO_CLOSE int fd = call_console();

	(void)state;
	say(fd, "no descriptor");
	turn(&console);
	assert_watched(&console, -1, -1);
}

int
main(void)
{
#define AT_TERMINAL(test) \
	cmocka_unit_test_setup_teardown(test, sit_before_a_terminal, leave_the_terminal)
	const struct CMUnitTest tests[] = {
		AT_TERMINAL(the_jobs_terminal_is_as_large_as_ours_and_stays_so),
		AT_TERMINAL(our_terminal_is_raw_meanwhile_and_then_as_it_was),
		AT_TERMINAL(a_job_without_input_leaves_our_terminal_alone),
		AT_TERMINAL(what_cannot_be_made_leaves_our_terminal_as_it_was),
		AT_TERMINAL(what_is_typed_goes_to_the_job_and_what_it_says_comes_back),
		AT_TERMINAL(a_key_that_interrupts_is_the_jobs_to_see),
		AT_TERMINAL(after_the_job_has_hung_up_nothing_is_watched),
		AT_TERMINAL(after_the_user_has_hung_up_the_job_reads_the_end_and_is_heard_still),
		AT_TERMINAL(who_does_not_read_holds_nobody_up),
		AT_TERMINAL(what_was_said_before_the_end_is_shown),
		AT_TERMINAL(a_terminal_that_the_engine_makes_is_taken_over),
		AT_TERMINAL(an_engine_that_sends_no_terminal_is_not_waited_for),
	};

	return cmocka_run_group_tests_name("console", tests, NULL, NULL);
}
