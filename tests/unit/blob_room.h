/* SPDX-License-Identifier: Apache-2.0 */
/* blob_room.h - one small blob to or from the room's registry */
#ifndef OCIFP_TESTS_BLOB_ROOM_H
#define OCIFP_TESTS_BLOB_ROOM_H

#include "base/error.h"
#include "registry/registry_blobs.h"
#include "registry_room.h"

#define BLOB "hello"
#define DIGEST "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
#define PUT_DIGEST \
	"digest=sha256%3a2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824 "
#define OTHER_DIGEST "sha256:0000000000000000000000000000000000000000000000000000000000000000"
#define HEAD_BLOB "HEAD /v2/app/blobs/" DIGEST " "
#define POST_UPLOAD "POST /v2/app/blobs/uploads/ "
#define ACCEPTED(location) \
	ANSWER("202 Accepted", "Content-Length: 0\r\nLocation: " location "\r\n", "")
#define MISSING EMPTY("404 Not Found")
#define CREATED EMPTY("201 Created")
#define CUT "HTTP/1.1 "

/* How one blob's job ended. */
struct ending {
	bool has_ended;
	enum blob_outcome outcome;
	struct error *failure;
};

/* The blob_done that fills it, and the loop until then, which frees the job. */
void on_end(void *context, enum blob_outcome outcome, struct error *failure);
void drive(struct room *room, struct blob_job *job, struct ending *ending);

/* What a host has shown counts for one run: this begins another. */
void start_afresh(struct room *room);

/* BLOB is pushed; `mount_from` may be NULL. */
void put(struct room *room, const char *mount_from, struct ending *ending);
void assert_put(struct room *room, const char *mount_from, enum blob_outcome outcome);

/* `class_name` NULL: any. */
void assert_not_put(struct room *room, enum error_kind kind, const char *class_name);

#endif
