/* SPDX-License-Identifier: Apache-2.0 */
/* spawn.h - runs another program to its end
 *
 * Without a shell, unless the caller names one.  The program inherits stdin, stdout and stderr
 * only; our other descriptors are close-on-exec.
 */
#ifndef OCIFP_BASE_SPAWN_H
#define OCIFP_BASE_SPAWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct error;

/* Above the numbers that scripts use. */
#define SPAWN_HELD_FD 10

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
	/* Monotonic time, as in base/deadline.h; 0: none.  At the deadline the program is killed,
	 * with its process group if it has its own: that is, unless it reads our stdin, or it has
	 * no deadline and we are in the foreground of a terminal. */
	int64_t deadline_ms;
	int held_fd; /* a descriptor that is open in the program as SPAWN_HELD_FD, such as a lock;
			0: none */
};

/* The result of posix_spawn(3), which is called with errno 0: if fork fails, glibc 2.34 and 2.35
 * return EPERM and leave the reason in errno. */
int spawn_errnum(int errnum);

struct spawn_result {
	int exit_status; /* 128 + n for signal n; 126 and 127: not started, as in a shell */
	bool timed_out;
};

/* SIGHUP, SIGINT and SIGTERM, unless ignored or blocked, are sent on to the program, which is
 * killed INTERRUPT_GRACE_MS later.  spawn_run() then fails with class "signal", and main() dies by
 * spawn_caught_signal() after the cleanup. */
int spawn_caught_signal(void); /* 0: none */

/* Fails only when the program could not be run or its output passed a limit; a non-zero exit status
 * is a result.  A missing program has exit status 127. */
int spawn_run(const struct spawn_options *options, struct spawn_result *ret_result,
	      struct error **err);

#endif
