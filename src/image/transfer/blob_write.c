/* SPDX-License-Identifier: Apache-2.0 */
#include "image/transfer/blob_write.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "oci/descriptor.h"
#include "repository/repository.h"
#include "stream/relay.h"

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
write_all(const struct passage *passage, int fd, const char *what, struct error **err)
{
	struct source source = relay_source(passage->relay);
	AUTO_FREE char *bytes = xcalloc(1, TRANSFER_BUFFER_BYTES);
	uint64_t at = 0;

	while (at < source.size_bytes) {
		size_t size = 0;

		if (source_read(&source, at, bytes, TRANSFER_BUFFER_BYTES, &size, err) < 0 ||
		    fd_write_all(fd, bytes, size, what, err) < 0)
			return -1;
		if (size == 0 && repository_step(passage->repository, NULL, 1000, err) < 0)
			return -1;
		at += size;
	}
	return 0;
}

int
blob_write(struct repository *repository, const struct descriptor *descriptor, int fd,
	   const char *what, struct error **err)
{
	static const struct relay_arrival arrival = { start, cancel };
	struct passage passage = { .repository = repository, .descriptor = descriptor };
	AUTO_ERROR struct error *ignored = NULL;
	int result;

	passage.relay = relay_new(&descriptor->digest, descriptor->size_bytes, &arrival, &passage);
	result = write_all(&passage, fd, what, err);
	relay_abandon(passage.relay);
	while (relay_is_arriving(passage.relay) &&
	       repository_step(repository, NULL, 1000, &ignored) == 0)
		continue;
	relay_free(passage.relay);
	return result;
}
