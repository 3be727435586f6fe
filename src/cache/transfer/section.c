/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/transfer/section.h"

#include "base/error.h"
#include "base/limits.h"
#include "cache/transfer/parent.h"
#include "cache/transfer/restore.h"
#include "oci/location.h"
#include "repository/repository.h"
#include "repository/session.h"

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
cache_section_read(struct session *session, const struct cache_place *place,
		   enum index_stream stream, struct buf *ret_bytes, bool *ret_found,
		   struct error **err)
{
	AUTO_REPOSITORY struct repository *repository = open_place(session, place, err);
	AUTO_CACHE_ARTIFACT struct cache_artifact artifact = { 0 };
	AUTO_INDEX_HEAD struct index_head head = { 0 };
	struct store *store = session_store(session, err);

	if (!repository || !store || find(repository, place->tag, &artifact, ret_found, err) < 0)
		return -1;
	if (!*ret_found)
		return 0;
	if (cache_index_fetch(&artifact, repository, store, session_observer(session), &head, err) <
	    0)
		return -1;
	return cache_stream_read(&head, store, stream, ret_bytes, err);
}
