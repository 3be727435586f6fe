/* SPDX-License-Identifier: Apache-2.0 */
#include "image/resolve/image_source.h"

#include <string.h>

#include "base/error.h"
#include "base/observer.h"
#include "base/xalloc.h"
#include "image/document/content.h"
#include "image/document/image_tree.h"
#include "image/resolve/built.h"
#include "repository/repository.h"
#include "repository/session.h"

static struct repository *
open_repository(struct session *session, const struct location *location, struct error **err)
{
	struct store *store;

	if (location->transport != TRANSPORT_REGISTRY)
		return repository_open(session, location, REPOSITORY_READ, err);
	store = session_store(session, err);
	return store ? repository_of_store(session, store) : NULL;
}

/* By its own name in the store, else as a local build. */
static int
resolve_in_store(struct session *session, struct repository *repository,
		 const struct location *location, struct resolution *ret_resolution,
		 struct error **err)
{
	const struct store *store = session_store(session, err);
	AUTO_FREE char *name = location_format(location);
	AUTO_FREE char *built = NULL;

	if (repository_resolve(repository, name, &location->reference.digest, ret_resolution, err) <
	    0)
		return -1;
	if (ret_resolution->evidence.presence == PRESENCE_PRESENT)
		return 0;
	if (built_find_name(store, location, &built, err) < 0)
		return -1;
	if (!built)
		return 0;
	observer_tell(session_observer(session), EVENT_NOTICE, "using the local build '%s'", name);
	resolution_release(ret_resolution);
	return repository_resolve(repository, built, NULL, ret_resolution, err);
}

static int
read_image(struct session *session, struct repository *repository, const struct location *location,
	   const struct platforms *platforms, struct image_node *ret_root, struct error **err)
{
	AUTO_FREE char *name = location_format(location);
	bool is_store = location->transport == TRANSPORT_REGISTRY;
	AUTO_RESOLUTION struct resolution resolution = { 0 };
	struct content content = { .repository = repository };
	struct selection selection = { .platforms = platforms };
	AUTO_ERROR struct error *failure = NULL;

	if ((is_store ? resolve_in_store(session, repository, location, &resolution, err)
		      : repository_resolve(repository, location->reference.tag,
					   &location->reference.digest, &resolution, err)) < 0)
		return -1;
	if (resolution.evidence.presence != PRESENCE_PRESENT) {
		if (location->transport != TRANSPORT_REGISTRY)
			return error_set(err, ERROR_LOCAL, "'%s' does not hold this image", name);
		error_set(err, ERROR_LOCAL, "the store does not have '%s'", name);
		return error_set_hint(err, "'ocifp store ls' lists what it has");
	}
	if (image_tree_get(&content, &selection, &resolution, ret_root, &failure) == 0)
		return 0;
	if (error_has_class(failure, CLASS_MANIFEST_UNKNOWN)) {
		/* A pull of one platform leaves an index with manifests that were never fetched. */
		error_set(err, ERROR_CONTENT, "the store has only a part of '%s': %s", name,
			  error_text(failure));
		error_set_class(err, error_class_parse(error_class(failure)));
		if (!is_store)
			return error_set_hint(err,
					      "--platform OS/ARCH takes the part that is here");
		return error_set_hint(
			err,
			"'ocifp pull --all %s' fetches the rest, --platform OS/ARCH takes "
			"the part that is here, and 'ocifp copy' goes from registry to "
			"registry",
			name);
	}
	error_pass(err, TAKE_PTR(failure));
	return error_wrap(err, "'%s'", name);
}

struct repository *
source_open_image(struct session *session, const struct location *location,
		  const struct platforms *platforms, struct image_node *ret_root,
		  struct error **err)
{
	AUTO_REPOSITORY struct repository *repository = open_repository(session, location, err);

	if (!repository || read_image(session, repository, location, platforms, ret_root, err) < 0)
		return NULL;
	return TAKE_PTR(repository);
}
