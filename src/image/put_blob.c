#include "image/put_blob.h"

#include <errno.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "oci/descriptor.h"
#include "repository/repository.h"
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

int
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

static int
hash_source(const struct source *source, struct digest *ret_digest, struct error **err)
{
	AUTO_HASHER struct hasher *hasher = hasher_new(DIGEST_SHA256);
	AUTO_FREE char *bytes = xcalloc(1, TRANSFER_BUFFER_BYTES);
	size_t size;

	for (uint64_t at = 0; at < source->size_bytes; at += size) {
		if (source_read(source, at, bytes, TRANSFER_BUFFER_BYTES, &size, err) < 0)
			return -1;
		hasher_add(hasher, bytes, size);
	}
	*ret_digest = hasher_finish(hasher);
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
		return error_set_errno(err, errno, "cannot look at what is to be sent");
	source = source_of_fd(fd, (uint64_t)info.st_size);
	upload.size_bytes = source.size_bytes;
	if (hash_source(&source, &upload.digest, err) < 0 ||
	    put_blob(repository, &upload, ret_outcome, err) < 0)
		return -1;
	*ret_descriptor = describe(&upload, media_type);
	return 0;
}
