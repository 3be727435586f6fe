/* SPDX-License-Identifier: Apache-2.0 */
#include "run/container/console.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/compat.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/xalloc.h"
#include "run/root/root.h"

static const char socket_name[] = "console";

void
console_resize(const struct console *console)
{
	struct winsize size;

	if (console->master_fd >= 0 && (ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0 ||
					ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0))
		(void)ioctl(console->master_fd, TIOCSWINSZ, &size);
}

/* Through /proc the socket's name is short enough, wherever the store is. */
static int
listen_at(const struct root *root, struct console *console, struct error **err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	AUTO_FREE char *path = xasprintf("/proc/self/fd/%d/%s", root->fd, socket_name);

	memcpy(address.sun_path, path, strlen(path) + 1);
	console->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (console->listen_fd < 0 ||
	    bind(console->listen_fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(console->listen_fd, 1) < 0)
		return error_set_errno(err, errno, "cannot make a socket for the terminal");
	return 0;
}

static int
open_pair(struct console *console, struct error **err)
{
	char name[64];

	console->master_fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	if (console->master_fd < 0 || grantpt(console->master_fd) < 0 ||
	    unlockpt(console->master_fd) < 0 ||
	    ptsname_r(console->master_fd, name, sizeof(name)) != 0)
		return error_set_errno(err, errno, "cannot make a terminal");
	console->slave_fd = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (console->slave_fd < 0)
		return error_set_path(err, errno, "open", name);
	console_resize(console);
	return 0;
}

int
console_open(const struct root *root, bool engine_makes_it, bool takes_input,
	     struct console *ret_console, struct error **err)
{
	AUTO_CONSOLE struct console console = CONSOLE_INIT;
	struct termios raw;

	console.takes_input = takes_input;
	if ((engine_makes_it ? listen_at(root, &console, err) : open_pair(&console, err)) < 0)
		return -1;
	if (console.takes_input && tcgetattr(STDIN_FILENO, &console.before) >= 0) {
		raw = console.before;
		cfmakeraw(&raw);
		console.is_raw = tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
	}
	*ret_console = console;
	console = CONSOLE_INIT;
	return 0;
}

/* Reads from the job, and passes typed input to it, once earlier bytes are written. */
void
console_watched(const struct console *console, struct pollfd *ret_polls)
{
	bool is_joined = console->master_fd >= 0 && console->said.size == 0;
	bool reads = console->takes_input && console->master_fd >= 0 && console->typed.size == 0;
	struct pollfd job = { .fd = is_joined ? console->master_fd : console->listen_fd,
			      .events = POLLIN };

	if (is_joined && console->typed.size > 0)
		job.events |= POLLOUT;
	ret_polls[0] = job;
	ret_polls[1] = (struct pollfd){ .fd = reads ? STDIN_FILENO : -1, .events = POLLIN };
	ret_polls[2] = (struct pollfd){ .fd = console->said.size > 0 ? STDOUT_FILENO : -1,
					.events = POLLOUT };
}

static int
receive_master(int fd)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	char name[4096];
	struct iovec part = { name, sizeof(name) };
	struct msghdr message = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes),
	};
	int master_fd;

	if (recvmsg(fd, &message, MSG_CMSG_CLOEXEC) < 0 || !CMSG_FIRSTHDR(&message) ||
	    CMSG_FIRSTHDR(&message)->cmsg_type != SCM_RIGHTS)
		return -1;
	memcpy(&master_fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(master_fd));
	return master_fd;
}

static void
accept_master(struct console *console)
{
	AUTO_CLOSE int fd = accept4(console->listen_fd, NULL, NULL, SOCK_CLOEXEC);

	console->master_fd = fd < 0 ? -1 : receive_master(fd);
	close_at(&console->listen_fd);
	console->listen_fd = -1;
	(void)fcntl(console->master_fd, F_SETFL, O_NONBLOCK);
	console_resize(console);
}

static bool
is_transient(void)
{
	return errno == EINTR || errno == EAGAIN;
}

/* False at its end, which for a terminal is an error too. */
static bool
piece_read(struct console_piece *piece, int fd)
{
	ssize_t size = read(fd, piece->bytes, sizeof(piece->bytes));

	piece->size = size > 0 ? (size_t)size : 0;
	return size > 0 || (size < 0 && is_transient());
}

/* Writes as much as possible; false if nothing can be written any more. */
static bool
piece_write(struct console_piece *piece, int fd)
{
	ssize_t size = write(fd, piece->bytes, piece->size);

	if (size < 0)
		return is_transient();
	piece->size -= (size_t)size;
	memmove(piece->bytes, piece->bytes + size, piece->size);
	return true;
}

static void
hang_up(struct console *console)
{
	close_at(&console->master_fd);
	console->master_fd = -1;
	console->said.size = 0;
}

void
console_handle(struct console *console, const struct pollfd *polls)
{
	if (polls[0].revents && console->listen_fd >= 0)
		accept_master(console);
	else if (polls[0].revents) {
		if (polls[0].revents & POLLOUT)
			(void)piece_write(&console->typed, console->master_fd);
		if (polls[0].revents & ~POLLOUT && !piece_read(&console->said, console->master_fd))
			hang_up(console);
	}
	if (polls[1].revents && console->master_fd >= 0 &&
	    !piece_read(&console->typed, STDIN_FILENO)) {
		struct termios attributes;

		/* Ends the input as a user does with ^D: once for an unfinished line, once for the
		 * end. */
		console->takes_input = false;
		if (tcgetattr(console->master_fd, &attributes) >= 0) {
			console->typed.size = 2;
			memset(console->typed.bytes, attributes.c_cc[VEOF], console->typed.size);
		}
	}
	if (polls[2].revents && !piece_write(&console->said, STDOUT_FILENO))
		hang_up(console);
}

static void
show_rest(struct console *console)
{
	do {
		while (console->said.size > 0)
			if (!piece_write(&console->said, STDOUT_FILENO))
				return;
	} while (piece_read(&console->said, console->master_fd) && console->said.size > 0);
}

void
console_release(struct console *console)
{
	if (console->master_fd >= 0)
		show_rest(console);
	if (console->is_raw)
		(void)tcsetattr(STDIN_FILENO, TCSADRAIN, &console->before);
	close_at(&console->listen_fd);
	close_at(&console->master_fd);
	close_at(&console->slave_fd);
	*console = CONSOLE_INIT;
}
