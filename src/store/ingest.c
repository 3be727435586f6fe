#include "store/ingest.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "oci/descriptor.h"
#include "store/folder.h"
#include "store/part.h"
#include "store/state.h"
#include "store/store.h"
#include "stream/body.h"
#include "stream/sink.h"

struct ingest {
	struct body body;
	struct store *store;
	struct digest digest;
	uint64_t size_bytes;
	uint64_t cursor;   /* bytes before it are in the file, the hash and the sink */
	uint64_t position; /* of the next byte of the response */
	uint64_t reused_bytes;
	char *path; /* beneath the store: of the .part, or of the blob that is there */
	int fd;
	struct hasher *hasher;
	struct sink *sink;
	bool finished;
	bool sink_is_spoilt; /* it has seen bytes that proved wrong */
};

/* The hash and the sink take what is, or will be, in the file. */
static int
feed(struct ingest *self, const void *bytes, size_t size, struct error **err)
{
	hasher_add(self->hasher, bytes, size);
	self->cursor += size;
	return self->sink ? sink_write(self->sink, bytes, size, err) : 0;
}

/* From the start of a file to its end or the size that was announced. */
static int
feed_file(struct ingest *self, int fd, struct error **err)
{
	AUTO_FREE char *bytes = xcalloc(1, TRANSFER_BUFFER_BYTES);

	while (self->cursor < self->size_bytes) {
		uint64_t left = self->size_bytes - self->cursor;
		size_t most = left < TRANSFER_BUFFER_BYTES ? left : TRANSFER_BUFFER_BYTES;
		ssize_t got = pread(fd, bytes, most, (off_t)self->cursor);

		if (got == 0)
			return 0;
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return folder_fail(self->store, errno, "read", self->path, err);
		if (feed(self, bytes, (size_t)got, err) < 0)
			return -1;
	}
	return 0;
}

static bool
matches(struct ingest *self)
{
	struct digest actual = hasher_finish(self->hasher);

	return digest_equal(&actual, &self->digest);
}

static int
start_over(struct ingest *self, struct error **err)
{
	hasher_reset(self->hasher);
	self->sink_is_spoilt = self->sink && self->cursor > 0;
	self->cursor = 0;
	self->reused_bytes = 0;
	if (ftruncate(self->fd, 0) < 0)
		return folder_fail(self->store, errno, "empty", self->path, err);
	return 0;
}

static int
refuse(struct ingest *self, const char *class_name, const char *why, struct error **err)
{
	AUTO_ERROR struct error *ignored = NULL;

	if (!self->finished)
		(void)start_over(self, &ignored);
	error_set(err, ERROR_CONTENT, "blob '%s' %s", digest_text(&self->digest).text, why);
	return error_set_class(err, class_name);
}

/* The blob is kept even when the sink fails at its end. */
static int
settle(struct ingest *self, struct error **err)
{
	struct part part = {
		.digest = self->digest,
		.size_bytes = self->size_bytes,
		.path = xstrdup(self->path),
		.fd = TAKE_FD(self->fd),
	};

	self->finished = true;
	if (store_take_part(self->store, &part, err) < 0)
		return -1;
	return self->sink ? sink_finish(self->sink, err) : 0;
}

static int
explain(struct store *store, struct error **err)
{
	AUTO_ERROR struct error *full = NULL;

	if (store_space_check(store, MIB, &full) < 0)
		error_set_hint(err, "%s", error_hint(full));
	return error_wrap(err, "store '%s'", store->path);
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

	if (self->sink_is_spoilt)
		return refuse(self, "digest", "does not match its digest", err);
	if (offset > self->cursor)
		return refuse(self, "range", "came from a later byte than was asked for", err);
	self->position = offset;
	return 0;
}

/* While something moves, nobody only waits. */
static void
made_progress(struct store *store)
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
		return refuse(self, "size", "is longer than was announced", err);
	if (fd_pwrite_all(self->fd, fresh, size, self->cursor, self->path, err) < 0)
		return explain(self->store, err);
	write_behind(self, size);
	self->position += size;
	made_progress(self->store);
	return feed(self, fresh, size, err);
}

static int
ingest_end(struct body *body, struct error **err)
{
	struct ingest *self = (struct ingest *)body;

	if (self->finished)
		return 0;
	if (self->cursor < self->size_bytes)
		return refuse(self, "size", "is shorter than was announced", err);
	if (!matches(self))
		return refuse(self, "digest", "does not match its digest", err);
	return settle(self, err);
}

/* With a sink, content that is there goes through it; without one, its size is enough. */
static int
replay_blob(struct ingest *self, int fd, struct error **err)
{
	self->finished = true;
	if (!self->sink)
		return 0;
	if (feed_file(self, fd, err) < 0)
		return -1;
	if (!matches(self))
		return blob_refuse(self->store, &self->digest, fd, err);
	return sink_finish(self->sink, err);
}

/* What an earlier run left.  A complete part that is not what it should be costs a new download
 * and nothing else, unless a sink has seen it. */
static int
replay_part(struct ingest *self, struct error **err)
{
	struct stat status;

	if (fstat(self->fd, &status) < 0)
		return folder_fail(self->store, errno, "look at", self->path, err);
	if ((uint64_t)status.st_size > self->size_bytes)
		return start_over(self, err);
	if (feed_file(self, self->fd, err) < 0)
		return -1;
	self->reused_bytes = self->cursor;
	if (self->cursor < self->size_bytes)
		return 0;
	if (matches(self))
		return settle(self, err);
	if (self->sink || self->size_bytes == 0)
		return refuse(self, "digest", "does not match its digest", err);
	return start_over(self, err);
}

/* Looked for again once the part is ours: its last owner may have committed it meanwhile. */
static int
open_content(struct ingest *self, enum ingest_state *ret_state, struct error **err)
{
	AUTO_CLOSE int fd = -1;

	if (blob_find(self->store, &self->digest, self->size_bytes, &fd, err) < 0)
		return -1;
	*ret_state = fd >= 0 ? INGEST_PRESENT : INGEST_OPEN;
	return fd >= 0 ? replay_blob(self, fd, err) : 0;
}

/* Whoever holds the part may in turn wait for what we have finished: hand that out first. */
static int
busy(struct ingest *self, enum ingest_state *ret_state, struct error **err)
{
	*ret_state = INGEST_BUSY;
	if (store_commit(self->store, err) < 0)
		return -1;
	return lock_wait_on(&self->store->busy, self->store, self->path, err);
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

static struct ingest *
ingest_new(struct store *store, const struct descriptor *blob, struct sink *sink)
{
	static const struct body_ops ops = {
		.wanted = ingest_wanted,
		.begin = ingest_begin,
		.write = ingest_write,
		.end = ingest_end,
	};
	struct ingest *self = XNEW(struct ingest);

	self->body.ops = &ops;
	self->store = store;
	self->digest = blob->digest;
	self->size_bytes = blob->size_bytes;
	self->path = blob_path(&blob->digest);
	self->fd = -1;
	self->hasher = hasher_new(blob->digest.algorithm);
	self->sink = sink;
	store->ingest_count++;
	return self;
}

/* INGEST_OPEN: not there. */
static int
find_content(struct ingest *self, enum ingest_state *ret_state, struct error **err)
{
	if (self->store->is_writable && store_hold_blobs(self->store, err) < 0)
		return -1;
	if (open_content(self, ret_state, err) < 0)
		return -1;
	return *ret_state == INGEST_OPEN ? store_check_writable(self->store, err) : 0;
}

int
ingest_open(struct store *store, const struct descriptor *blob, struct sink *sink,
	    enum ingest_state *ret_state, struct ingest **ret_ingest, struct error **err)
{
	AUTO_INGEST struct ingest *self = ingest_new(store, blob, sink);
	enum ingest_state state = INGEST_OPEN;

	if (find_content(self, &state, err) < 0)
		return -1;
	if (state == INGEST_OPEN && open_part(self, &state, err) < 0)
		return -1;
	if (state != INGEST_BUSY)
		made_progress(store);
	if (state == INGEST_OPEN)
		*ret_ingest = TAKE_PTR(self);
	*ret_state = state;
	return 0;
}

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
	if (ingest->fd >= 0)
		part_leave(ingest->store, ingest->path, ingest->fd);
	ingest->store->ingest_count--;
	hasher_free(ingest->hasher);
	sink_free(ingest->sink);
	free(ingest->path);
	free(ingest);
}
