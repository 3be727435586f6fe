#include "run/console.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/xalloc.h"
#include "run/root.h"

static const char socket_name[] = "console";

static void
copy_size(const struct console *console)
{
	struct winsize size;

	if (console->master_fd >= 0 && (ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0 ||
					ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0))
		(void)ioctl(console->master_fd, TIOCSWINSZ, &size);
}

/* By way of /proc the name is short enough for a socket wherever the store is. */
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

	console->master_fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (console->master_fd < 0 || grantpt(console->master_fd) < 0 ||
	    unlockpt(console->master_fd) < 0 ||
	    ptsname_r(console->master_fd, name, sizeof(name)) != 0)
		return error_set_errno(err, errno, "cannot make a terminal");
	console->slave_fd = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (console->slave_fd < 0)
		return error_set_path(err, errno, "open", name);
	copy_size(console);
	return 0;
}

static void
make_raw(struct console *console)
{
	struct termios raw;

	if (!console->takes_input || tcgetattr(STDIN_FILENO, &console->before) < 0)
		return;
	raw = console->before;
	cfmakeraw(&raw);
	console->is_raw = tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
}

int
console_open(const struct root *root, bool engine_makes_it, bool takes_input,
	     struct console *ret_console, struct error **err)
{
	AUTO_CONSOLE struct console console = CONSOLE_INIT;

	console.takes_input = takes_input;
	if ((engine_makes_it ? listen_at(root, &console, err) : open_pair(&console, err)) < 0)
		return -1;
	make_raw(&console);
	*ret_console = console;
	console = CONSOLE_INIT;
	return 0;
}

void
console_watched(const struct console *console, int *ret_fds)
{
	ret_fds[0] = console->listen_fd >= 0 ? console->listen_fd : console->master_fd;
	ret_fds[1] = console->takes_input && console->master_fd >= 0 ? STDIN_FILENO : -1;
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
	copy_size(console);
}

/* False at its end, which for a terminal is an error too. */
static bool
copy(int from_fd, int to_fd)
{
	AUTO_ERROR struct error *unwritten = NULL;
	char bytes[16 * 1024];
	ssize_t size = read(from_fd, bytes, sizeof(bytes));

	if (size < 0 && (errno == EINTR || errno == EAGAIN))
		return true;
	return size > 0 &&
	       fd_write_all(to_fd, bytes, (size_t)size, "the terminal", &unwritten) == 0;
}

void
console_handle(struct console *console, int fd)
{
	if (fd < 0) {
		copy_size(console);
	} else if (fd == console->listen_fd) {
		accept_master(console);
	} else if (fd == console->master_fd) {
		if (copy(fd, STDOUT_FILENO))
			return;
		close_at(&console->master_fd);
		console->master_fd = -1;
	} else if (!copy(fd, console->master_fd)) {
		console->takes_input = false;
	}
}

static void
show_rest(const struct console *console)
{
	char bytes[16 * 1024];
	AUTO_ERROR struct error *unwritten = NULL;
	ssize_t size;

	if (fcntl(console->master_fd, F_SETFL, O_NONBLOCK) < 0)
		return;
	while ((size = read(console->master_fd, bytes, sizeof(bytes))) > 0)
		if (fd_write_all(STDOUT_FILENO, bytes, (size_t)size, "the terminal", &unwritten) <
		    0)
			return;
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
