/* SPDX-License-Identifier: Apache-2.0 */
#include "image/transfer/blob.h"

#include <errno.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "oci/descriptor.h"
#include "repository/repository.h"
#include "stream/relay.h"
#include "stream/sink.h"
#include "stream/source.h"

struct waited {
	bool ended;
	enum blob_outcome outcome;
	struct error *failure;
};

static void
note_end(void *context, enum blob_outcome outcome, struct error *failure)
{
	*(struct waited *)context = (struct waited){ true, outcome, failure };
}

/* `ret_outcome` may be NULL. */
static int
put_blob(struct repository *repository, const struct blob_upload *upload,
	 enum blob_outcome *ret_outcome, struct error **err)
{
	struct waited waited = { 0 };

	if (repository_put_blob(repository, upload, note_end, &waited, err) < 0)
		return -1;
	while (!waited.ended)
		if (repository_step(repository, NULL, 1000, err) < 0)
			return -1;
	if (waited.failure)
		return error_pass(err, waited.failure);
	if (ret_outcome)
		*ret_outcome = waited.outcome;
	return 0;
}

static struct descriptor
describe(const struct blob_upload *upload, const char *media_type)
{
	return (struct descriptor){
		.media_type = xstrdup(media_type),
		.digest = upload->digest,
		.size_bytes = upload->size_bytes,
	};
}

int
put_blob_bytes(struct repository *repository, const void *bytes, size_t size,
	       const char *media_type, struct descriptor *ret_descriptor, struct error **err)
{
	struct source source = source_of_bytes(bytes, size);
	struct blob_upload upload = {
		.digest = digest_of(DIGEST_SHA256, bytes, size),
		.size_bytes = size,
		.source = &source,
	};

	if (put_blob(repository, &upload, NULL, err) < 0)
		return -1;
	*ret_descriptor = describe(&upload, media_type);
	return 0;
}

int
put_blob_file(struct repository *repository, int fd, const char *media_type,
	      struct descriptor *ret_descriptor, enum blob_outcome *ret_outcome, struct error **err)
{
	struct stat info;
	struct source source;
	struct blob_upload upload = { .source = &source };

	if (fstat(fd, &info) < 0)
		return error_set_errno(err, errno,
				       "cannot read the attributes of the file to send");
	source = source_of_fd(fd, (uint64_t)info.st_size);
	upload.size_bytes = source.size_bytes;
	if (source_hash(&source, DIGEST_SHA256, &upload.digest, err) < 0 ||
	    put_blob(repository, &upload, ret_outcome, err) < 0)
		return -1;
	*ret_descriptor = describe(&upload, media_type);
	return 0;
}

struct passage {
	struct repository *repository;
	const struct descriptor *descriptor;
	struct relay *relay;
};

static void
note_arrival(void *context, enum blob_outcome outcome, struct error *failure)
{
	struct passage *passage = context;

	(void)outcome;
	relay_arrived(passage->relay, failure);
}

static int
start(void *context, struct body *body, struct error **err)
{
	struct passage *passage = context;

	return repository_get_blob(passage->repository, passage->descriptor, body, note_arrival,
				   passage, err);
}

static bool
cancel(void *context)
{
	const struct passage *passage = context;

	return repository_cancel_blob(passage->repository, passage);
}

static int
write_all(const struct passage *passage, struct sink *sink, struct error **err)
{
	struct source source = relay_source(passage->relay);
	AUTO_FREE char *bytes = xcalloc(1, TRANSFER_BUFFER_BYTES);
	uint64_t at = 0;

	while (at < source.size_bytes) {
		size_t size = 0;

		if (source_read(&source, at, bytes, TRANSFER_BUFFER_BYTES, &size, err) < 0 ||
		    sink_write(sink, bytes, size, err) < 0)
			return -1;
		if (size == 0 && repository_step(passage->repository, NULL, 1000, err) < 0)
			return -1;
		at += size;
	}
	return 0;
}

int
blob_write(struct repository *repository, const struct descriptor *descriptor, struct sink *sink,
	   struct error **err)
{
	static const struct relay_arrival arrival = { start, cancel };
	struct passage passage = { .repository = repository, .descriptor = descriptor };
	AUTO_ERROR struct error *ignored = NULL;
	int result;

	passage.relay = relay_new(&descriptor->digest, descriptor->size_bytes, &arrival, &passage);
	result = write_all(&passage, sink, err);
	relay_abandon(passage.relay);
	while (relay_is_arriving(passage.relay) &&
	       repository_step(repository, NULL, 1000, &ignored) == 0)
		continue;
	relay_free(passage.relay);
	return result;
}
