/* SPDX-License-Identifier: Apache-2.0 */
/* container.h - a process of ours as the first one of new namespaces
 *
 *     ocifp --fork--> monitor            user namespace; ocifp writes its id maps
 *                       --fork--> container     pid 1: mount, pid, ipc, uts and maybe network
 * namespaces main()      sets up, starts an engine, waits for the job
 *
 * Whoever of them dies takes all below along: the monitor and the container get SIGKILL with their
 * parent, and the end of pid 1 is the end of every process of its namespace; its mounts are in no
 * other.  Signals that we get are handed down; deadline and status come back up.
 */
#ifndef OCIFP_RUN_CONTAINER_CONTAINER_H
#define OCIFP_RUN_CONTAINER_CONTAINER_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct error;
struct id_map;

/* In the container: the exit status of the job, 0 to 255, or -1 with *err. */
typedef int container_main(void *context, struct error **err);

enum { CONTAINER_WATCHED_LIMIT = 3 };

struct container {
	const struct id_map *map;
	bool own_network;
	bool keeps_proc; /* the caller's /proc, where no other can be mounted: no boundary */
	const char *hostname;
	int64_t deadline_ms; /* then ERROR_TIMEOUT; 0: none */
	container_main *main;
	void *context;
	void (*started)(void *context, pid_t pid); /* in ocifp, before it goes on; NULL: nothing */

	/* While it runs, in ocifp: polled too, and `watch` called to look at `revents`, or because
	 * our window has another size.  NULL: nothing to look at. */
	struct pollfd watched[CONTAINER_WATCHED_LIMIT];
	unsigned watched_count;
	void (*watch)(void *context, bool is_resized);
};

/* *ret_status: as a shell says it, 128 + n for signal n.  Class "no_userns" when the kernel or its
 * administrator refuses user namespaces. */
int container_run(struct container *container, int *ret_status, struct error **err);

/* A job that is not a child of the container. */
struct container_job {
	pid_t (*find)(void); /* who gets the signals; -1: nobody yet */
	void (*tick)(void);  /* twice a second while nothing else happens */
};

/* For the container: waits for a child, reaping all that ended before it, and hands signals on to
 * it, or to `job`.  The status is as a shell says it. */
int container_wait(pid_t pid, const struct container_job *job);

/* In the container: its command line, which the job can see, becomes empty.  Nothing may point into
 * it any more. */
void container_hide_words(void);

#endif
