/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/transfer/uploads.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/observer.h"
#include "base/xalloc.h"
#include "repository/repository.h"
#include "store/store.h"
#include "stream/source.h"

/* Packs wait on a disk that the build may have filled. */
enum { WAITING_LIMIT_COUNT = 8 };

enum upload_state { UPLOAD_WAITING, UPLOAD_RUNNING, UPLOAD_DONE };

struct upload {
	struct upload *next;
	struct uploads *uploads;
	enum upload_state state;
	struct blob_upload blob;
	struct source source;
	int fd;
};

struct uploads {
	struct repository *repository;
	struct store *store;
	struct observer *observer;
	struct upload *first;
	struct upload **tail;
	size_t running_count;
	size_t waiting_count;
	struct error *failure; /* the first one; no further uploads are started then */
};

struct uploads *
uploads_new(struct repository *repository, struct store *store, struct observer *observer)
{
	struct uploads *uploads = XNEW(struct uploads);

	uploads->repository = repository;
	uploads->store = store;
	uploads->observer = observer;
	uploads->tail = &uploads->first;
	return uploads;
}

void
uploads_add(struct uploads *uploads, const struct digest *digest, uint64_t size_bytes)
{
	struct upload *upload = XNEW(struct upload);

	upload->uploads = uploads;
	upload->blob = (struct blob_upload){
		.digest = *digest,
		.size_bytes = size_bytes,
		.source = &upload->source,
	};
	upload->fd = -1;
	uploads->waiting_count++;
	*uploads->tail = upload;
	uploads->tail = &upload->next;
}

static void
end(struct upload *upload, struct error *failure)
{
	struct uploads *uploads = upload->uploads;

	close_at(&upload->fd);
	upload->fd = -1;
	upload->state = UPLOAD_DONE;
	uploads->running_count--;
	if (!failure)
		store_forget(uploads->store, &upload->blob.digest);
	if (failure && uploads->failure)
		error_free(failure);
	else if (failure)
		uploads->failure = failure;
}

static void
blob_ended(void *context, enum blob_outcome outcome, struct error *failure)
{
	struct upload *upload = context;

	if (!failure)
		observer_blob(upload->uploads->observer,
			      outcome == BLOB_MOVED ? EVENT_FINISHED : EVENT_REUSED,
			      digest_text(&upload->blob.digest).text, upload->blob.size_bytes);
	end(upload, failure);
}

static int
start(struct upload *upload, struct error **err)
{
	struct uploads *uploads = upload->uploads;
	uint64_t size_bytes = 0;

	upload->fd = store_open_blob(uploads->store, &upload->blob.digest, &size_bytes, err);
	if (upload->fd < 0)
		return -1;
	upload->source = source_of_fd(upload->fd, size_bytes);
	observer_blob(uploads->observer, EVENT_PLANNED, digest_text(&upload->blob.digest).text,
		      size_bytes);
	return repository_put_blob(uploads->repository, &upload->blob, blob_ended, upload, err);
}

static void
start_some(struct uploads *uploads)
{
	for (struct upload *upload = uploads->first;
	     upload && !uploads->failure && uploads->running_count < LARGE_TRANSFERS_LIMIT_COUNT;
	     upload = upload->next) {
		struct error *failure = NULL;

		if (upload->state != UPLOAD_WAITING)
			continue;
		upload->state = UPLOAD_RUNNING;
		uploads->waiting_count--;
		uploads->running_count++;
		if (start(upload, &failure) < 0)
			end(upload, failure);
	}
}

static int
step(struct uploads *uploads, int most_ms, struct error **err)
{
	start_some(uploads);
	if (uploads->running_count > 0 &&
	    repository_step(uploads->repository, NULL, most_ms, err) < 0)
		return -1;
	return uploads->failure ? error_pass(err, TAKE_PTR(uploads->failure)) : 0;
}

int
uploads_turn(struct uploads *uploads, struct error **err)
{
	do {
		if (step(uploads, uploads->waiting_count > WAITING_LIMIT_COUNT ? 1000 : 0, err) < 0)
			return -1;
	} while (uploads->waiting_count > WAITING_LIMIT_COUNT);
	return 0;
}

int
uploads_finish(struct uploads *uploads, struct error **err)
{
	do {
		if (step(uploads, 1000, err) < 0)
			return -1;
		start_some(uploads);
	} while (uploads->running_count > 0);
	return uploads->failure ? error_pass(err, TAKE_PTR(uploads->failure)) : 0;
}

bool
uploads_has(const struct uploads *uploads, const struct digest *digest)
{
	for (const struct upload *upload = uploads->first; upload; upload = upload->next)
		if (digest_equal(&upload->blob.digest, digest))
			return true;
	return false;
}

void
uploads_free(struct uploads *uploads)
{
	if (!uploads)
		return;
	for (struct upload *upload = uploads->first; upload; upload = upload->next) {
		AUTO_ERROR struct error *ignored = NULL;

		if (upload->state != UPLOAD_RUNNING ||
		    repository_cancel_blob(uploads->repository, upload))
			continue;
		/* An upload that cannot be cancelled still calls blob_ended(). */
		while (upload->state == UPLOAD_RUNNING &&
		       repository_step(uploads->repository, NULL, 1000, &ignored) == 0)
			;
	}
	while (uploads->first) {
		struct upload *upload = uploads->first;

		uploads->first = upload->next;
		close_at(&upload->fd);
		free(upload);
	}
	error_free(uploads->failure);
	free(uploads);
}
