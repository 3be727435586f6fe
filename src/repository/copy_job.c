#include "repository/copy_job.h"

#include "base/error.h"
#include "base/observer.h"
#include "base/xalloc.h"
#include "oci/descriptor.h"
#include "repository/copy_blob.h"
#include "store/ingest.h"
#include "store/store.h"
#include "stream/source.h"

struct copy_job {
	struct local_job job; /* first */
	struct store *store;
	struct descriptor descriptor; /* media type does not matter here */
	struct body *body;            /* out */
	const struct source *source;  /* in */
	struct observer *observer;    /* in */
};

static void
copy_job_free(struct local_job *job)
{
	descriptor_release(&((struct copy_job *)job)->descriptor);
	free(job);
}

static int
run_out(struct local_job *job, enum blob_outcome *ret_outcome, bool *ret_again, struct error **err)
{
	struct copy_job *self = (struct copy_job *)job;
	AUTO_CLOSE int fd = -1;
	struct source source;
	uint64_t size_bytes;

	(void)ret_again;
	*ret_outcome = BLOB_MOVED;
	fd = store_open_blob(self->store, &self->descriptor.digest, &size_bytes, err);
	if (fd < 0)
		return -1;
	source = source_of_fd(fd, size_bytes);
	return copy_source(&source, self->body, err);
}

static int
run_in(struct local_job *job, enum blob_outcome *ret_outcome, bool *ret_again, struct error **err)
{
	struct copy_job *self = (struct copy_job *)job;
	CLEANUP(ingest_free_at) struct ingest *ingest = NULL;
	enum ingest_state state;

	if (ingest_open(self->store, &self->descriptor, &state, &ingest, err) < 0)
		return -1;
	*ret_again = state == INGEST_BUSY;
	*ret_outcome = state == INGEST_PRESENT ? BLOB_EXISTED : BLOB_MOVED;
	if (state != INGEST_OPEN)
		return 0;
	if (copy_source(self->source, ingest_body(ingest), err) < 0)
		return -1;
	observer_count(self->observer, EVENT_MOVED, self->descriptor.size_bytes);
	return 0;
}

static struct copy_job *
copy_job_new(struct store *store, blob_done *done, void *context)
{
	struct copy_job *self = XNEW(struct copy_job);

	self->job.done = done;
	self->job.context = context;
	self->job.free = copy_job_free;
	self->store = store;
	return self;
}

struct local_job *
copy_job_out(struct store *store, const struct descriptor *descriptor, struct body *body,
	     blob_done *done, void *context)
{
	struct copy_job *self = copy_job_new(store, done, context);

	self->job.run = run_out;
	descriptor_copy(descriptor, &self->descriptor);
	self->body = body;
	return &self->job;
}

struct local_job *
copy_job_in(struct store *store, const struct blob_upload *upload, struct observer *observer,
	    blob_done *done, void *context)
{
	struct copy_job *self = copy_job_new(store, done, context);

	self->job.run = run_in;
	self->descriptor.digest = upload->digest;
	self->descriptor.size_bytes = upload->size_bytes;
	self->source = upload->source;
	self->observer = observer;
	return &self->job;
}
