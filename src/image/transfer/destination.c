/* SPDX-License-Identifier: Apache-2.0 */
#include "image/transfer/destination.h"

#include <string.h>

#include "archive/archive.h"
#include "base/error.h"
#include "base/observer.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "image/document/image_tree.h"
#include "image/transfer/fetch.h"
#include "image/transfer/file_artifact.h"
#include "oci/location.h"
#include "repository/session.h"

char *
output_tag(const struct location *output, const struct location *place)
{
	const char *tag = output->reference.tag;

	if (output->transport == TRANSPORT_DOCKER_ARCHIVE) {
		AUTO_FREE char *repository = NULL;

		/* `docker load` accepts whole references only. */
		if (tag) {
			const char *slash = strrchr(tag, '/');

			return xasprintf("%s%s", tag,
					 strchr(slash ? slash : tag, ':') ? "" : ":latest");
		}
		if (!place || place->transport != TRANSPORT_REGISTRY || !place->reference.tag)
			return NULL;
		repository = location_repository(place);
		return xasprintf("%s:%s", repository, place->reference.tag);
	}
	return xstrdup_null(tag || !place ? tag : place->reference.tag);
}

int
destination_open(struct session *session, const struct location *output,
		 struct destination *ret_destination, struct error **err)
{
	struct store_options store_options = session_store_options(session);
	struct destination destination = {
		.output = output,
		.observer = session_observer(session),
	};

	if (output && output->transport == TRANSPORT_LAYOUT) {
		destination.opened = store_open(output->path, STORE_CREATE, &store_options, err);
		if (!destination.opened)
			return -1;
		store_remove_unused(destination.opened);
		destination.local_store = session_find_store(session);
		destination.store = destination.opened;
	} else {
		destination.store = session_store(session, err);
		if (!destination.store)
			return -1;
	}
	*ret_destination = destination;
	return 0;
}

void
destination_release(struct destination *destination)
{
	store_free(destination->opened);
	destination->opened = NULL;
}

int
destination_put(const struct destination *destination, const struct delivery *delivery,
		struct error **err)
{
	struct fetch_options fetch = {
		.repository = delivery->repository,
		.store = destination->store,
		.local_store = destination->local_store,
		.observer = destination->observer,
		.hook = delivery->hook,
		.gate = delivery->gate,
	};
	AUTO_FREE char *tag = NULL;
	const struct descriptor *descriptor;

	if (fetch_tree(&fetch, delivery->root, err) < 0)
		return -1;
	if (!destination->output && !delivery->name)
		return store_commit(destination->store, err);
	if (!destination->output) {
		/* A read-only store's content can be used, but the image gets no name there. */
		if (store_is_writable(destination->store))
			return store_set_reference(destination->store, delivery->name,
						   &delivery->root->descriptor, err);
		observer_tell(destination->observer, EVENT_NOTICE,
			      "'%s' is not writable: the image gets no name in the store",
			      QUOTED(store_path(destination->store)));
		return 0;
	}
	tag = output_tag(destination->output, delivery->place);
	descriptor = &delivery->root->descriptor;
	if (destination->output->transport == TRANSPORT_LAYOUT)
		return store_set_reference(destination->store, tag, descriptor, err);
	if (store_commit(destination->store, err) < 0)
		return -1;
	if (destination->output->transport == TRANSPORT_FILES)
		return artifact_write_files(destination->store, delivery->root,
					    destination->output->path, destination->observer, err);
	return archive_write(destination->store, destination->output, tag, descriptor, err);
}
