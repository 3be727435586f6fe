/* SPDX-License-Identifier: Apache-2.0 */
/* send.h - sends blobs into a repository, several at once: the reverse of fetch.h
 *
 * Local blobs are read where they are.  Blobs behind a network pass through memory only
 * (stream/relay.h), and are requested once the destination accepts them.
 */
#ifndef OCIFP_IMAGE_TRANSFER_SEND_H
#define OCIFP_IMAGE_TRANSFER_SEND_H

#include <stdbool.h>

struct descriptors;
struct error;
struct observer;
struct repository;
struct store;

struct send_options {
	struct repository *source;
	struct store *made; /* tried before the source; NULL: none */
	struct repository *destination;
	const char *mount_from; /* another repository at the destination's host, or NULL */
	bool skip_check;        /* mount without asking whether the blob exists */
	struct observer *observer;
};

/* Blobs that the destination has are not sent. */
int send_blobs(const struct send_options *options, const struct descriptors *blobs,
	       struct error **err);

#endif
