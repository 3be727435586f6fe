/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/error.h"
#include "base/xalloc.h"
#include "image/document/annotation.h"
#include "image/document/content.h"
#include "image/ensure/join_private.h"
#include "image/resolve/entries.h"
#include "image/resolve/find.h"
#include "image/resolve/platform_tag.h"
#include "image/resolve/target.h"
#include "image/trust/verify.h"
#include "oci/index_edit.h"

static void
forget(struct join *join)
{
	image_index_release(&join->current);
	image_index_release(&join->joined);
	platforms_release(&join->missing);
}

void
join_release(struct join *join)
{
	forget(join);
	descriptors_release(&join->vouched);
}

/* At the image's own place; *ret_index stays as it is when the tag names nothing.  What is joined
 * may be signed for all of it afterwards, so what it is joined from has to be signed where the
 * project asks for that; `ret_digest` NULL: it is joined from this. */
static int
read_tag(const struct join *join, const char *tag, const struct digest *locked,
	 struct image_index *ret_index, struct digest *ret_digest, struct error **err)
{
	struct location place = join->target->candidates[0];
	struct target one = *join->target;
	AUTO_FOUND_IMAGE struct found_image found = { 0 };
	struct content content = { 0 };

	place.reference.tag = (char *)(uintptr_t)tag;
	one.candidates = &place;
	one.candidate_count = 1;
	one.locked = *locked;
	if (find_image(join->session, &one, &found, err) < 0)
		return -1;
	if (found.root.evidence.presence != PRESENCE_PRESENT)
		return 0;
	if (ret_digest)
		*ret_digest = found.root.descriptor.digest;
	else if (verify_required(join->session, &one, &found, false, err) < 0)
		return -1;
	content.repository = found.repository;
	if (entries_get(&content, &found.root, ret_index, err) < 0)
		return error_wrap(err, "tag '%s'", tag);
	return 0;
}

static int
refuse_other_platform(const char *tag, const struct image_index *index,
		      const struct platform *wanted, struct error **err)
{
	AUTO_FREE char *name = platform_format(wanted);
	AUTO_FREE char *offered = image_index_platforms(index);

	return error_set(err, ERROR_PLATFORM, "tag '%s' has no image for %s; it has: %s", tag, name,
			 *offered ? offered : "none");
}

static int
add_platform(struct join *join, const struct platform *platform, struct error **err)
{
	static const struct digest not_locked;
	AUTO_FREE char *tag =
		platform_tag(join->target->candidates[0].reference.tag, platform, err);
	AUTO_INDEX struct image_index index = { 0 };
	const struct descriptor *entry;

	if (!tag || read_tag(join, tag, &not_locked, &index, NULL, err) < 0)
		return -1;
	if (!index.media_type)
		return 0;
	entry = image_index_find(&index, platform);
	if (!entry)
		return refuse_other_platform(tag, &index, platform, err);
	image_index_put(&join->joined, entry, &index.manifests);
	descriptors_add(&join->vouched, entry);
	return 0;
}

static void
begin_with_current(struct join *join)
{
	const struct descriptors *entries = &join->current.manifests;

	join->joined.annotations = json_object();
	json_object_update(join->joined.annotations, join->current.annotations);
	json_object_update(join->joined.annotations,
			   (json_t *)(uintptr_t)join->options->annotations);
	for (size_t i = 0; i < entries->count; i++)
		if (image_index_entry_is_image(&entries->items[i]))
			image_index_put(&join->joined, &entries->items[i], entries);
}

static bool
lists_others(const struct join *join)
{
	const struct descriptors *joined = &join->joined.manifests;

	for (size_t i = 0; i < joined->count; i++)
		if (image_index_entry_is_image(&joined->items[i]) &&
		    !descriptors_has(&join->vouched, &joined->items[i].digest))
			return true;
	return false;
}

/* What the tag lists and no platform's tag names comes from whoever put the tag there. */
static int
vouch_for_others(struct join *join, struct error **err)
{
	const struct target *target = join->target;
	AUTO_INDEX struct image_index whole = { 0 };

	if (!verify_is_required(target) || !lists_others(join))
		return 0;
	if (read_tag(join, target->candidates[0].reference.tag, &target->locked, &whole, NULL,
		     err) < 0)
		return error_wrap(err, "it lists images that no platform's tag refers to");
	for (size_t i = 0; i < whole.manifests.count; i++)
		descriptors_add(&join->vouched, &whole.manifests.items[i]);
	return lists_others(join)
		       ? error_set(err, ERROR_REFUSED, "the tag changes while it is being joined")
		       : 0;
}

int
join_collect(struct join *join, struct error **err)
{
	const struct target *target = join->target;

	forget(join);
	if (read_tag(join, target->candidates[0].reference.tag, &target->locked, &join->current,
		     &join->current_digest, err) < 0)
		return -1;
	begin_with_current(join);
	for (size_t i = 0; i < join->wanted->count; i++)
		if (add_platform(join, &join->wanted->items[i], err) < 0)
			return -1;
	for (size_t i = 0; i < join->wanted->count; i++)
		if (!image_index_find(&join->joined, &join->wanted->items[i]))
			platforms_add(&join->missing, &join->wanted->items[i]);
	return vouch_for_others(join, err);
}

static bool
is_record(const struct descriptor *entry)
{
	return entry->artifact_type && strcmp(entry->artifact_type, MEDIA_INPUTS) == 0;
}

bool
join_is_done(const struct join *join)
{
	const struct descriptors *current = &join->current.manifests;
	const struct descriptors *joined = &join->joined.manifests;
	bool has_record = false;

	for (size_t i = 0; i < joined->count; i++)
		if (!descriptors_has(current, &joined->items[i].digest))
			return false;
	for (size_t i = 0; i < current->count; i++) {
		has_record = has_record || is_record(&current->items[i]);
		if (!descriptors_has(joined, &current->items[i].digest) &&
		    !is_record(&current->items[i]))
			return false;
	}
	if (!json_equal(join->current.annotations, join->joined.annotations) &&
	    json_object_size(join->joined.annotations) > 0)
		return false;
	return !join->target->by_hash ||
	       (has_record && image_index_annotation(&join->current, ANNOTATION_FINGERPRINT));
}
