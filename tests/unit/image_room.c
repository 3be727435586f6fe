/* SPDX-License-Identifier: Apache-2.0 */
#include "image_room.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/xalloc.h"
#include "oci/media_type.h"
#include "stream/body.h"

static struct image_room *
room_of(struct repository *repository)
{
	return (struct image_room *)repository;
}

static void
note(struct image_room *room, const char *call, const char *name)
{
	size_t used = strlen(room->calls);

	(void)snprintf(room->calls + used, sizeof(room->calls) - used, "%s%s%s", used ? " " : "",
		       call, name);
}

static void
note_digest(struct image_room *room, const char *call, const struct digest *digest)
{
	char name[7] = "";

	memcpy(name, digest_hex(digest).text, 6);
	note(room, call, name);
}

static struct room_document *
find(struct image_room *room, const struct digest *digest)
{
	for (size_t i = 0; i < room->document_count; i++)
		if (digest_equal(&room->documents[i].digest, digest))
			return &room->documents[i];
	return NULL;
}

static struct room_document *
find_tag(struct image_room *room, const char *tag)
{
	for (size_t i = 0; i < room->document_count; i++)
		if (strings_has(&room->documents[i].tags, tag))
			return &room->documents[i];
	return NULL;
}

static int
room_resolve(struct repository *repository, const char *tag, const struct digest *digest,
	     struct resolution *resolution, struct error **err)
{
	struct image_room *room = room_of(repository);
	const struct room_document *document = digest ? find(room, digest) : find_tag(room, tag);

	if (digest)
		note_digest(room, "get:", digest);
	else
		note(room, "tag:", tag);
	resolution->evidence.presence = document ? PRESENCE_PRESENT : PRESENCE_ABSENT;
	if (!document)
		return 0;
	if (buf_append(&resolution->bytes, document->bytes, strlen(document->bytes), err) < 0)
		return -1;
	return resolution_describe(resolution, &document->digest, document->media_type, err);
}

static int
room_has(struct repository *repository, const struct digest *digest, bool *ret_found,
	 struct error **err)
{
	(void)err;
	note_digest(room_of(repository), "has:", digest);
	*ret_found = find(room_of(repository), digest) != NULL;
	return 0;
}

static int
room_put(struct repository *repository, const char *tag, const struct descriptor *descriptor,
	 const void *bytes, struct put_result *ret_result, struct error **err)
{
	struct image_room *room = room_of(repository);
	const char *failure = room->fail_put_once;

	(void)bytes;
	*ret_result = (struct put_result){ descriptor->digest, true };
	if (tag)
		note(room, "put:", tag);
	else
		note_digest(room, "put:", &descriptor->digest);
	room->fail_put_once = NULL;
	if (!failure)
		return 0;
	error_set(err, ERROR_CONTENT, "refused for the test");
	return error_set_class(err, error_class_parse(failure));
}

static int
room_get_blob(struct repository *repository, const struct descriptor *descriptor, struct body *body,
	      blob_done *done, void *context, struct error **err)
{
	struct image_room *room = room_of(repository);

	(void)err;
	note_digest(room, "blob:", &descriptor->digest);
	room->ended = done;
	room->ended_context = context;
	room->ended_body = body;
	room->ended_document = find(room, &descriptor->digest);
	return 0;
}

static int
room_put_blob(struct repository *repository, const struct blob_upload *upload, blob_done *done,
	      void *context, struct error **err)
{
	(void)err;
	note_digest(room_of(repository), "blob:", &upload->digest);
	done(context, BLOB_MOVED, NULL);
	return 0;
}

static int
room_step(struct repository *repository, const struct watched *also, int most_ms,
	  struct error **err)
{
	struct image_room *room = room_of(repository);
	blob_done *done = room->ended;
	const char *bytes = room->ended_document ? room->ended_document->bytes : "";
	struct error *failure = NULL;

	(void)also;
	(void)most_ms;
	(void)err;
	if (!done)
		return 0;
	room->ended = NULL;
	if (body_begin(room->ended_body, 0, &failure) == 0 &&
	    body_write(room->ended_body, bytes, strlen(bytes), &failure) == 0)
		(void)body_end(room->ended_body, &failure);
	done(room->ended_context, BLOB_MOVED, failure);
	return 0;
}

/* /dev/null will do for a blob that nobody reads. */
static int
room_open_blob(struct repository *repository, const struct descriptor *descriptor, int *ret_fd,
	       uint64_t *ret_offset_bytes, struct error **err)
{
	(void)repository;
	(void)descriptor;
	(void)err;
	*ret_fd = dup(0);
	*ret_offset_bytes = 0;
	return 0;
}

static int
room_list_tags(struct repository *repository, struct strings *tags, struct strings *others,
	       struct error **err)
{
	struct image_room *room = room_of(repository);

	(void)others; /* any name is a tag here */
	(void)err;
	for (size_t i = 0; i < room->document_count; i++)
		for (size_t j = 0; j < room->documents[i].tags.count; j++)
			strings_add(tags, room->documents[i].tags.items[j]);
	return 0;
}

static int
room_list_referrers(struct repository *repository, const struct digest *subject,
		    const char *artifact_type, struct descriptors *ret_referrers,
		    struct error **err)
{
	struct image_room *room = room_of(repository);

	(void)artifact_type;
	(void)err;
	for (size_t i = 0; i < room->document_count; i++) {
		struct room_document *document = &room->documents[i];
		struct descriptor referrer = { .media_type = document->media_type,
					       .digest = document->digest };

		if (digest_equal(&document->about, subject))
			descriptors_add(ret_referrers, &referrer);
	}
	return 0;
}

struct image_room *
image_room_new(void)
{
	static const struct repository_ops ops = {
		.resolve = room_resolve,
		.has_manifest = room_has,
		.put_manifest = room_put,
		.get_blob = room_get_blob,
		.put_blob = room_put_blob,
		.step = room_step,
		.open_blob = room_open_blob,
		.list_tags = room_list_tags,
		.list_referrers = room_list_referrers,
	};
	static char name[] = "memory";
	struct image_room *room = XNEW(struct image_room);

	room->repository.ops = &ops;
	room->repository.name = name;
	return room;
}

void
image_room_free(struct image_room *room)
{
	for (size_t i = 0; i < room->document_count; i++) {
		free(room->documents[i].media_type);
		free(room->documents[i].bytes);
		strings_release(&room->documents[i].tags);
	}
	free(room);
}

struct descriptor
image_room_add(struct image_room *room, const char *media_type, const char *format, ...)
{
	struct room_document *document = &room->documents[room->document_count++];
	va_list args;

	va_start(args, format);
	document->bytes = xvasprintf(format, args);
	va_end(args);
	document->media_type = xstrdup(media_type);
	document->digest = digest_of(DIGEST_SHA256, document->bytes, strlen(document->bytes));
	return (struct descriptor){
		.media_type = xstrdup(media_type),
		.digest = document->digest,
		.size_bytes = strlen(document->bytes),
	};
}

/* A test may name only what it put there. */
static struct room_document *
get(struct image_room *room, const struct descriptor *named)
{
	struct room_document *document = find(room, &named->digest);

	if (!document)
		abort();
	return document;
}

void
image_room_tag(struct image_room *room, const struct descriptor *named, const char *tag)
{
	strings_add(&get(room, named)->tags, tag);
}

void
image_room_refer(struct image_room *room, const struct descriptor *subject,
		 const struct descriptor *referrer)
{
	get(room, referrer)->about = subject->digest;
}

void
image_room_forget(struct image_room *room, const struct descriptor *named)
{
	get(room, named)->digest.algorithm = DIGEST_NONE;
}

const char *
image_room_entry(const struct descriptor *descriptor, const char *platform)
{
	static char entries[8][400];
	static unsigned next;
	char *entry = entries[next++ % 8];
	const char *slash = platform ? strchr(platform, '/') : NULL;
	AUTO_FREE char *described =
		slash ? xasprintf(",\"platform\":{\"os\":\"%.*s\",\"architecture\":\"%s\"}",
				  (int)(slash - platform), platform, slash + 1)
		      : xstrdup("");

	(void)snprintf(entry, sizeof(entries[0]),
		       "{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%llu%s}",
		       descriptor->media_type, digest_text(&descriptor->digest).text,
		       (unsigned long long)descriptor->size_bytes, described);
	return entry;
}

struct descriptor
image_room_add_image(struct image_room *room, const char *platform, const char *name)
{
	const char *slash = strchr(platform, '/');
	AUTO_DESCRIPTOR struct descriptor config = image_room_add(
		room, MEDIA_OCI_CONFIG,
		"{\"os\":\"%.*s\",\"architecture\":\"%s\",\"rootfs\":{\"type\":\"layers\","
		"\"diff_ids\":[\"sha256:%064d\"]},\"config\":{\"User\":\"%s\"}}",
		(int)(slash - platform), platform, slash + 1, 7, name);
	AUTO_DESCRIPTOR struct descriptor layer =
		image_room_add(room, MEDIA_OCI_LAYER, "layer %s", name);

	return image_room_add(room, MEDIA_OCI_MANIFEST,
			      "{\"schemaVersion\":2,\"mediaType\":\"%s\",\"config\":%s,"
			      "\"layers\":[%s]}",
			      MEDIA_OCI_MANIFEST, image_room_entry(&config, NULL),
			      image_room_entry(&layer, NULL));
}

size_t
image_room_count(const struct image_room *room, const char *call)
{
	size_t count = 0;

	for (const char *at = strstr(room->calls, call); at; at = strstr(at + 1, call))
		count++;
	return count;
}
