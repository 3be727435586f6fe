/* spawn.h - another program, run to its end
 *
 * Without a shell unless the caller names one.  Nothing but stdin, stdout and stderr is
 * inherited; every descriptor of ours is close-on-exec.
 */
#ifndef OCIFP_BASE_SPAWN_H
#define OCIFP_BASE_SPAWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct error;

struct spawn_options {
	const char *const *argv;        /* argv[0] is sought in PATH */
	const char *const *environment; /* NULL: ours */
	const char *directory;          /* NULL: ours */
	const char *input;              /* NULL: /dev/null */
	size_t input_bytes;
	bool inherit_input;   /* our stdin instead of `input` */
	bool inherit_output;  /* our stdout, when `output` is NULL */
	struct buf *output;   /* stdout; NULL: goes to our stderr */
	struct buf *messages; /* stderr; NULL: ours */
	/* Monotonic, as base/deadline.h; 0: none.  Killed then, with all of its process group if
	 * that is its own: with a deadline, and unless it reads our stdin, which may be a terminal.
	 */
	int64_t deadline_ms;
};

struct spawn_result {
	int exit_status; /* as a shell says it: 128 + n for signal n; 126, 127 when not started */
	bool timed_out;
};

/* Fails only when the program could not be run or its output passed a limit; a non-zero exit
 * status is a result.  A program that is not there has exit status 127. */
int spawn_run(const struct spawn_options *options, struct spawn_result *ret_result,
	      struct error **err);

#endif
