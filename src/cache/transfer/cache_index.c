/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/transfer/cache_index.h"

#include <unistd.h>

#include "base/error.h"
#include "base/limits.h"
#include "cache/format/artifact.h"
#include "cache/transfer/restore.h"
#include "image/transfer/fetch.h"
#include "oci/location.h"
#include "repository/repository.h"
#include "repository/session.h"
#include "sandbox/channel.h"
#include "sandbox/helper.h"
#include "store/store.h"

static int
open_blob(struct store *store, const struct digest *digest, struct error **err)
{
	uint64_t size_bytes = 0;

	return store_open_blob(store, digest, &size_bytes, err);
}

static int
fetch(const struct cache_artifact *artifact, struct repository *repository, struct store *store,
      struct observer *observer, struct error **err)
{
	const struct fetch_options options = {
		.repository = repository,
		.store = store,
		.observer = observer,
		.is_passing = true,
	};
	AUTO_DESCRIPTORS struct descriptors blobs = { 0 };

	descriptors_add(&blobs, artifact->head);
	for (size_t i = 0; i < artifact->index_packs.count; i++)
		descriptors_add(&blobs, &artifact->index_packs.items[i]);
	return fetch_blobs(&options, &blobs, err);
}

static struct helper *
start_helper(const struct cache_artifact *artifact, struct store *store,
	     const struct index_parts *parts, struct error **err)
{
	AUTO_MESSAGE struct message request;
	AUTO_CLOSE int head_fd = open_blob(store, &artifact->head->digest, err);
	const struct helper_start start = {
		.verb = "index",
		.fds = &head_fd,
		.fd_count = 1,
		.request = &request,
	};

	helper_request_init(&request);
	index_parts_put_request(&request, parts, artifact->index_packs.count);
	return head_fd < 0 ? NULL : helper_start(&start, err);
}

static int
unpack(const struct cache_artifact *artifact, struct store *store, struct index_parts *parts,
       struct error **err)
{
	AUTO_HELPER struct helper *helper = start_helper(artifact, store, parts, err);
	bool is_last = false;

	if (!helper)
		return -1;
	for (size_t i = 0; i < artifact->index_packs.count; i++) {
		const struct digest *digest = &artifact->index_packs.items[i].digest;
		AUTO_CLOSE int fd = open_blob(store, digest, err);

		if (fd < 0 || helper_send_file(helper, digest_text(digest).text, fd, err) < 0)
			return -1;
	}
	while (!is_last) {
		AUTO_MESSAGE struct message message = MESSAGE_INIT(0);

		if (helper_receive(helper, &message, &is_last, err) < 0 ||
		    (!is_last && index_parts_take(parts, &message, err) < 0))
			return -1;
	}
	return 0;
}

int
cache_index_read(const struct cache_artifact *artifact, struct repository *repository,
		 struct store *store, struct observer *observer, struct index_parts *parts,
		 struct error **err)
{
	if (fetch(artifact, repository, store, observer, err) < 0)
		return -1;
	return unpack(artifact, store, parts, err) < 0
		       ? error_wrap(err, "cannot read the index of the cache")
		       : 0;
}

static struct repository *
open_place(struct session *session, const struct cache_place *place, struct error **err)
{
	AUTO_LOCATION struct location location = { 0 };

	if (location_parse(place->repository, &location, err) < 0)
		return NULL;
	return repository_open(session, &location, REPOSITORY_READ, err);
}

static int
find(struct repository *repository, const char *tag, struct cache_artifact *ret_artifact,
     bool *ret_found, struct error **err)
{
	AUTO_RESOLUTION struct resolution resolution = { .bytes = BUF_INIT(MANIFEST_LIMIT_BYTES) };

	if (repository_resolve(repository, tag, NULL, &resolution, err) < 0)
		return -1;
	*ret_found = resolution.evidence.presence == PRESENCE_PRESENT;
	return *ret_found ? cache_artifact_parse(resolution.bytes.data, resolution.bytes.size,
						 ret_artifact, err)
			  : 0;
}

int
cache_index_find(struct session *session, const struct cache_place *place,
		 struct index_parts *parts, bool *ret_found, struct error **err)
{
	AUTO_REPOSITORY struct repository *repository = open_place(session, place, err);
	AUTO_CACHE_ARTIFACT struct cache_artifact artifact = { 0 };
	struct store *store = repository ? session_store(session, err) : NULL;

	if (!store || find(repository, place->tag, &artifact, ret_found, err) < 0)
		return -1;
	return *ret_found ? cache_index_read(&artifact, repository, store,
					     session_observer(session), parts, err)
			  : 0;
}
