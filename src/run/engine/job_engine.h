/* SPDX-License-Identifier: Apache-2.0 */
/* job_engine.h - an installed program that runs a job in a root: crun, runc or bubblewrap
 *
 * It gets an empty environment, no descriptors but the job's three, a root with all mounts made,
 * and paths without links.
 */
#ifndef OCIFP_RUN_ENGINE_JOB_ENGINE_H
#define OCIFP_RUN_ENGINE_JOB_ENGINE_H

#include <stdbool.h>
#include <sys/types.h>

struct error;
struct job;
struct job_mounts;
struct root;
struct id_map;

/* The input of an engine.  `terminal_fd`: a terminal for the job; -1: none. */
struct engine_start {
	const char *program; /* absolute */
	const struct root *root;
	const struct job *job;
	const struct id_map *map;
	bool own_network;
	bool keeps_proc; /* the caller's /proc is mounted, not the container's own */
	int terminal_fd;
	const struct job_mounts
		*mounts; /* for a bundle that others run; NULL: everything is mounted already */
};

struct engine {
	const char *name;

	/* In the container, as pid 1: runs the job to its end.  Returns its exit status, or -1:
	 * ERROR_FAILURE, class "engine". */
	int (*run)(const struct engine_start *start, struct error **err);

	/* It creates the job's terminal and sends it to the socket "console" of the root; false: it
	 * is given one of ours. */
	bool makes_terminal;
};

extern const struct engine engine_crun;
extern const struct engine engine_runc;
extern const struct engine engine_bwrap;

/* The engine of that name, or (NULL) the first that is installed.  *ret_program is the caller's. */
const struct engine *engine_find(const char *name, char **ret_program, struct error **err);

/* If the container has only the caller's own ids, as 0, a job of another user gets a nested user
 * namespace in which these are that user's. */
bool engine_maps_user(const struct engine_start *start);

/* For engines: "<name>: <its last words>" */
int engine_fail(const struct engine_start *start, const char *log_name, struct error **err);

#endif
