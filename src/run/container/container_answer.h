/* SPDX-License-Identifier: Apache-2.0 */
/* container_answer.h - how the processes of a container tell ocifp what became of it
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

/* What was sent; when nothing was, it died, and `status` says how. */
int container_answer_receive(int fd, int status, int *ret_status, struct error **err);

#endif
