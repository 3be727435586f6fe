/* container_private.h - what the two sides of a container share: ocifp, which watches, and the
 * processes inside */
#ifndef OCIFP_RUN_CONTAINER_CONTAINER_PRIVATE_H
#define OCIFP_RUN_CONTAINER_CONTAINER_PRIVATE_H

#include <signal.h>

#include "run/container/container.h"

/* To the monitor: the container is killed with all that is in it, and waited for. */
enum { SIGNAL_KILLS = SIGALRM };

/* Those that are passed on to a job, but for what we were started to ignore, as by nohup(1);
 * SIGCHLD and SIGWINCH. */
void container_fill_signals(sigset_t *signals);

/* Of waitpid()'s status, as a shell says it. */
int container_shell_status(int status);

/* The forked process: makes the namespaces and what lives in them.  It tells on `answer_fd`, and
 * goes on when a byte comes from `map_fd`, whose other end is open as long as ocifp lives. */
void container_monitor(const struct container *container, pid_t parent_pid, int answer_fd,
		       int map_fd) __attribute__((noreturn));

#endif
