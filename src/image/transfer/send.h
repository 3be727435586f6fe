/* SPDX-License-Identifier: Apache-2.0 */
/* send.h - blobs into a repository, several at once: fetch.h the other way round
 *
 * What the source has at hand is read there; what is behind a network goes from the one to the
 * other through memory alone (stream/relay.h), and is asked for when the destination takes it.
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
	struct store *made; /* asked before the source; NULL: none */
	struct repository *destination;
	const char *mount_from; /* another repository at the destination's host, or NULL */
	bool skip_check;        /* try to mount without asking whether it is there */
	struct observer *observer;
};

/* Blobs that the destination has are not sent. */
int send_blobs(const struct send_options *options, const struct descriptors *blobs,
	       struct error **err);

#endif
