/* SPDX-License-Identifier: Apache-2.0 */
#include "store/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/deadline.h"
#include "base/error.h"
#include "base/leftovers.h"
#include "base/observer.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "store/folder.h"
#include "store/state.h"

static const int poll_first_ms = 10;
static const int poll_most_ms = 200;
static const int notice_after_ms = 1000;

int
lock_fd_try(int fd, enum lock_kind kind)
{
	int operation = (kind == LOCK_SHARED ? LOCK_SH : LOCK_EX) | LOCK_NB;

	while (flock(fd, operation) < 0)
		if (errno != EINTR)
			return errno;
	return 0;
}

bool
lock_is_named(int folder_fd, const char *name, int fd)
{
	struct stat named;
	struct stat opened;

	return fstatat(folder_fd, name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	       fstat(fd, &opened) == 0 && named.st_dev == opened.st_dev &&
	       named.st_ino == opened.st_ino;
}

/* A lock needs no write permission. */
static int
open_lock_file(const struct store *store, int folder_fd, const char *name)
{
	const int flags = O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	int fd = openat(folder_fd, name, O_RDWR | flags, store_file_mode(store));

	if (fd < 0 && (errno == EACCES || errno == EROFS))
		fd = openat(folder_fd, name, O_RDONLY | flags, store_file_mode(store));
	return fd;
}

/* 0 and the lock, or an errno.  EWOULDBLOCK: held; ENOENT: just being removed. */
static int
try_once(const struct store *store, int folder_fd, const char *name, enum lock_kind kind,
	 int *ret_fd)
{
	AUTO_CLOSE int fd = open_lock_file(store, folder_fd, name);
	int errnum;

	if (fd < 0)
		return errno;
	errnum = lock_fd_try(fd, kind);
	if (errnum)
		return errnum;
	if (!lock_is_named(folder_fd, name, fd))
		return ENOENT;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

static void
tell(struct lock_wait *wait, const struct store *store, const char *path)
{
	AUTO_FREE char *full = store_full_path(store, path);

	observer_tell(store->observer, EVENT_NOTICE, "waiting for another process that holds '%s'",
		      QUOTED(full));
	wait->told = true;
}

int
lock_wait_on(struct lock_wait *wait, const struct store *store, const char *path,
	     struct error **err)
{
	int64_t now_ms = deadline_now_ms();
	int64_t waited_ms;

	if (leftovers_check(err) < 0)
		return -1;
	if (wait->start_ms == 0)
		wait->start_ms = now_ms;
	waited_ms = now_ms - wait->start_ms;
	if (!wait->told && waited_ms >= notice_after_ms)
		tell(wait, store, path);
	observer_hear(store->observer, &(struct event){ .kind = EVENT_WAITING,
							.text = "for another process",
							.ms = waited_ms });
	if (store->lock_timeout_ms > 0 && waited_ms >= store->lock_timeout_ms) {
		AUTO_FREE char *full = store_full_path(store, path);

		error_set(err, ERROR_LOCAL, "timed out waiting for another process that holds '%s'",
			  QUOTED(full));
		error_set_class(err, CLASS_LOCK);
		return error_set_hint(err, "run 'fuser %s' to find the process", QUOTED(full));
	}
	return 0;
}

static int
pause_between_tries(int tries)
{
	int pause_ms = poll_first_ms << tries;

	(void)poll(NULL, 0, pause_ms);
	return pause_ms < poll_most_ms ? tries + 1 : tries;
}

int
lock_take(const struct store *store, const char *name, enum lock_kind kind, struct error **err)
{
	AUTO_FREE char *path = xasprintf("%s/%s", STORE_FOLDER, name);
	struct lock_wait wait = { 0 };
	int tries = 0;

	for (;;) {
		AUTO_CLOSE int folder_fd = folder_make(store, STORE_FOLDER, err);
		int fd = -1;
		int errnum;

		if (folder_fd < 0)
			return -1;
		errnum = try_once(store, folder_fd, name, kind, &fd);
		if (errnum == 0)
			return fd;
		if (errnum != EWOULDBLOCK && errnum != ENOENT)
			return folder_fail(store, errnum, "lock", path, err);
		if (lock_wait_on(&wait, store, path, err) < 0)
			return -1;
		tries = pause_between_tries(tries);
	}
}

int
lock_try(const struct store *store, const char *name, enum lock_kind kind)
{
	AUTO_CLOSE int folder_fd = folder_try(store, STORE_FOLDER);
	int fd = -1;

	if (folder_fd < 0 || try_once(store, folder_fd, name, kind, &fd) != 0)
		return -1;
	return fd;
}

int
lock_check(const struct store *store, const char *name, int lock_fd, struct error **err)
{
	AUTO_CLOSE int folder_fd = folder_try(store, STORE_FOLDER);

	if (folder_fd >= 0 && lock_is_named(folder_fd, name, lock_fd))
		return 0;
	error_set(err, ERROR_LOCAL, "'%s/" STORE_FOLDER "/%s' was removed while we held it",
		  QUOTED(store->path), name);
	return error_set_class(err, CLASS_LOCK);
}
