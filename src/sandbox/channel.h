/* SPDX-License-Identifier: Apache-2.0 */
/* channel.h - small framed messages between the program and its confined child
 *
 *     type, size (4 bytes each, in this machine's byte order)  payload (size bytes)
 *
 * Both ends are of one build and run on one machine.  The child's input may take it over, so its
 * messages are checked like any other foreign bytes.  A number takes 8 bytes; a text is its size
 * and its bytes, without NUL.
 */
#ifndef OCIFP_SANDBOX_CHANNEL_H
#define OCIFP_SANDBOX_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/limits.h"

struct error;

enum message_type {
	MESSAGE_REQUEST = 1, /* to the child: the task; its payload depends on the verb */
	MESSAGE_UNSHARED,    /* from it: write my id maps */
	MESSAGE_MAPPED,      /* to it: they are written */
	MESSAGE_LAYER,       /* to it: a descriptor to read follows */
	MESSAGE_ITEM,        /* from it: one of many answers */
	MESSAGE_RESULT,      /* from it: the last one, it is done */
	MESSAGE_FAILURE,     /* from it: the last one, an error */
};

struct message {
	uint32_t type;
	struct buf payload;
	size_t read_bytes; /* of the payload, by message_get_...() */
};

#define MESSAGE_INIT(kind) \
	((struct message){ .type = (kind), .payload = BUF_INIT(MESSAGE_LIMIT_BYTES) })

/* A message that is too long fails in message_send(): ERROR_FAILURE. */
void message_put_number(struct message *message, uint64_t number);
void message_put_text(struct message *message, const char *text);
void message_put_bytes(struct message *message, const void *bytes, size_t size);
int message_send(int fd, const struct message *message, struct error **err);

/* How long the rest of a message may take; without a timeout, forever. */
int channel_set_timeout(int fd, int timeout_ms, struct error **err);

/* ERROR_FAILURE: an invalid frame.  *ret_ended: the other end was closed. */
int message_receive(int fd, struct message *message, bool *ret_ended, struct error **err);

/* A descriptor, sent after the message that announces it.  The sender's own stays open. */
int message_send_fd(int fd, int passed_fd, struct error **err);
int message_receive_fd(int fd, struct error **err); /* returns it */

/* Values come in the order in which they were put.  Text and bytes belong to the message. */
int message_get_number(struct message *message, uint64_t *ret_number, struct error **err);
int message_get_text(struct message *message, const char **ret_text, struct error **err);
int message_get_bytes(struct message *message, const void **ret_bytes, size_t *ret_size,
		      struct error **err);

/* Passes an error on: kind, class, text and hint.  Kinds and classes that a child must not use
 * become ERROR_FAILURE, and its text is quoted. */
void message_put_error(struct message *message, const struct error *error);
int message_get_error(struct message *message, struct error **err); /* returns -1 */

void message_release(struct message *message);
#define AUTO_MESSAGE CLEANUP(message_release)

#endif
