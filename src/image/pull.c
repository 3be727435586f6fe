#include "image/pull.h"

#include <string.h>

#include "archive/archive.h"
#include "base/error.h"
#include "base/observer.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "image/content.h"
#include "image/fetch.h"
#include "image/find.h"
#include "image/output_tag.h"
#include "image/part.h"
#include "image/target.h"
#include "image/tree.h"
#include "image/verify.h"
#include "repository/session.h"

static int
find_for_pull(struct session *session, const struct target *target, bool offline,
	      struct found_image *ret_found, struct error **err)
{
	int found = offline ? find_image_in_store(session, target, ret_found, err)
			    : find_known_image(session, target, ret_found, err);

	if (found < 0 || ret_found->root.evidence.presence == PRESENCE_PRESENT)
		return found;
	return offline ? refuse_offline(target, err)
		       : find_required_image(session, target, ret_found, err);
}

/* The layout that the output names, or the user's own store. */
static struct store *
open_output(struct session *session, const struct pull_options *options, struct store **ret_opened,
	    struct error **err)
{
	struct store_options store_options = session_store_options(session);

	if (!options->output || options->output->transport != TRANSPORT_LAYOUT)
		return session_store(session, err);
	*ret_opened = store_open(options->output->path, STORE_CREATE, &store_options, err);
	return *ret_opened;
}

static int
write_output(const struct pull_options *options, const char *tag, struct store *store,
	     const struct descriptor *descriptor, struct error **err)
{
	if (options->output->transport == TRANSPORT_LAYOUT)
		return store_set_reference(store, tag, descriptor, err);
	if (store_commit(store, err) < 0)
		return -1;
	return archive_write(store, options->output, tag, descriptor, err);
}

/* What the output names: everything, or the part that was asked for. */
static int
take_part(const struct pull_options *options, struct image_node *root, struct image_node *ret_part,
	  struct error **err)
{
	if (options->output && !options->all)
		return image_part_take(root, ret_part, err);
	*ret_part = *root;
	memset(root, 0, sizeof(*root));
	return 0;
}

/* What a store that may not be written to holds can be used all the same. */
static int
keep_reference(const struct fetch_options *fetch, const char *name,
	       const struct descriptor *descriptor, struct error **err)
{
	AUTO_FREE char *shown = NULL;

	if (store_is_writable(fetch->store))
		return store_set_reference(fetch->store, name, descriptor, err);
	shown = text_quote_string(store_path(fetch->store));
	observer_tell(fetch->observer, EVENT_NOTICE,
		      "'%s' may not be written to: the image gets no name there", shown);
	return 0;
}

static int
finish_pull(const struct target *target, const struct pull_options *options, size_t place,
	    const struct fetch_options *fetch, const struct image_node *part, struct error **err)
{
	AUTO_FREE char *name = target_name(target, place);
	AUTO_FREE char *tag = NULL;

	if (fetch_tree(fetch, part, err) < 0)
		return -1;
	if (!options->output)
		return keep_reference(fetch, name, &part->descriptor, err);
	tag = output_tag(options->output, &target->places[place]);
	return write_output(options, tag, fetch->store, &part->descriptor, err);
}

static void
add_host(struct platforms *platforms)
{
	AUTO_PLATFORM struct platform host = { 0 };

	platform_host(&host);
	platforms_add(platforms, &host);
}

static int
pull_tree(struct session *session, const struct target *target, const struct pull_options *options,
	  struct found_image *found, struct pull_result *result, struct error **err)
{
	AUTO_STORE struct store *opened = NULL;
	struct store *store = open_output(session, options, &opened, err);
	AUTO_IMAGE_NODE struct image_node root = { 0 };
	AUTO_IMAGE_NODE struct image_node part = { 0 };
	AUTO_PLATFORMS struct platforms host = { 0 };
	struct selection selection = { .platforms = options->platforms };
	struct store *own = store ? session_store(session, err) : NULL;
	struct content content = {
		.repository = found->repository,
		.cache = store,
		.also = own == store ? NULL : own,
		.keep = true,
	};
	struct fetch_options fetch = {
		.repository = found->repository,
		.store = store,
		.also = content.also,
		.observer = session_observer(session),
	};

	if (!own)
		return -1;
	if (!selection.platforms && !options->all) {
		add_host(&host);
		selection.platforms = &host;
	}
	if (options->all)
		selection.platforms = NULL;
	if (image_tree_get(&content, &selection, &found->root, &root, err) < 0 ||
	    take_part(options, &root, &part, err) < 0)
		return -1;
	result->written = part.descriptor.digest;
	return finish_pull(target, options, found->place, &fetch, &part, err);
}

int
pull_found(struct session *session, const struct target *target, const struct pull_options *options,
	   struct found_image *found, struct pull_result *ret_result, struct error **err)
{
	AUTO_FREE char *name = target_name(target, found->place);

	ret_result->digest = found->root.descriptor.digest;
	if (pull_tree(session, target, options, found, ret_result, err) < 0)
		return error_wrap(err, "cannot pull '%s'", name);
	ret_result->repository = location_repository(&target->places[found->place]);
	return 0;
}

int
pull_image(struct session *session, const struct target *target, const struct pull_options *options,
	   struct pull_result *ret_result, struct error **err)
{
	AUTO_FOUND_IMAGE struct found_image found = { 0 };

	if (find_for_pull(session, target, options->offline, &found, err) < 0 ||
	    verify_required(session, target, &found, options->offline, err) < 0)
		return -1;
	return pull_found(session, target, options, &found, ret_result, err);
}

void
pull_result_release(struct pull_result *result)
{
	free(result->repository);
	result->repository = NULL;
}
