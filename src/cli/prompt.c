/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/prompt.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <termios.h>

#include "base/buf.h"
#include "base/compat.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"

static void
buf_erase(struct buf *buf)
{
	if (buf->data)
		explicit_bzero(buf->data, buf->capacity);
	buf_release(buf);
}

static int
read_line(int terminal, struct buf *line, struct error **err)
{
	for (;;) {
		char byte;
		ssize_t got = read(terminal, &byte, 1);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_set_errno(err, errno, "cannot read from the terminal");
		if (got == 0 || byte == '\n')
			return 0;
		if (byte != '\0' && buf_append(line, &byte, 1, err) < 0)
			return -1;
	}
}

static int
ask(int terminal, const char *question, struct buf *line, struct error **err)
{
	if (fd_write_all(terminal, question, strlen(question), "the terminal", err) < 0 ||
	    read_line(terminal, line, err) < 0)
		return -1;
	if (line->size == 0)
		return error_set(err, ERROR_USAGE, "the input was empty");
	return 0;
}

/* ISIG off: an interrupt would leave the terminal mute, so ^C ends the line instead. */
static int
ask_in_secret(int terminal, const char *question, struct buf *line, struct error **err)
{
	struct termios usual;
	struct termios mute;
	int result;

	if (tcgetattr(terminal, &usual) < 0)
		return error_set_errno(err, errno, "cannot silence the terminal");
	mute = usual;
	mute.c_lflag &= ~(tcflag_t)(ECHO | ISIG);
	if (tcsetattr(terminal, TCSAFLUSH, &mute) < 0)
		return error_set_errno(err, errno, "cannot silence the terminal");
	result = ask(terminal, question, line, err);
	(void)tcsetattr(terminal, TCSAFLUSH, &usual);
	(void)!write(terminal, "\n", 1);
	if (result == 0 && strchr(line->data, '\003'))
		return error_set(err, ERROR_USAGE, "interrupted");
	return result;
}

char *
prompt_line(const char *question, bool is_secret, struct error **err)
{
	AUTO_CLOSE int terminal = open("/dev/tty", O_RDWR | O_CLOEXEC);
	CLEANUP(buf_erase) struct buf line = BUF_INIT(TOKEN_LIMIT_BYTES);
	int result;

	if (terminal < 0) {
		error_set(err, ERROR_USAGE, "there is no terminal to ask on");
		error_set_hint(err, "give --username NAME and --password-stdin");
		return NULL;
	}
	result = is_secret ? ask_in_secret(terminal, question, &line, err)
			   : ask(terminal, question, &line, err);
	return result < 0 ? NULL : buf_take(&line);
}
