/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/userns.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"

struct setting {
	const char *path;
	const char *refusing;
	const char *remedy;
};

/* Settings that no later one can override come first. */
static const struct setting settings[] = {
	{ "/proc/sys/user/max_user_namespaces", "0\n",
	  "none are allowed here: sysctl user.max_user_namespaces=10000" },
	{ "/proc/sys/kernel/unprivileged_userns_clone", "0\n",
	  "only root may make them here: sysctl kernel.unprivileged_userns_clone=1" },
	{ "/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1\n",
	  "AppArmor restricts them: install its profile, contrib/apparmor/ocifp" },
};

static bool
says(const char *path, const char *text)
{
	AUTO_BUF struct buf buf = BUF_INIT(KIB);
	AUTO_ERROR struct error *error = NULL;
	bool found = false;

	return file_find(AT_FDCWD, path, &buf, &found, &error) == 0 && found && buf.data &&
	       strcmp(buf.data, text) == 0;
}

const char *
userns_remedy(void)
{
	for (size_t i = 0; i < COUNT_OF(settings); i++)
		if (says(settings[i].path, settings[i].refusing))
			return settings[i].remedy;
	return NULL;
}

int
userns_refuse(int errnum, struct error **err)
{
	const char *remedy = userns_remedy();

	/* For namespaces ENOSPC means that the limit is reached, not that a disk is full. */
	error_set(err, ERROR_LOCAL, "user namespaces are refused: %s", errno_text(errnum).text);
	error_set_class(err, CLASS_NO_USERNS);
	return error_set_hint(err, "%s",
			      remedy ? remedy
				     : "an administrator can allow them, see user_namespaces(7)");
}

int
userns_enter(struct error **err)
{
	return unshare(CLONE_NEWUSER) < 0 ? userns_refuse(errno, err) : 0;
}

int
userns_become_root(struct error **err)
{
	if (setgroups(0, NULL) < 0 || setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
		return userns_refuse(errno, err);
	return 0;
}

/* In a user namespace that AppArmor restricts, no other namespace can be created.  0 or an errno
 * value. */
static int
make_namespace(void)
{
	pid_t pid = fork();
	int status = 0;
	pid_t ended;

	if (pid == 0)
		_exit(unshare(CLONE_NEWUSER) < 0 || unshare(CLONE_NEWUTS) < 0 ? errno : 0);
	if (pid < 0)
		return 0;
	do
		ended = waitpid(pid, &status, 0);
	while (ended < 0 && errno == EINTR);
	return ended == pid && WIFEXITED(status) ? WEXITSTATUS(status) : 0;
}

int
userns_try(struct error **err)
{
	int errnum = make_namespace();

	/* Other processes may hold all namespaces that the limit allows, for now. */
	if (errnum == ENOSPC && !userns_remedy())
		return 0;
	if (errnum)
		return userns_refuse(errnum, err);
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		return 0;
	error_set(err, ERROR_LOCAL, "newuidmap gets no privileges");
	error_set_class(err, CLASS_NO_USERNS);
	return error_set_hint(err, "start ocifp without no_new_privs, see prctl(2)");
}
