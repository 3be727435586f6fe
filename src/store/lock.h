/* SPDX-License-Identifier: Apache-2.0 */
/* lock.h - advisory locks between processes (flock), in the store's folder .ocifp
 *
 * The kernel releases the locks of a process that ends.  A waiter recreates a lock file that was
 * removed.
 */
#ifndef OCIFP_STORE_LOCK_H
#define OCIFP_STORE_LOCK_H

#include <stdbool.h>
#include <stdint.h>

struct error;
struct store;

enum lock_kind { LOCK_SHARED, LOCK_EXCLUSIVE };

/* State of a wait for another process; zeroed: not waiting. */
struct lock_wait {
	int64_t start_ms;
	bool told;
};

/* Called repeatedly during a wait for `path`: sends a notice after a second, and is ERROR_LOCAL,
 * class "lock", once the store's lock timeout has passed. */
int lock_wait_on(struct lock_wait *wait, const struct store *store, const char *path,
		 struct error **err);

/* Waits up to the store's lock timeout, with a notice after a second; then ERROR_LOCAL, class
 * "lock".  Closing the returned descriptor releases the lock. */
int lock_take(const struct store *store, const char *name, enum lock_kind kind, struct error **err);

/* -1: held by another process, or another error. */
int lock_try(const struct store *store, const char *name, enum lock_kind kind);

/* Fails if the lock file is no longer the one that `lock_fd` locks: it was removed, and another
 * process may hold a new one. */
int lock_check(const struct store *store, const char *name, int lock_fd, struct error **err);

/* flock() without waiting: 0 or an errno; EWOULDBLOCK: held. */
int lock_fd_try(int fd, enum lock_kind kind);

/* Whether `name` in that folder is the file that is open as `fd`. */
bool lock_is_named(int folder_fd, const char *name, int fd);

#endif
