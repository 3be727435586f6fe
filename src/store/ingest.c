#include "store/ingest_private.h"

#include <errno.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "store/file_hash.h"
#include "store/folder.h"
#include "store/part.h"
#include "store/state.h"
#include "store/store.h"

int
ingest_check(struct ingest *self, bool *ret_matches, struct error **err)
{
	struct digest actual;

	if (file_hash_finish(self->hash, &actual) < 0)
		return folder_fail(self->store, errno, "read", self->path, err);
	*ret_matches = digest_equal(&actual, &self->digest);
	return 0;
}

int
ingest_start_over(struct ingest *self, struct error **err)
{
	file_hash_reset(self->hash);
	self->cursor = 0;
	self->reused_bytes = 0;
	if (ftruncate(self->fd, 0) < 0)
		return folder_fail(self->store, errno, "empty", self->path, err);
	return 0;
}

int
ingest_refuse(struct ingest *self, const char *class_name, const char *why, struct error **err)
{
	AUTO_ERROR struct error *ignored = NULL;

	if (!self->finished)
		(void)ingest_start_over(self, &ignored);
	error_set(err, ERROR_CONTENT, "blob '%s' %s", digest_text(&self->digest).text, why);
	return error_set_class(err, class_name);
}

int
ingest_settle(struct ingest *self, struct error **err)
{
	struct part part = {
		.digest = self->digest,
		.size_bytes = self->size_bytes,
		.path = xstrdup(self->path),
		.fd = TAKE_FD(self->fd),
	};

	self->finished = true;
	return store_take_part(self->store, &part, err);
}

static struct body_range
ingest_wanted(const struct body *body)
{
	const struct ingest *self = (const struct ingest *)body;

	return (struct body_range){ .first = self->cursor, .end = self->size_bytes };
}

static int
ingest_begin(struct body *body, uint64_t offset, struct error **err)
{
	struct ingest *self = (struct ingest *)body;

	if (offset > self->cursor)
		return ingest_refuse(self, "range", "came from a later byte than was asked for",
				     err);
	self->position = offset;
	return 0;
}

void
ingest_made_progress(struct store *store)
{
	store->busy = (struct lock_wait){ 0 };
}

/* A server without ranges sends what is there once more: it is passed over, and should it differ,
 * the digest tells. */
static size_t
pass_over(struct ingest *self, size_t size)
{
	uint64_t known = self->cursor - self->position;
	size_t passed = known < size ? (size_t)known : size;

	self->position += passed;
	return passed;
}

/* The disk works while the network does, so that the commit has little left to wait for. */
static void
write_behind(struct ingest *self, size_t size)
{
	uint64_t end = self->cursor + size;
	uint64_t start = end - end % WRITE_BEHIND_BYTES;

	if (self->cursor < start)
		file_start_writing(self->fd, start - WRITE_BEHIND_BYTES, WRITE_BEHIND_BYTES);
}

static int
ingest_write(struct body *body, const void *bytes, size_t size, struct error **err)
{
	struct ingest *self = (struct ingest *)body;
	size_t passed = pass_over(self, size);
	const char *fresh = (const char *)bytes + passed;

	size -= passed;
	if (size == 0)
		return 0;
	if (size > self->size_bytes - self->cursor)
		return ingest_refuse(self, "size", "is longer than was announced", err);
	if (fd_pwrite_all(self->fd, fresh, size, self->cursor, self->path, err) < 0)
		return store_wrap(self->store, err);
	write_behind(self, size);
	self->position += size;
	self->cursor += size;
	file_hash_grown(self->hash, self->cursor);
	ingest_made_progress(self->store);
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
		return ingest_refuse(self, "size", "is shorter than was announced", err);
	if (ingest_check(self, &matches, err) < 0)
		return -1;
	if (!matches)
		return ingest_refuse(self, "digest", "does not match its digest", err);
	return ingest_settle(self, err);
}

const struct body_ops ingest_ops = {
	.wanted = ingest_wanted,
	.begin = ingest_begin,
	.write = ingest_write,
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

void
ingest_free(struct ingest *ingest)
{
	if (!ingest)
		return;
	file_hash_free(ingest->hash);
	if (ingest->fd >= 0)
		part_leave(ingest->store, ingest->path, ingest->fd);
	store_end_ingest(ingest->store);
	free(ingest->path);
	free(ingest);
}
