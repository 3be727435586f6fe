/* The blobs of a layout: copied by local jobs, a step each. */
#include <string.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/xalloc.h"
#include "repository/copy_job.h"
#include "repository/layout_private.h"
#include "repository/session.h"

int
layout_get_blob(struct repository *repository, const struct descriptor *descriptor,
		struct body *body, blob_done *done, void *context, struct error **err)
{
	struct layout_repository *self = layout_of(repository);

	if (!self->store)
		return error_set(err, ERROR_LOCAL, "'%s' does not exist", repository->name);
	local_jobs_add(&self->jobs, copy_job_out(self->store, descriptor, body, done, context));
	return 0;
}

int
layout_put_blob(struct repository *repository, const struct blob_upload *upload, blob_done *done,
		void *context, struct error **err)
{
	struct layout_repository *self = layout_of(repository);
	struct store *store = layout_writable_store(self, err);
	struct observer *observer = session_observer(self->session);

	if (!store)
		return -1;
	local_jobs_add(&self->jobs, copy_job_in(store, upload, observer, done, context));
	return 0;
}

int
layout_step(struct repository *repository, const struct watched *also, int most_ms,
	    struct error **err)
{
	(void)err;
	local_jobs_step(&layout_of(repository)->jobs, also, most_ms);
	return 0;
}

int
layout_open_blob(struct repository *repository, const struct descriptor *descriptor, int *ret_fd,
		 uint64_t *ret_offset_bytes, struct error **err)
{
	struct layout_repository *self = layout_of(repository);
	uint64_t size_bytes;

	*ret_offset_bytes = 0;
	*ret_fd = self->store ? store_open_blob(self->store, &descriptor->digest, &size_bytes, err)
			      : -1;
	return self->store && *ret_fd < 0 ? -1 : 0;
}

int
layout_find_blob(struct repository *repository, const struct digest *digest,
		 uint64_t *ret_size_bytes, struct error **err)
{
	struct layout_repository *self = layout_of(repository);
	AUTO_ERROR struct error *failure = NULL;
	AUTO_CLOSE int fd = -1;

	if (!self->store)
		return layout_refuse_absent(repository, digest_text(digest).text, err);
	fd = store_open_blob(self->store, digest, ret_size_bytes, &failure);
	if (fd >= 0)
		return 0;
	if (error_class(failure) && strcmp(error_class(failure), "missing") == 0)
		return layout_refuse_absent(repository, digest_text(digest).text, err);
	return error_pass(err, TAKE_PTR(failure));
}
