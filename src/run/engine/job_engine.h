/* SPDX-License-Identifier: Apache-2.0 */
/* job_engine.h - a program that others made and that runs a job in a root: crun, runc or bubblewrap
 *
 * It gets an empty environment, no descriptors but the job's three, a root in which all mounts are
 * made already, and paths without links.
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

/* What an engine is given.  `terminal_fd`: of a terminal for the job; -1: none. */
struct engine_start {
	const char *program; /* absolute */
	const struct root *root;
	const struct job *job;
	const struct id_map *map;
	bool own_network;
	bool keeps_proc; /* the /proc that is there, which is not the container's own */
	int terminal_fd;
	const struct job_mounts *mounts; /* for a bundle that others run; NULL: all is mounted */
};

struct engine {
	const char *name;

	/* In the container, as pid 1: runs the job to its end.  The exit status, or -1:
	 * ERROR_FAILURE, class "engine". */
	int (*run)(const struct engine_start *start, struct error **err);

	/* Makes the job's terminal itself and sends it to the socket "console" of the root; else it
	 * wants one of ours. */
	bool makes_terminal;
};

extern const struct engine engine_crun;
extern const struct engine engine_runc;
extern const struct engine engine_bwrap;

/* The one of that name, or (NULL) the first that is installed.  *ret_program is the caller's. */
const struct engine *engine_find(const char *name, char **ret_program, struct error **err);

/* Where the container has the caller's own ids alone, as 0, a job of another user gets a user
 * namespace in it, in which these are that user's. */
bool engine_maps_user(const struct engine_start *start);

/* For engines: "<name>: <its last words>" */
int engine_fail(const struct engine_start *start, const char *log_name, struct error **err);

#endif
