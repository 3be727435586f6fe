/* SPDX-License-Identifier: Apache-2.0 */
#include "store/ingest.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "oci/descriptor.h"
#include "oci/digest.h"
#include "store/file_hash.h"
#include "store/folder.h"
#include "store/state.h"
#include "store/store.h"
#include "stream/body.h"
#include "stream/sink.h"

struct extent {
	uint64_t first;
	uint64_t end;
};

struct ingest {
	struct body body;
	struct store *store;
	struct digest digest;
	uint64_t size_bytes;
	uint64_t cursor;   /* the file has the bytes before it */
	uint64_t position; /* of the next byte of the response */
	uint64_t reused_bytes;
	struct extent *ahead; /* the file has these bytes too */
	size_t ahead_count;
	char *path; /* relative to the store: of the .part, or of the blob */
	int fd;
	struct file_hash *hash;
	bool finished;
	bool is_passing;
};

static int
finish(struct ingest *self, struct error **err)
{
	struct part part = {
		.digest = self->digest,
		.size_bytes = self->size_bytes,
		.path = xstrdup(self->path),
		.fd = TAKE_FD(self->fd),
	};

	self->finished = true;
	/* While other blobs are still being fetched. */
	if (!self->is_passing)
		file_start_writing(part.fd, 0, 0);
	return store_take_part(self->store, &part, err);
}

static struct body_range
ingest_wanted(const struct body *body)
{
	const struct ingest *self = (const struct ingest *)body;

	return (struct body_range){ .first = self->cursor,
				    .end = self->size_bytes,
				    .size_bytes = self->size_bytes };
}

static int
start_over(struct ingest *self, struct error **err)
{
	file_hash_reset(self->hash);
	self->cursor = 0;
	self->reused_bytes = 0;
	self->ahead_count = 0;
	if (ftruncate(self->fd, 0) < 0)
		return folder_fail(self->store, errno, "empty", self->path, err);
	return 0;
}

static int
refuse(struct ingest *self, enum error_class error_class, const char *why, struct error **err)
{
	AUTO_ERROR struct error *ignored = NULL;

	if (!self->finished)
		(void)start_over(self, &ignored);
	error_set(err, ERROR_CONTENT, "blob '%s' %s", digest_text(&self->digest).text, why);
	return error_set_class(err, error_class);
}

static int
ingest_begin(struct body *body, uint64_t offset, struct error **err)
{
	struct ingest *self = (struct ingest *)body;

	if (offset > self->cursor)
		return refuse(self, CLASS_RANGE, "starts after the requested byte", err);
	self->position = offset;
	return 0;
}

/* The process that holds the part may wait for blobs that we have finished: commit them first. */
static int
busy(struct ingest *self, enum ingest_state *ret_state, struct error **err)
{
	*ret_state = INGEST_BUSY;
	if (store_commit(self->store, err) < 0)
		return -1;
	return lock_wait_on(&self->store->busy, self->store, self->path, err);
}

/* Starts writing to disk during the download, so that the commit waits for less. */
static void
write_behind(struct ingest *self, uint64_t first, size_t size)
{
	uint64_t end = first + size;
	uint64_t start = end - end % WRITE_BEHIND_BYTES;

	if (first < start && !self->is_passing)
		file_start_writing(self->fd, start - WRITE_BEHIND_BYTES, WRITE_BEHIND_BYTES);
}

static void
forget_ahead(struct ingest *self, size_t index)
{
	self->ahead[index] = self->ahead[--self->ahead_count];
}

/* Extents that touch are one. */
static void
add_ahead(struct ingest *self, struct extent added)
{
	for (size_t i = 0; i < self->ahead_count;) {
		struct extent *there = &self->ahead[i];

		if (there->first > added.end || there->end < added.first) {
			i++;
			continue;
		}
		added.first = there->first < added.first ? there->first : added.first;
		added.end = there->end > added.end ? there->end : added.end;
		forget_ahead(self, i);
	}
	self->ahead = xgrow(self->ahead, self->ahead_count, sizeof(*self->ahead));
	self->ahead[self->ahead_count++] = added;
}

/* The bytes before the cursor are there, and perhaps some that came ahead. */
static void
move_cursor(struct ingest *self, uint64_t cursor)
{
	self->cursor = cursor;
	for (size_t i = 0; i < self->ahead_count;) {
		const struct extent there = self->ahead[i];

		if (there.first > self->cursor) {
			i++;
			continue;
		}
		self->cursor = there.end > self->cursor ? there.end : self->cursor;
		forget_ahead(self, i);
		i = 0;
	}
	file_hash_grown(self->hash, self->cursor);
	self->store->busy = (struct lock_wait){ 0 };
}

static int
ingest_write_at(struct body *body, uint64_t offset, const void *bytes, size_t size,
		struct error **err)
{
	struct ingest *self = (struct ingest *)body;
	uint64_t known = offset < self->cursor ? self->cursor - offset : 0;

	if (offset > self->size_bytes || size > self->size_bytes - offset)
		return refuse(self, CLASS_SIZE, "is longer than its descriptor says", err);
	if (known >= size)
		return 0;
	/* What is hashed already stays as it is. */
	offset += known;
	bytes = (const char *)bytes + known;
	size -= (size_t)known;
	if (fd_pwrite_all(self->fd, bytes, size, offset, self->path, err) < 0)
		return store_wrap(self->store, err);
	write_behind(self, offset, size);
	add_ahead(self, (struct extent){ offset, offset + size });
	move_cursor(self, self->cursor);
	return 0;
}

static int
ingest_write(struct body *body, const void *bytes, size_t size, struct error **err)
{
	struct ingest *self = (struct ingest *)body;
	/* A server without ranges sends the first bytes again: skip them.  If they differ, the
	 * digest tells. */
	uint64_t known = self->cursor - self->position;
	size_t passed = known < size ? (size_t)known : size;
	const char *fresh = (const char *)bytes + passed;

	self->position += size;
	size -= passed;
	if (size == 0)
		return 0;
	if (size > self->size_bytes - self->cursor)
		return refuse(self, CLASS_SIZE, "is longer than its descriptor says", err);
	if (fd_pwrite_all(self->fd, fresh, size, self->cursor, self->path, err) < 0)
		return store_wrap(self->store, err);
	write_behind(self, self->cursor, size);
	move_cursor(self, self->cursor + size);
	return 0;
}

static int
check_digest(struct ingest *self, bool *ret_matches, struct error **err)
{
	struct digest actual;

	if (file_hash_finish(self->hash, &actual) < 0)
		return folder_fail(self->store, errno, "read", self->path, err);
	*ret_matches = digest_equal(&actual, &self->digest);
	return 0;
}

static int
ingest_end(struct body *body, struct error **err)
{
	struct ingest *self = (struct ingest *)body;
	bool matches = false;

	if (self->finished)
		return 0;
	if (self->cursor < self->size_bytes)
		return refuse(self, CLASS_SIZE, "is shorter than its descriptor says", err);
	if (check_digest(self, &matches, err) < 0)
		return -1;
	if (!matches)
		return refuse(self, CLASS_DIGEST, "does not match its digest", err);
	return finish(self, err);
}

static const struct body_ops ingest_ops = {
	.wanted = ingest_wanted,
	.begin = ingest_begin,
	.write = ingest_write,
	.write_at = ingest_write_at,
	.end = ingest_end,
};

struct body *
ingest_body(struct ingest *ingest)
{
	return &ingest->body;
}

uint64_t
ingest_reused_bytes(const struct ingest *ingest)
{
	return ingest->reused_bytes;
}

/* If the part cannot be shortened, the next run finds the hole in it. */
static void
drop_ahead(struct ingest *self)
{
	if (self->fd >= 0 && self->ahead_count > 0 && ftruncate(self->fd, (off_t)self->cursor) < 0)
		self->ahead_count = 0;
	free(self->ahead);
}

void
ingest_set_passing(struct ingest *ingest)
{
	ingest->is_passing = true;
}

void
ingest_free(struct ingest *ingest)
{
	if (!ingest)
		return;
	file_hash_free(ingest->hash);
	drop_ahead(ingest);
	if (ingest->fd >= 0)
		part_leave(ingest->store, ingest->path, ingest->fd);
	store_end_ingest(ingest->store);
	free(ingest->path);
	free(ingest);
}

/* What a killed run left may have a hole, with ranges behind it that came ahead.  The file system
 * tells where holes are in blocks; without that knowledge the digest tells in the end. */
static int
cut_at_hole(struct ingest *self, uint64_t *size_bytes, struct error **err)
{
	off_t hole = lseek(self->fd, 0, SEEK_HOLE);

	if (hole < 0 || (uint64_t)hole >= *size_bytes || lseek(self->fd, hole, SEEK_DATA) < 0)
		return 0;
	*size_bytes = (uint64_t)hole > HOLE_MARGIN_BYTES ? (uint64_t)hole - HOLE_MARGIN_BYTES : 0;
	if (ftruncate(self->fd, (off_t)*size_bytes) < 0)
		return folder_fail(self->store, errno, "shorten", self->path, err);
	return 0;
}

/* Continues the part of an earlier run.  A complete part with wrong content is downloaded again. */
static int
replay_part(struct ingest *self, struct error **err)
{
	struct workers *hashers;
	uint64_t part_bytes;
	struct stat status;
	bool matches = false;

	if (fstat(self->fd, &status) < 0)
		return folder_fail(self->store, errno, "stat", self->path, err);
	part_bytes = (uint64_t)status.st_size;
	hashers = self->size_bytes < HASH_BEHIND_BYTES ? NULL : store_hashers(self->store);
	self->hash = file_hash_new(self->digest.algorithm, self->fd, hashers);
	if (part_bytes > self->size_bytes)
		return start_over(self, err);
	if (cut_at_hole(self, &part_bytes, err) < 0)
		return -1;
	self->cursor = self->reused_bytes = part_bytes;
	file_hash_grown(self->hash, self->cursor);
	if (self->cursor < self->size_bytes)
		return 0;
	if (check_digest(self, &matches, err) < 0)
		return -1;
	if (matches)
		return finish(self, err);
	if (self->size_bytes == 0)
		return refuse(self, CLASS_DIGEST, "does not match its digest", err);
	return start_over(self, err);
}

/* Called again once the part is locked: its last owner may have committed the blob meanwhile. */
static int
open_content(struct ingest *self, enum ingest_state *ret_state, struct error **err)
{
	AUTO_CLOSE int fd = -1;

	if (blob_find(self->store, &self->digest, self->size_bytes, &fd, err) < 0)
		return -1;
	*ret_state = fd >= 0 ? INGEST_PRESENT : INGEST_OPEN;
	return 0;
}

static int
open_part(struct ingest *self, enum ingest_state *ret_state, struct error **err)
{
	struct part part = { .fd = -1 };

	if (part_open(self->store, &self->digest, &part, err) < 0)
		return -1;
	free(self->path);
	self->path = part.path;
	self->fd = part.fd;
	if (self->fd < 0)
		return busy(self, ret_state, err);
	if (open_content(self, ret_state, err) < 0)
		return -1;
	if (*ret_state == INGEST_PRESENT)
		return 0;
	if (replay_part(self, err) < 0)
		return -1;
	*ret_state = self->finished ? INGEST_PRESENT : INGEST_OPEN;
	return 0;
}

int
ingest_open(struct store *store, const struct descriptor *blob, enum ingest_state *ret_state,
	    struct ingest **ret_ingest, struct error **err)
{
	AUTO_INGEST struct ingest *self = XNEW(struct ingest);
	enum ingest_state state = INGEST_OPEN;

	self->body.ops = &ingest_ops;
	self->store = store;
	self->digest = blob->digest;
	self->size_bytes = blob->size_bytes;
	self->path = blob_path(&blob->digest);
	self->fd = -1;
	store->ingest_count++;
	if (store->is_writable && store_hold_blobs(store, err) < 0)
		return -1;
	if (open_content(self, &state, err) < 0)
		return -1;
	if (state == INGEST_OPEN &&
	    (store_check_writable(store, err) < 0 || open_part(self, &state, err) < 0))
		return -1;
	if (state != INGEST_BUSY)
		store->busy = (struct lock_wait){ 0 };
	if (state == INGEST_OPEN)
		*ret_ingest = TAKE_PTR(self);
	*ret_state = state;
	return 0;
}

struct new_blob {
	struct sink sink;
	struct store *store;
	struct part part; /* path NULL: given to the store, or dropped */
	struct hasher *hasher;
	struct measure *ret_measure;
};

static int
new_blob_write(struct sink *sink, const void *bytes, size_t size, struct error **err)
{
	struct new_blob *self = (struct new_blob *)sink;

	hasher_add(self->hasher, bytes, size);
	self->part.size_bytes += size;
	if (fd_write_all(self->part.fd, bytes, size, self->part.path, err) < 0)
		return store_wrap(self->store, err);
	return 0;
}

static int
new_blob_finish(struct sink *sink, struct error **err)
{
	struct new_blob *self = (struct new_blob *)sink;
	struct part *part = &self->part;

	part->digest = hasher_finish(self->hasher);
	*self->ret_measure = (struct measure){ part->digest, part->size_bytes };
	if (store_has(self->store, &part->digest, part->size_bytes)) {
		part_drop(self->store, part);
		return 0;
	}
	file_start_writing(part->fd, 0, 0);
	return store_take_part(self->store, part, err);
}

static void
new_blob_free(struct sink *sink)
{
	struct new_blob *self = (struct new_blob *)sink;

	if (self->part.path)
		part_drop(self->store, &self->part);
	hasher_free(self->hasher);
	free(self);
}

struct sink *
store_new_blob(struct store *store, struct measure *ret_measure, struct error **err)
{
	static const struct sink_ops ops = { new_blob_write, new_blob_finish, new_blob_free };
	/* A placeholder: the part's name also has random bytes. */
	static const struct digest unknown = { .algorithm = DIGEST_SHA256 };
	struct part part = { .fd = -1 };
	struct new_blob *self;

	if (store_hold_blobs(store, err) < 0 || part_create(store, &unknown, &part, err) < 0)
		return NULL;
	self = XNEW(struct new_blob);
	self->sink.ops = &ops;
	self->store = store;
	self->part = part;
	self->hasher = hasher_new(DIGEST_SHA256);
	self->ret_measure = ret_measure;
	return &self->sink;
}
