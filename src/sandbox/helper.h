/* SPDX-License-Identifier: Apache-2.0 */
/* helper.h - the confined child that reads untrusted files: `ocifp-layer`
 *
 *     program                          ocifp-layer VERB
 *       helper_start  ----exec---->      no environment; descriptors: 3 the channel, then those
 *                                        that were given
 *       request       ----3-------->      reads it
 *       newuidmap     <---3---------      (with ID_MAP_RANGES) is in a user namespace of its own
 *                     ----3-------->      the maps are written
 *                                        enters its sandbox (confine.h), then reads untrusted bytes
 *                     <---3---------      items, then one result or failure
 *
 * The program is looked for beside the running one, then in LIBEXECDIR; a program that is its own
 * helper (helper_self.h) starts its own file.  The environment variable OCIFP_LIBEXEC names another
 * folder, for tests.  The child is killed when it is freed or its starter dies.
 */
#ifndef OCIFP_SANDBOX_HELPER_H
#define OCIFP_SANDBOX_HELPER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"

struct error;
struct helper;
struct id_map;
struct message;
struct sandbox;

#define HELPER_CHANNEL_FD 3 /* the channel's number in the child; the given descriptors follow */
#define HELPER_FIRST_FD 4
#define HELPER_FDS_LIMIT_COUNT 4

/* The child's descriptors are first copied to this number and above, so that none overwrites
 * another. */
#define HELPER_PARKING_FD 64

/* An empty request; add the values of the verb. */
void helper_request_init(struct message *request);

struct helper_start {
	const char *verb;
	const int *fds; /* stay the caller's */
	size_t fd_count;
	const struct message *request;
	const struct id_map *map; /* NULL: no user namespace */
};

struct helper *helper_start(const struct helper_start *start, struct error **err);

/* Sends the file that `text` names.  0 also if the helper has ended: helper_receive() then has the
 * reason. */
int helper_send_file(struct helper *helper, const char *text, int fd, struct error **err);

/* Receives one answer.  *ret_last: it was the result.  A failure, or a child that ended without
 * either, is an error here. */
int helper_receive(struct helper *helper, struct message *message, bool *ret_last,
		   struct error **err);

/* A descriptor that is readable when helper_receive() has something. */
int helper_poll_fd(const struct helper *helper);

/* For callers that wait for several helpers: tell here that you waited and nothing came.  A helper
 * that used no processor time meanwhile, because it is stopped or its disk does not answer, is
 * ERROR_FAILURE, class "helper". */
int helper_await(struct helper *helper, int fd, short events, struct error **err);
int helper_note_wait(struct helper *helper, int waited_ms, struct error **err);

/* The sandbox that a child can enter on this machine; a child finds it out. */
int helper_find_sandbox(struct sandbox *ret_sandbox, struct error **err);

void helper_free(struct helper *helper);
DEFINE_CLEANUP(struct helper, helper_free)
#define AUTO_HELPER CLEANUP(helper_free_at)

#endif
