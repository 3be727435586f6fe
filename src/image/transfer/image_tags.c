/* SPDX-License-Identifier: Apache-2.0 */
#include "image/transfer/image_tags.h"

#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/strings.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "image/document/image_tree.h"
#include "image/resolve/find.h"
#include "image/resolve/target.h"
#include "image/transfer/confirm_tag.h"
#include "image/transfer/push_tree.h"
#include "image/trust/verify.h"
#include "oci/location.h"
#include "oci/referrer.h"
#include "repository/repository.h"

int
retag_image(struct session *session, const struct target *target, const struct strings *tags,
	    bool no_clobber, struct push_result *ret_result, struct error **err)
{
	AUTO_FOUND_IMAGE struct found_image found = { 0 };
	AUTO_REPOSITORY struct repository *repository = NULL;
	struct image_node bare;
	struct pushing pushing = { .root = &bare };
	const struct location *place;
	struct put_result put_result;

	if (find_image_to_write(session, target, &found, err) < 0 ||
	    verify_required(session, target, &found, false, err) < 0)
		return -1;
	place = &target->candidates[found.place];
	repository = repository_open(session, place, REPOSITORY_WRITE, err);
	bare = (struct image_node){ .descriptor = found.root.descriptor,
				    .bytes = found.root.bytes };
	pushing.destination = repository;
	if (!repository ||
	    (no_clobber && push_check_tags(repository, tags, &bare.descriptor.digest, err) < 0) ||
	    push_tags(&pushing, tags, &put_result, err) < 0 ||
	    confirm_tags(session, place, tags, no_clobber, &put_result, err) < 0)
		return -1;
	*ret_result = (struct push_result){
		.repository = location_repository(place),
		.digest = put_result.digest,
		.was_there = true,
	};
	return 0;
}

static int
resolve(struct repository *repository, const char *tag, const struct digest *digest,
	struct resolution *resolution, struct error **err)
{
	if (repository_resolve(repository, tag, digest, resolution, err) < 0)
		return -1;
	if (resolution->evidence.presence != PRESENCE_PRESENT)
		return error_set(err, ERROR_ABSENT, "it does not exist");
	return 0;
}

/* A tag that was removed meanwhile names nothing. */
static int
names_it(struct repository *repository, const char *name, const struct digest *digest,
	 bool *ret_does, struct error **err)
{
	AUTO_RESOLUTION struct resolution resolution = { 0 };

	if (repository_resolve_listed(repository, name, &resolution, err) < 0)
		return -1;
	*ret_does = resolution.evidence.presence == PRESENCE_PRESENT &&
		    digest_equal(&resolution.descriptor.digest, digest);
	return 0;
}

static int
find_tags(struct repository *repository, const struct strings *tags, const struct digest *digest,
	  struct removal *removal, struct error **err)
{
	for (size_t i = 0; i < tags->count; i++) {
		bool does = false;

		if (names_it(repository, tags->items[i], digest, &does, err) < 0)
			return -1;
		if (does)
			strings_add(&removal->tags, tags->items[i]);
	}
	return 0;
}

/* Deleting the manifest would also delete a name that is not a valid tag, which could not be set
 * again.  A digest in the list is the manifest itself. */
static int
check_others(struct repository *repository, const struct strings *others,
	     const struct digest *digest, struct error **err)
{
	for (size_t i = 0; i < others->count; i++) {
		bool does = false;

		if (strcmp(others->items[i], digest_text(digest).text) == 0)
			continue;
		if (names_it(repository, others->items[i], digest, &does, err) < 0)
			return -1;
		if (does)
			return error_set(err, ERROR_REFUSED,
					 "it is also listed as '%s', which is not a valid tag",
					 QUOTED(others->items[i]));
	}
	return 0;
}

static int
find_names(struct repository *repository, const struct digest *digest, struct removal *removal,
	   struct error **err)
{
	AUTO_STRINGS struct strings tags = { 0 };
	AUTO_STRINGS struct strings others = { 0 };

	if (repository_list_tags(repository, &tags, &others, err) < 0)
		return -1;
	if (tags.count + others.count > TAGS_COMPARED_LIMIT_COUNT) {
		error_set(err, ERROR_FAILURE, "the repository has %zu tags, too many to check each",
			  tags.count + others.count);
		return error_set_class(err, CLASS_LIMIT);
	}
	if (find_tags(repository, &tags, digest, removal, err) < 0)
		return error_wrap(err, "cannot tell which other tags would be removed");
	return check_others(repository, &others, digest, err);
}

/* A registry that does not delete tags says so for an absent one, too. */
static int
delete_tag(struct repository *repository, const char *tag, struct error **err)
{
	AUTO_ERROR struct error *failure = NULL;
	AUTO_RESOLUTION struct resolution resolution = { 0 };

	if (repository_delete_tag(repository, tag, &failure) == 0)
		return 0;
	if (error_has_class(failure, CLASS_UNSUPPORTED) &&
	    resolve(repository, tag, NULL, &resolution, err) < 0)
		return -1;
	return error_pass(err, TAKE_PTR(failure));
}

static int
remove_from(struct repository *repository, const struct reference *reference, bool dry_run,
	    struct removal *removal, struct error **err)
{
	const struct digest *digest = &reference->digest;
	AUTO_RESOLUTION struct resolution resolution = { 0 };
	AUTO_DESCRIPTORS struct descriptors referrers = { 0 };

	if (digest->algorithm != DIGEST_NONE) {
		const struct descriptor *descriptor;
		AUTO_REFERRER struct referrer referrer = { 0 };
		bool refers = false;

		if (resolve(repository, NULL, digest, &resolution, err) < 0 ||
		    find_names(repository, digest, removal, err) < 0 ||
		    repository_list_referrers(repository, digest, NULL, &referrers, err) < 0)
			return -1;
		removal->referrer_count = referrers.count;
		if (dry_run)
			return 0;
		descriptor = &resolution.descriptor;
		if (referrer_parse(descriptor, resolution.bytes.data, &referrer, &refers, err) <
			    0 ||
		    repository_delete_manifest(repository, &descriptor->digest, err) < 0)
			return -1;
		return refers ? repository_remove_referrer(repository, &referrer.subject,
							   &descriptor->digest, err)
			      : 0;
	}
	if (reference->tag) {
		strings_add(&removal->tags, reference->tag);
		return dry_run ? resolve(repository, reference->tag, NULL, &resolution, err)
			       : delete_tag(repository, reference->tag, err);
	}
	error_set(err, ERROR_USAGE, "the reference has no tag and no digest");
	return error_set_hint(err, "expected HOST/NAME:TAG or HOST/NAME@DIGEST");
}

int
remove_image(struct session *session, const struct location *location, bool dry_run,
	     struct removal *ret_removal, struct error **err)
{
	AUTO_FREE char *name = location_format(location);
	AUTO_REPOSITORY struct repository *repository =
		repository_open(session, location, REPOSITORY_WRITE, err);

	if (!repository ||
	    remove_from(repository, &location->reference, dry_run, ret_removal, err) < 0)
		return error_wrap(err, "cannot remove '%s'", name);
	return 0;
}

void
removal_release(struct removal *removal)
{
	strings_release(&removal->tags);
	*removal = (struct removal){ 0 };
}
