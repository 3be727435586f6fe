/* SPDX-License-Identifier: Apache-2.0 */
#include "base/trace.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/deadline.h"
#include "base/error.h"
#include "base/text.h"
#include "base/xalloc.h"

static struct trace {
	int fd; /* 0: there is no trace */
	pid_t pid;
	int64_t opened_us;
	char *path;
	char *title;
	atomic_uint rows;
	atomic_int errnum; /* why writing stopped */
} trace;

static _Thread_local unsigned own_row;

bool
trace_is_on(void)
{
	return trace.fd > 0;
}

int64_t
trace_now_us(void)
{
	return trace_is_on() ? deadline_now_us() - trace.opened_us : 0;
}

/* After a failed write no more is written: half an event would make the file unreadable. */
static void
put(const char *text)
{
	ssize_t size = (ssize_t)strlen(text);
	ssize_t done;

	/* In a forked child this descriptor may belong to another file. */
	if (atomic_load(&trace.errnum) || getpid() != trace.pid)
		return;
	do
		done = write(trace.fd, text, (size_t)size);
	while (done < 0 && errno == EINTR);
	if (done != size)
		atomic_store(&trace.errnum, done < 0 ? errno : ENOSPC);
}

/* Changes the text in place: characters that JSON would escape become '?', which is enough for
 * people. */
static char *
plain(char *text)
{
	for (char *at = text; *at; at++)
		if (*at < ' ' || *at > '~' || *at == '"' || *at == '\\')
			*at = '?';
	return text;
}

/* `kind` "process_name", or "thread_name", as the viewer calls a row. */
static void
put_title(const char *before, const char *kind, unsigned row, const char *title)
{
	AUTO_FREE char *shown = plain(xstrdup(title));
	AUTO_FREE char *line = xasprintf("%s\n{\"name\":\"%s\",\"ph\":\"M\",\"pid\":%ld,\"tid\":%u,"
					 "\"args\":{\"name\":\"%s\"}}",
					 before, kind, (long)trace.pid, row, shown);

	put(line);
}

unsigned
trace_row(const char *format, ...)
{
	AUTO_FREE char *title = NULL;
	unsigned row;
	va_list args;

	if (!trace_is_on())
		return 0;
	va_start(args, format);
	title = xvasprintf(format, args);
	va_end(args);
	row = atomic_fetch_add(&trace.rows, 1) + 1;
	put_title(",", "thread_name", row, title);
	return row;
}

void
trace_span(const char *name, unsigned row, int64_t begun_us, int64_t ended_us, const char *format,
	   ...)
{
	AUTO_FREE char *text = NULL;
	AUTO_FREE char *line = NULL;
	int errnum = errno;
	va_list args;

	if (!trace_is_on() || begun_us <= 0)
		return;
	if (row == 0 && own_row == 0)
		own_row = trace_row("a thread");
	va_start(args, format);
	text = xvasprintf(format, args);
	va_end(args);
	line = xasprintf(",\n{\"name\":\"%s\",\"ph\":\"X\",\"pid\":%ld,\"tid\":%u,\"ts\":%" PRId64
			 ",\"dur\":%" PRId64 ",\"args\":{\"what\":\"%s\"}}",
			 name, (long)trace.pid, row ? row : own_row, begun_us,
			 ended_us > begun_us ? ended_us - begun_us : 0, plain(text));
	put(line);
	errno = errnum;
}

/* Mode 0600: the trace names hosts, repositories and files. */
static int
open_file(const char *path, struct error **err)
{
	AUTO_CLOSE int fd =
		open(path,
		     O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
		     0600);
	struct stat status;

	if (fd < 0 || fstat(fd, &status) < 0)
		return error_set_path(err, errno, "write the trace", path);
	if (!S_ISREG(status.st_mode))
		return error_set(err, ERROR_LOCAL,
				 "cannot write the trace '%s': not a regular file", QUOTED(path));
	if (fchmod(fd, 0600) < 0 || ftruncate(fd, 0) < 0)
		return error_set_path(err, errno, "write the trace", path);
	return TAKE_FD(fd);
}

int
trace_open(const char *path, const char *title, struct error **err)
{
	int fd = open_file(path, err);

	if (fd < 0)
		return -1;
	trace.pid = getpid();
	trace.path = xstrdup(path);
	trace.title = xstrdup(title);
	trace.opened_us = deadline_now_us() - 1; /* so that no time is 0 */
	trace.fd = fd;
	put_title("[", "process_name", 0, title);
	own_row = trace_row("%s", title);
	return 0;
}

int
trace_close(struct error **err)
{
	int errnum;

	if (!trace_is_on())
		return 0;
	trace_span("run", own_row, 1, trace_now_us(), "%s", trace.title);
	put("\n]\n");
	errnum = atomic_load(&trace.errnum);
	close_at(&trace.fd);
	trace.fd = 0;
	free(TAKE_PTR(trace.title));
	if (errnum)
		(void)error_set_path(err, errnum, "write the trace", trace.path);
	free(TAKE_PTR(trace.path));
	return errnum ? -1 : 0;
}
