/* SPDX-License-Identifier: Apache-2.0 */
#include "image/transfer/put_blob.h"

#include <errno.h>
#include <sys/stat.h>

#include "base/error.h"
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
