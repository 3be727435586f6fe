/* SPDX-License-Identifier: Apache-2.0 */
/* container_answer.h - how the processes of a container report their result to ocifp
 *
 * One packet a message, JSON: {"ready":true}, {"status":42}, {"error":{...}}.
 */
#ifndef OCIFP_RUN_CONTAINER_CONTAINER_ANSWER_H
#define OCIFP_RUN_CONTAINER_CONTAINER_ANSWER_H

struct error;

void container_answer_ready(int fd);
int container_answer_await_ready(int fd, struct error **err);

/* `status` -1: the error. */
void container_answer_send(int fd, int status, const struct error *error);

/* The message; if there is none, the process died, and `status` tells how. */
int container_answer_receive(int fd, int status, int *ret_status, struct error **err);

#endif
