/* SPDX-License-Identifier: Apache-2.0 */
#include "image/make/compose.h"

#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "image/document/content.h"
#include "image/document/image_node.h"
#include "image/document/image_tree.h"
#include "image/resolve/find.h"
#include "image/resolve/target.h"
#include "image/transfer/copy_image.h"
#include "image/transfer/push_tree.h"
#include "oci/index_edit.h"

struct composition {
	struct session *session;
	const struct location *location;
	const struct compose_options *options;
	struct image_index index;
};

static void
composition_release(struct composition *composition)
{
	image_index_release(&composition->index);
}

static int
read_index(struct session *session, const struct target *target, struct image_index *ret_index,
	   struct digest *ret_root, struct error **err)
{
	AUTO_FOUND_IMAGE struct found_image found = { 0 };
	AUTO_FREE char *name = target_name(target, 0);
	struct content content = { 0 };

	if (find_required_image(session, target, &found, err) < 0)
		return -1;
	content.repository = found.repository;
	*ret_root = found.root.descriptor.digest;
	if (content_get_entries(&content, &found.root, ret_index, err) < 0)
		return error_wrap(err, "'%s'", name);
	return 0;
}

static bool
is_in(const struct location *place, const struct location *source)
{
	AUTO_FREE char *wanted = location_repository(place);
	AUTO_FREE char *actual = location_repository(source);

	return strcmp(wanted, actual) == 0;
}

/* An index lists manifests of its own repository; the copy is put there by digest only. */
static int
bring_here(const struct composition *composition, struct target *source, const struct digest *root,
	   struct error **err)
{
	struct location place = *composition->location;
	const struct copy_options options = { .destinations = &place,
					      .destination_count = 1,
					      .is_part = true };
	CLEANUP(copy_result_release) struct copy_result result = { 0 };

	if (is_in(&place, &source->candidates[0]))
		return 0;
	place.reference.tag = NULL;
	place.reference.digest = *root;
	source->candidates[0].reference.digest = *root;
	return copy_image(composition->session, source, &options, &result, err);
}

static void
annotate(json_t **annotations, const json_t *added)
{
	if (json_object_size(added) == 0)
		return;
	if (!*annotations)
		*annotations = json_object();
	json_object_update(*annotations, (json_t *)(uintptr_t)added);
}

static int
add_source(struct composition *composition, const char *text, struct error **err)
{
	AUTO_TARGET struct target source = { 0 };
	AUTO_INDEX struct image_index index = { 0 };
	struct digest root;

	if (target_of_location(text, &source, err) < 0 ||
	    read_index(composition->session, &source, &index, &root, err) < 0 ||
	    bring_here(composition, &source, &root, err) < 0)
		return -1;
	for (size_t i = 0; i < index.manifests.count; i++)
		if (image_index_entry_is_image(&index.manifests.items[i]))
			annotate(&index.manifests.items[i].annotations,
				 composition->options->entry_annotations);
	image_index_put_all(&composition->index, &index.manifests);
	return 0;
}

static int
drop(struct composition *composition, const char *text, struct error **err)
{
	AUTO_PLATFORM struct platform platform = { 0 };
	AUTO_FREE char *listed = NULL;
	struct digest digest;
	size_t count;

	if (strchr(text, ':')) {
		if (digest_parse(text, &digest, err) < 0)
			return -1;
		count = image_index_drop_digest(&composition->index, &digest);
	} else {
		if (platform_parse(text, &platform, err) < 0)
			return -1;
		count = image_index_drop_platform(&composition->index, &platform);
	}
	if (count > 0)
		return 0;
	listed = image_index_platforms(&composition->index);
	return error_set(err, ERROR_PLATFORM, "the index does not list '%s'; it lists: %s",
			 QUOTED(text), *listed ? listed : "no platform");
}

static int
change(struct composition *composition, struct error **err)
{
	const struct compose_options *options = composition->options;

	for (size_t i = 0; i < options->source_count; i++)
		if (add_source(composition, options->sources[i], err) < 0)
			return -1;
	for (size_t i = 0; i < options->drop_count; i++)
		if (drop(composition, options->drops[i], err) < 0)
			return -1;
	if (composition->index.manifests.count == 0)
		return error_set(err, ERROR_USAGE, "the index would be empty");
	annotate(&composition->index.annotations, options->annotations);
	return 0;
}

static int
put(struct composition *composition, struct compose_result *result, struct error **err)
{
	const struct image_index *index = &composition->index;
	const struct location *location = composition->location;
	AUTO_IMAGE_NODE struct image_node root = { 0 };
	AUTO_STRINGS struct strings tags = { 0 };
	AUTO_REPOSITORY struct repository *destination =
		repository_open(composition->session, location, REPOSITORY_WRITE, err);
	struct pushing pushing = {
		.session = composition->session,
		.destination = destination,
		.root = &root,
	};
	struct pushed pushed;

	if (!destination ||
	    image_node_make(image_index_format(index), index->media_type, &root, err) < 0)
		return -1;
	if (location->reference.tag)
		strings_add(&tags, location->reference.tag);
	if (push_tree(&pushing, &tags, &pushed, err) < 0)
		return -1;
	result->digest = root.descriptor.digest;
	result->was_there = pushed.was_there;
	return 0;
}

int
compose_index(struct session *session, const struct location *location,
	      const struct compose_options *options, struct compose_result *ret_result,
	      struct error **err)
{
	CLEANUP(composition_release)
	struct composition composition = {
		.session = session,
		.location = location,
		.options = options,
	};
	struct location own = *location;
	struct target target = { .candidates = &own, .candidate_count = 1 };
	struct digest ignored;
	AUTO_FREE char *name = location_format(location);

	if (repository_expect_write(session, location, err) < 0)
		return -1;
	if (options->from_scratch)
		composition.index.media_type = xstrdup(MEDIA_OCI_INDEX);
	else if (read_index(session, &target, &composition.index, &ignored, err) < 0)
		return error_wrap(err, "cannot write the index '%s'", name);
	if (change(&composition, err) < 0 || put(&composition, ret_result, err) < 0)
		return error_wrap(err, "cannot write the index '%s'", name);
	ret_result->repository = location_repository(location);
	return 0;
}

void
compose_result_release(struct compose_result *result)
{
	free(result->repository);
	result->repository = NULL;
}
