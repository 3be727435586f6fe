/* send.h - local blobs into a repository, several at once: fetch.h the other way round */
#ifndef OCIFP_IMAGE_SEND_H
#define OCIFP_IMAGE_SEND_H

struct descriptors;
struct error;
struct observer;
struct repository;

struct send_options {
	struct repository *source; /* holds its blobs locally */
	struct repository *destination;
	const char *mount_from; /* another repository at the destination's host, or NULL */
	struct observer *observer;
};

/* Blobs that the destination has are not sent. */
int send_blobs(const struct send_options *options, const struct descriptors *blobs,
	       struct error **err);

#endif
