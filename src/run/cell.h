/* cell.h - a process of ours as the first one of new namespaces
 *
 *     ocifp --fork--> keeper            user namespace; ocifp writes its id maps
 *                       --fork--> cell     pid 1: mount, pid, ipc, uts and maybe network
 * namespaces main()      sets up, starts an engine, waits for the job
 *
 * Whoever of them dies takes all below along: the keeper and the cell get SIGKILL with their
 * parent, and the end of pid 1 is the end of every process of its namespace; its mounts are in no
 * other.  Signals that we get are handed down; deadline and status come back up.
 */
#ifndef OCIFP_RUN_CELL_H
#define OCIFP_RUN_CELL_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct error;
struct id_map;

/* In the cell: the exit status of the job, 0 to 255, or -1 with *err. */
typedef int cell_main(void *context, struct error **err);

enum { CELL_WATCHED_LIMIT = 3 };

struct cell {
	const struct id_map *map;
	bool own_network;
	const char *hostname;
	int64_t deadline_ms; /* then ERROR_TIMEOUT; 0: none */
	cell_main *main;
	void *context;
	void (*started)(void *context, pid_t pid); /* in ocifp, before it goes on; NULL: nothing */

	/* While it runs, in ocifp: polled too, and `watch` called to look at `revents`, or because
	 * our window has another size.  NULL: nothing to look at. */
	struct pollfd watched[CELL_WATCHED_LIMIT];
	unsigned watched_count;
	void (*watch)(void *context, bool is_resized);
};

/* *ret_status: as a shell says it, 128 + n for signal n.  Class "no_userns" when the kernel or its
 * administrator refuses user namespaces. */
int cell_run(struct cell *cell, int *ret_status, struct error **err);

/* A job that is no child of the cell. */
struct cell_job {
	pid_t (*find)(void); /* who gets the signals; -1: nobody yet */
	void (*tick)(void);  /* twice a second while nothing else happens */
};

/* For the cell: waits for a child, reaping all that ended before it, and hands signals on to it, or
 * to `job`.  The status is as a shell says it. */
int cell_wait(pid_t pid, const struct cell_job *job);

/* In the cell: its command line, which the job can see, becomes empty.  Nothing may point into it
 * any more. */
void cell_hide_words(void);

#endif
