/* SPDX-License-Identifier: Apache-2.0 */
/* container.h - a process of ours as the first one of new namespaces
 *
 *     ocifp --fork--> monitor            user namespace; ocifp writes its id maps
 *                       --fork--> container     pid 1: mount, pid, ipc, uts and maybe network
 * namespaces main()      sets up, starts an engine, waits for the job
 *
 * If one of them dies, all below it die too: the monitor and the container get SIGKILL with their
 * parent, and with pid 1 every process of its namespace ends.  Its mounts are in no other
 * namespace. Signals that we get are passed down; deadline and status are passed up.
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
	bool keeps_proc; /* the caller's /proc, where a new one cannot be mounted: no boundary */
	const char *hostname;
	int64_t deadline_ms; /* after it: ERROR_TIMEOUT; 0: none */
	container_main *main;
	void *context;
	void (*started)(void *context,
			pid_t pid); /* called in ocifp before the container continues; NULL: none */

	/* Polled too while the job runs, in ocifp; `watch` is called to handle `revents`, or
	 * because our window has another size.  NULL: none. */
	struct pollfd watched[CONTAINER_WATCHED_LIMIT];
	unsigned watched_count;
	void (*watch)(void *context, bool is_resized);
};

/* *ret_status: as a shell reports it, 128 + n for signal n.  Class "no_userns" if the kernel or its
 * administrator refuses user namespaces. */
int container_run(struct container *container, int *ret_status, struct error **err);

/* For a job that is not a child of the container. */
struct container_job {
	pid_t (*find)(void); /* the process that gets signals; -1: none yet */
	void (*tick)(void);  /* called twice a second while nothing else happens */
};

/* In the container: waits for a child, reaping others that end before it, and passes signals on to
 * it, or to `job`.  The status is as a shell reports it. */
int container_wait(pid_t pid, const struct container_job *job);

/* In the container: empties its command line, which the job can see.  No pointer may lead into it.
 */
void container_hide_words(void);

#endif
