/* SPDX-License-Identifier: Apache-2.0 */
#include "image/make/rebase.h"

#include "base/error.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "image/transfer/destination.h"
#include "oci/annotation.h"
#include "oci/config_edit.h"
#include "oci/index.h"
#include "oci/location.h"

/* Of an index, or of the image.  NULL: none. */
static const char *
annotation_of(const struct image_node *root, const struct image_node *image, const char *name)
{
	const json_t *of_root = json_object_get(root->value, "annotations");
	const char *value = json_string_value(json_object_get(of_root, name));

	return value ? value : manifest_annotation(&image->manifest, name);
}

static int
refuse_unnamed(const char *option, const char *annotation, struct error **err)
{
	return error_set(err, ERROR_USAGE, "%s is required: the image has no annotation '%s'",
			 option, annotation);
}

/* What a remote image says must not make files of this machine part of what is pushed, nor have a
 * host of its network asked. */
static int
check_named(const struct location *from, const char *new_base, struct error **err)
{
	AUTO_LOCATION struct location place = { 0 };
	AUTO_ERROR struct error *unreadable = NULL;

	if (target_may_name(from, new_base))
		return 0;
	if (location_parse(new_base, &place, &unreadable) == 0 &&
	    place.transport == TRANSPORT_REGISTRY)
		return error_set(err, ERROR_REFUSED,
				 "--new-base is required: the annotation '%s' names '%s', which "
				 "has an internal address",
				 ANNOTATION_BASE_NAME, QUOTED(new_base));
	return error_set(err, ERROR_USAGE,
			 "--new-base is required: the annotation '%s' names '%s', which is not in "
			 "a registry",
			 ANNOTATION_BASE_NAME, QUOTED(new_base));
}

/* Its repository is the new base's, as crane has it. */
static int
name_old_base(const char *new_base, const char *digest, char **ret_name, struct error **err)
{
	AUTO_LOCATION struct location place = { 0 };
	AUTO_FREE char *repository = NULL;

	if (!digest)
		return refuse_unnamed("--old-base", ANNOTATION_BASE_DIGEST, err);
	if (location_parse(new_base, &place, err) < 0)
		return error_wrap(err, "new base '%s'", QUOTED(new_base));
	repository = location_repository(&place);
	*ret_name = xasprintf("%s@%s", repository, digest);
	return 0;
}

int
rebase_open(struct rebase *rebase, struct session *session, const char *old_base,
	    const char *new_base, const struct image_node *root, const struct image_node *image,
	    const struct destination *destination, struct error **err)
{
	const char *annotated = annotation_of(root, image, ANNOTATION_BASE_NAME);
	AUTO_FREE char *named = NULL;

	if (!new_base && !annotated)
		return refuse_unnamed("--new-base", ANNOTATION_BASE_NAME, err);
	if (!new_base && check_named(rebase->place, annotated, err) < 0)
		return -1;
	new_base = new_base ? new_base : annotated;
	if (!old_base && name_old_base(new_base, annotation_of(root, image, ANNOTATION_BASE_DIGEST),
				       &named, err) < 0)
		return -1;
	old_base = old_base ? old_base : named;
	if (base_image_open(&rebase->old_base, session, old_base, destination, err) < 0)
		return error_wrap(err, "old base '%s'", QUOTED(old_base));
	if (base_image_open(&rebase->new_base, session, new_base, destination, err) < 0)
		return error_wrap(err, "new base '%s'", QUOTED(new_base));
	/* A config is read for its platform and once more; do not fill a layout for that. */
	rebase->old_base.content.keep = !destination->opened;
	rebase->new_base.content.keep = !destination->opened;
	return 0;
}

/* A base in one platform. */
struct bottom {
	struct image_node root;
	struct image_nodes images;
	struct draft draft;
};

static void
bottom_release(struct bottom *bottom)
{
	draft_release(&bottom->draft);
	image_nodes_release(&bottom->images);
	image_node_release(&bottom->root);
}

static int
bottom_read(struct bottom *bottom, const struct base_image *base, const struct draft *draft,
	    const char *what, struct error **err)
{
	AUTO_FREE char *name = target_name(&base->target, 0);
	const struct descriptor *entry = &draft->node->descriptor;
	struct platform platform = entry->has_platform ? entry->platform : draft->before.platform;
	const struct platforms one = { .items = &platform, .count = 1 };

	if (base_image_read(base, platform.os ? &one : NULL, &bottom->root, &bottom->images, err) ==
		    0 &&
	    draft_begin(&bottom->draft, base, &bottom->images.items[0], err) == 0)
		return 0;
	return error_wrap(err, "%s base '%s'", what, name);
}

/* By the digests of the uncompressed layers: a push may have compressed them once more. */
static int
check_lowest(const struct draft *draft, const struct draft *old, const char *name,
	     struct error **err)
{
	const struct image_config *image = &draft->before;
	const struct image_config *base = &old->before;
	size_t same = 0;

	while (same < base->diff_id_count && same < image->diff_id_count &&
	       digest_equal(&image->diff_ids[same], &base->diff_ids[same]))
		same++;
	if (same == base->diff_id_count)
		return 0;
	if (same == image->diff_id_count)
		error_set(err, ERROR_REFUSED,
			  "it is not based on '%s': it has %zu layers, the base has %zu", name,
			  image->diff_id_count, base->diff_id_count);
	else
		error_set(err, ERROR_REFUSED,
			  "it is not based on '%s': its layer %zu is %s uncompressed, the base's "
			  "is %s",
			  name, same + 1, digest_text(&image->diff_ids[same]).text,
			  digest_text(&base->diff_ids[same]).text);
	return error_set_hint(err, "--old-base takes the image that it was built on, by digest if "
				   "the tag has moved since");
}

static void
replace_layers(struct rebase *rebase, struct draft *draft, const struct draft *old,
	       const struct draft *new)
{
	const struct descriptors *lower = &new->node->manifest.layers;
	const json_t *upper = json_object_get(draft->manifest, "layers");
	enum media_family family = media_type_family(draft->media_type);
	json_t *layers = json_array();

	for (size_t i = 0; i < lower->count; i++) {
		const char *type = media_type_in(lower->items[i].media_type, family);
		json_t *layer = json_array_get(json_object_get(new->manifest, "layers"), i);

		json_object_set_new(layer, "mediaType", json_string(type));
		json_array_append(layers, layer);
		if (!descriptors_has(&rebase->brought, &lower->items[i].digest))
			descriptors_add(&rebase->brought, &lower->items[i]);
	}
	for (size_t i = old->before.diff_id_count; i < json_array_size(upper); i++)
		json_array_append(layers, json_array_get(upper, i));
	json_object_set_new(draft->manifest, "layers", layers);
}

/* Only where the image says something of its base already. */
static void
replace_label(json_t *labels, const char *name, const char *value)
{
	if (!json_object_get(labels, name))
		return;
	if (value)
		json_object_set_new(labels, name, json_string(value));
	else
		json_object_del(labels, name);
}

static void
replace_labels(const struct rebase *rebase, struct draft *draft)
{
	const struct location *place = rebase->new_base.target.candidates;
	json_t *labels = json_object_get(json_object_get(draft->config, "config"), "Labels");
	AUTO_FREE char *repository = location_repository(place);
	AUTO_FREE char *name = place->transport == TRANSPORT_REGISTRY && place->reference.tag
				       ? xasprintf("%s:%s", repository, place->reference.tag)
				       : NULL;

	replace_label(labels, ANNOTATION_BASE_NAME, name);
	replace_label(labels, ANNOTATION_BASE_DIGEST,
		      digest_text(&rebase->new_base.found.root.descriptor.digest).text);
	/* The caller sets the annotations of the new base. */
	json_object_del(json_object_get(draft->manifest, "annotations"), ANNOTATION_BASE_NAME);
}

int
rebase_draft(struct rebase *rebase, struct draft *draft, struct error **err)
{
	CLEANUP(bottom_release) struct bottom old = { 0 };
	CLEANUP(bottom_release) struct bottom new = { 0 };
	AUTO_FREE char *old_name = target_name(&rebase->old_base.target, 0);

	if (bottom_read(&old, &rebase->old_base, draft, "old", err) < 0 ||
	    check_lowest(draft, &old.draft, old_name, err) < 0 ||
	    bottom_read(&new, &rebase->new_base, draft, "new", err) < 0)
		return -1;
	replace_layers(rebase, draft, &old.draft, &new.draft);
	config_rebase(draft->config, old.draft.config, new.draft.config);
	replace_labels(rebase, draft);
	draft->config_changed = true;
	/* Windows runs only containers of its own version. */
	if (new.draft.before.platform.os_version)
		platform_copy(&new.draft.before.platform, &draft->platform);
	return 0;
}

void
rebase_release(struct rebase *rebase)
{
	base_image_release(&rebase->old_base);
	base_image_release(&rebase->new_base);
	descriptors_release(&rebase->brought);
}
