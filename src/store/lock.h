/* lock.h - advisory locks between processes (flock), kept in the store's .ocifp folder
 *
 * A lock dies with its process, so there are no stale ones.  A lock file that was removed while
 * somebody waited for it is made anew.
 */
#ifndef OCIFP_STORE_LOCK_H
#define OCIFP_STORE_LOCK_H

#include <stdbool.h>
#include <stdint.h>

struct error;
struct store;

enum lock_kind { LOCK_SHARED, LOCK_EXCLUSIVE };

/* Somebody else is waited for; zeroed: not now. */
struct lock_wait {
	int64_t start_ms;
	bool told;
};

/* To be called while the wait lasts: tells of it after a second, and when the store's lock timeout
 * has passed it is ERROR_LOCAL, class "lock".  `path`, beneath the store, is
 * what is held. */
int lock_wait_on(struct lock_wait *wait, const struct store *store, const char *path,
		 struct error **err);

/* Waits up to the store's lock timeout, with a notice after a second; then ERROR_LOCAL, class
 * "lock".  The lock is a descriptor: closing it lets go. */
int lock_take(const struct store *store, const char *name, enum lock_kind kind, struct error **err);

/* -1 when it is held by somebody else or cannot be had. */
int lock_try(const struct store *store, const char *name, enum lock_kind kind);

/* Fails when the lock file is no longer the one that `lock_fd` locks: somebody removed it, and
 * another process may hold a new one. */
int lock_check(const struct store *store, const char *name, int lock_fd, struct error **err);

/* flock() without waiting: 0 or an errno, EWOULDBLOCK when it is held. */
int lock_fd_try(int fd, enum lock_kind kind);

/* True while `name` in that folder is the file that is open as `fd`. */
bool lock_is_named(int folder_fd, const char *name, int fd);

#endif
