/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/startup.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/compat.h"
#include "base/error.h"

/* A file of ours must not become "standard output".  The wrong direction, so that using the
 * stream fails as it would have without us. */
static int
fill_descriptor(int fd, int flags, struct error **err)
{
	int opened;

	if (fcntl(fd, F_GETFD) >= 0 || errno != EBADF)
		return 0;
	opened = open("/dev/null", flags);
	if (opened != fd)
		return error_set_errno(err, errno, "cannot open '/dev/null'");
	return 0;
}

/* Interrupts keep their default: what was downloaded stays in its .part file, and whoever waits
 * for us sees which signal it was. */
static void
set_signals(void)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	struct sigaction reset = { .sa_handler = SIG_DFL };

	(void)sigaction(SIGPIPE, &ignore, NULL);
	(void)sigaction(SIGXFSZ, &ignore, NULL);
	(void)sigaction(SIGCHLD, &reset, NULL);
}

/* Passwords and tokens stay out of core files, whatever handles them here, and out of reach for
 * other processes of the user.  Programs that we start are not affected.  LeakSanitizer looks at
 * the process from outside, too. */
static void
hide_memory(void)
{
#if !defined(__SANITIZE_ADDRESS__)
	process_hide_memory();
#endif
}

/* A umask without the owner's bits would make files and folders that we cannot use ourselves. */
static void
set_umask(void)
{
	mode_t mask = umask(077);

	(void)umask(mask & ~(mode_t)S_IRWXU);
}

int
startup(struct error **err)
{
	if (fill_descriptor(STDIN_FILENO, O_WRONLY, err) < 0 ||
	    fill_descriptor(STDOUT_FILENO, O_RDONLY, err) < 0 ||
	    fill_descriptor(STDERR_FILENO, O_RDONLY, err) < 0)
		return -1;
	set_signals();
	hide_memory();
	set_umask();
	if (process_is_privileged()) {
		error_set(err, ERROR_USAGE, "refusing to run setuid or with file capabilities");
		return error_set_hint(err, "install it as an ordinary program");
	}
	return 0;
}
