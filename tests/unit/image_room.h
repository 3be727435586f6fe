/* SPDX-License-Identifier: Apache-2.0 */
/* image_room.h - a repository in memory for the tests of image/, which notes what is asked of it
 *
 * `calls` is a word a call, in order: "has:<6 hex>", "get:<6 hex>", "blob:<6 hex>",
 * "put:<6 hex or tag>".
 */
#ifndef OCIFP_TESTS_IMAGE_ROOM_H
#define OCIFP_TESTS_IMAGE_ROOM_H

#include "base/buf.h"
#include "base/strings.h"
#include "oci/descriptor.h"
#include "repository/backend.h"

#define ROOM_DOCUMENTS 32

struct room_document {
	struct digest digest;
	char *media_type;
	char *bytes;
	struct strings tags;
	struct digest about; /* what it is listed for as a referrer; DIGEST_NONE: nothing */
};

struct image_room {
	struct repository repository; /* first */
	struct room_document documents[ROOM_DOCUMENTS];
	size_t document_count;
	char calls[2000];
	const char *fail_put_once; /* class of an error for the first put; NULL: none */
	blob_done *ended;          /* a blob job to be ended by the next step */
	void *ended_context;
	struct body *ended_body;
	const struct room_document *ended_document;
};

struct image_room *image_room_new(void);
void image_room_free(struct image_room *room);

/* Adds a document or blob; the descriptor is the caller's to release. */
struct descriptor image_room_add(struct image_room *room, const char *media_type,
				 const char *format, ...) __attribute__((format(printf, 3, 4)));

/* A manifest with a config for "os/architecture" and one layer, `name` inside it. */
struct descriptor image_room_add_image(struct image_room *room, const char *platform,
				       const char *name);

void image_room_tag(struct image_room *room, const struct descriptor *named, const char *tag);
void image_room_refer(struct image_room *room, const struct descriptor *subject,
		      const struct descriptor *referrer);

/* From now on it is absent. */
void image_room_forget(struct image_room *room, const struct descriptor *named);

/* `{"mediaType": ..., "digest": ..., "size": ..., "platform": ...}`; `platform` NULL: none.  In a
 * buffer that lives until the next but seven calls. */
const char *image_room_entry(const struct descriptor *descriptor, const char *platform);

/* "get:" and the like; how often it was called. */
size_t image_room_count(const struct image_room *room, const char *call);

#endif
