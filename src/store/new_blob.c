#include "store/new_blob.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/xalloc.h"
#include "store/part.h"
#include "store/state.h"
#include "store/store.h"
#include "stream/sink.h"

struct new_blob {
	struct sink sink;
	struct store *store;
	struct part part; /* path NULL: it is the store's, or gone */
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
	if (!store_has(self->store, &part->digest, part->size_bytes))
		return store_take_part(self->store, part, err);
	part_drop(self->store, part);
	return 0;
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
	/* Its name has random bytes besides, and this digest for a start. */
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
