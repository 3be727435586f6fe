#include "store/ingest_private.h"

#include <errno.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "oci/descriptor.h"
#include "store/file_hash.h"
#include "store/folder.h"
#include "store/part.h"
#include "store/state.h"
#include "store/store.h"

/* What an earlier run left.  A complete part that is not what it should be costs a new download
 * and nothing else. */
static int
replay_part(struct ingest *self, struct error **err)
{
	struct workers *hashers;
	struct stat status;
	bool matches = false;

	if (fstat(self->fd, &status) < 0)
		return folder_fail(self->store, errno, "look at", self->path, err);
	hashers = self->size_bytes < HASH_BEHIND_BYTES ? NULL : store_hashers(self->store);
	self->hash = file_hash_new(self->digest.algorithm, self->fd, hashers);
	if ((uint64_t)status.st_size > self->size_bytes)
		return ingest_start_over(self, err);
	self->cursor = self->reused_bytes = (uint64_t)status.st_size;
	file_hash_grown(self->hash, self->cursor);
	if (self->cursor < self->size_bytes)
		return 0;
	if (ingest_check(self, &matches, err) < 0)
		return -1;
	if (matches)
		return ingest_settle(self, err);
	if (self->size_bytes == 0)
		return ingest_refuse(self, "digest", "does not match its digest", err);
	return ingest_start_over(self, err);
}

/* Looked for again once the part is ours: its last owner may have committed it meanwhile. */
static int
open_content(struct ingest *self, enum ingest_state *ret_state, struct error **err)
{
	AUTO_CLOSE int fd = -1;

	if (blob_find(self->store, &self->digest, self->size_bytes, &fd, err) < 0)
		return -1;
	*ret_state = fd >= 0 ? INGEST_PRESENT : INGEST_OPEN;
	return 0;
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
ingest_new(struct store *store, const struct descriptor *blob)
{
	struct ingest *self = XNEW(struct ingest);

	self->body.ops = &ingest_ops;
	self->store = store;
	self->digest = blob->digest;
	self->size_bytes = blob->size_bytes;
	self->path = blob_path(&blob->digest);
	self->fd = -1;
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
ingest_open(struct store *store, const struct descriptor *blob, enum ingest_state *ret_state,
	    struct ingest **ret_ingest, struct error **err)
{
	AUTO_INGEST struct ingest *self = ingest_new(store, blob);
	enum ingest_state state = INGEST_OPEN;

	if (find_content(self, &state, err) < 0)
		return -1;
	if (state == INGEST_OPEN && open_part(self, &state, err) < 0)
		return -1;
	if (state != INGEST_BUSY)
		ingest_made_progress(store);
	if (state == INGEST_OPEN)
		*ret_ingest = TAKE_PTR(self);
	*ret_state = state;
	return 0;
}
