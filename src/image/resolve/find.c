/* SPDX-License-Identifier: Apache-2.0 */
#include "image/resolve/find.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/observer.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "image/resolve/built.h"
#include "image/resolve/target.h"
#include "oci/annotation.h"
#include "oci/index.h"
#include "oci/manifest.h"
#include "project/project.h"
#include "repository/session.h"

/* The fingerprint annotation of an index, or of a manifest without an index. */
int
found_image_fingerprint(const struct resolution *root, char **ret_fingerprint, struct error **err)
{
	const char *media_type = root->descriptor.media_type;
	AUTO_INDEX struct image_index index = { 0 };
	AUTO_MANIFEST struct manifest manifest = { 0 };

	if (root->kind == DOCUMENT_INDEX) {
		if (image_index_read(root->value, media_type, &index, err) < 0)
			return -1;
		*ret_fingerprint =
			xstrdup_null(image_index_annotation(&index, ANNOTATION_FINGERPRINT));
		return 0;
	}
	if (manifest_read(root->value, media_type, &manifest, err) < 0)
		return -1;
	*ret_fingerprint = xstrdup_null(manifest_annotation(&manifest, ANNOTATION_FINGERPRINT));
	return 0;
}

static int
check_image(struct session *session, const struct target *target, size_t place,
	    const struct resolution *root, struct error **err)
{
	AUTO_FREE char *name = target_name(target, place);
	struct digest_text wanted;
	AUTO_FREE char *actual = NULL;

	if (target_check_lock(target, place, &root->descriptor.digest, err) < 0)
		return -1;
	wanted = digest_hex(&target->fingerprint.digest);
	/* A tag that is not a fingerprint promises none: the image only has to have one. */
	if (!target->by_hash && !target->requires_fingerprint)
		return 0;
	if (found_image_fingerprint(root, &actual, err) < 0)
		return error_wrap(err, "'%s'", name);
	if (actual && target->by_hash && strcmp(actual, wanted.text) != 0) {
		error_set(err, ERROR_REFUSED, "'%s' was built from fingerprint %s, not %s", name,
			  QUOTED(actual), wanted.text);
		error_set_class(err, CLASS_FINGERPRINT);
		return error_set_hint(
			err, "somebody pushed another image under this tag: delete the tag, or "
			     "raise the image's `length`");
	}
	if (actual)
		return 0;
	if (target->requires_fingerprint) {
		error_set(err, ERROR_REFUSED, "'%s' has no fingerprint annotation", name);
		return error_set_class(err, CLASS_FINGERPRINT);
	}
	observer_tell(session_observer(session), EVENT_NOTICE,
		      "'%s' has no fingerprint annotation; only its tag was compared", name);
	return 0;
}

static int
ask_place(struct session *session, const struct target *target, size_t place,
	  struct found_image *found, struct error **err)
{
	const struct location *location = &target->candidates[place];

	found_image_release(found);
	found->place = place;
	found->repository = repository_open(session, location, REPOSITORY_READ, err);
	if (!found->repository ||
	    repository_resolve(found->repository, location->reference.tag,
			       &location->reference.digest, &found->root, err) < 0)
		return error_wrap(err, "cannot tell whether the image is there");
	return 0;
}

/* The first place's failure counts, unless it is a mere refusal and a later one is not:
 * --assume-absent overrides refusals only.  Takes the failure. */
static void
keep_unknown(struct error **unknown, struct error *failure)
{
	if (*unknown && (!error_is(*unknown, ERROR_DENIED) || error_is(failure, ERROR_DENIED))) {
		error_free(failure);
		return;
	}
	error_free(*unknown);
	*unknown = failure;
}

int
find_image(struct session *session, const struct target *target, struct found_image *ret_found,
	   struct error **err)
{
	AUTO_ERROR struct error *unknown = NULL;

	for (size_t i = 0; i < target->candidate_count; i++) {
		AUTO_ERROR struct error *failure = NULL;

		if (ask_place(session, target, i, ret_found, &failure) == 0 &&
		    ret_found->root.evidence.presence == PRESENCE_PRESENT)
			return check_image(session, target, i, &ret_found->root, err);
		if (failure)
			keep_unknown(&unknown, TAKE_PTR(failure));
	}
	if (!unknown)
		return 0;
	return error_pass(err, TAKE_PTR(unknown));
}

int
find_image_in_store(struct session *session, const struct target *target,
		    struct found_image *ret_found, struct error **err)
{
	struct store *store = session_store(session, err);

	if (!store)
		return -1;
	for (size_t i = 0; i < target->candidate_count; i++) {
		AUTO_FREE char *name = target_name(target, i);
		const struct digest *digest = &target->candidates[i].reference.digest;

		if (digest->algorithm == DIGEST_NONE)
			digest = &target->locked;
		found_image_release(ret_found);
		ret_found->place = i;
		ret_found->repository = repository_of_store(session, store);
		if (repository_resolve(ret_found->repository, name, digest, &ret_found->root, err) <
		    0)
			return -1;
		if (ret_found->root.evidence.presence == PRESENCE_PRESENT)
			return check_image(session, target, i, &ret_found->root, err);
	}
	return 0;
}

int
found_image_reopen(struct session *session, const struct target *target, struct found_image *found,
		   struct error **err)
{
	struct repository *repository =
		repository_open(session, &target->candidates[found->place], REPOSITORY_READ, err);

	if (!repository)
		return -1;
	repository_free(found->repository);
	found->repository = repository;
	return 0;
}

/* The place under whose name the store has the locked digest: an image of a fallback keeps its
 * name. */
static int
find_locked_place(struct session *session, const struct target *target, struct found_image *found,
		  struct error **err)
{
	struct store *store = session_store(session, err);

	for (size_t i = 0; store && i < target->candidate_count; i++) {
		AUTO_FREE char *name = target_name(target, i);

		found_image_release(found);
		found->place = i;
		found->repository = repository_of_store(session, store);
		if (repository_resolve(found->repository, name, NULL, &found->root, err) < 0)
			return -1;
		if (found->root.evidence.presence == PRESENCE_PRESENT &&
		    digest_equal(&found->root.descriptor.digest, &target->locked))
			return check_image(session, target, i, &found->root, err);
	}
	found_image_release(found);
	return store ? 0 : -1;
}

int
find_known_image(struct session *session, const struct target *target,
		 struct found_image *ret_found, struct error **err)
{
	if ((target->candidates[0].reference.digest.algorithm == DIGEST_NONE &&
	     target->locked.algorithm == DIGEST_NONE) ||
	    !session_find_store(session))
		return 0;
	if (target->locked.algorithm != DIGEST_NONE &&
	    find_locked_place(session, target, ret_found, err) < 0)
		return -1;
	if (ret_found->root.evidence.presence != PRESENCE_PRESENT &&
	    find_image_in_store(session, target, ret_found, err) < 0)
		return -1;
	return ret_found->root.evidence.presence == PRESENCE_PRESENT
		       ? found_image_reopen(session, target, ret_found, err)
		       : 0;
}

int
refuse_absent(const struct target *target, struct error **err)
{
	AUTO_FREE char *name = target_name(target, 0);

	return error_set(err, ERROR_ABSENT, "'%s' is absent", name);
}

int
refuse_offline(const struct target *target, struct error **err)
{
	AUTO_FREE char *name = target_name(target, 0);

	error_set(err, ERROR_UNAVAILABLE, "'%s' is not in the store", name);
	error_set_class(err, CLASS_OFFLINE);
	return error_set_hint(err, "without --offline its registry is asked");
}

int
refuse_locked(const struct target *target, struct error **err)
{
	error_set(err, ERROR_REFUSED,
		  "image '%s' is locked to %s, which its registry does not have",
		  target->image->name, digest_text(&target->locked).text);
	error_set_class(err, CLASS_LOCK_FILE);
	return error_set_hint(
		err, "'ocifp lock --update %s' removes the entry, so that it is built again",
		target->image->name);
}

static int
refuse_nowhere(struct session *session, const struct target *target, struct error **err)
{
	const struct location *place = &target->candidates[0];
	AUTO_FOUND_IMAGE struct found_image built = { 0 };
	AUTO_ERROR struct error *ignored = NULL;

	if (place->transport != TRANSPORT_REGISTRY && access(place->path, F_OK) < 0)
		return error_set_path(err, errno, "open", place->path);
	refuse_absent(target, err);
	if (!target->by_hash || !target->image)
		return -1;
	if (built_find(session, target, true, &built, &ignored) == 0 && built.is_built)
		return error_set_hint(err, "'ocifp push %s' pushes the local build",
				      target->image->name);
	if (target->image->build)
		error_set_hint(err, "'ocifp ensure %s' builds it", target->image->name);
	return -1;
}

int
find_required_image(struct session *session, const struct target *target,
		    struct found_image *ret_found, struct error **err)
{
	if (find_image(session, target, ret_found, err) < 0)
		return -1;
	if (ret_found->root.evidence.presence == PRESENCE_PRESENT)
		return 0;
	return refuse_nowhere(session, target, err);
}

int
find_image_to_write(struct session *session, const struct target *target,
		    struct found_image *ret_found, struct error **err)
{
	for (size_t i = 0; i < target->candidate_count; i++)
		if (repository_expect_write(session, &target->candidates[i], err) < 0)
			return -1;
	return find_required_image(session, target, ret_found, err);
}

int
find_image_or_built(struct session *session, const struct target *target,
		    struct found_image *ret_found, struct error **err)
{
	AUTO_FREE char *name = target_name(target, 0);
	AUTO_FOUND_IMAGE struct found_image built = { 0 };

	if (find_image(session, target, ret_found, err) < 0)
		return -1;
	if (ret_found->root.evidence.presence == PRESENCE_PRESENT)
		return 0;
	if (built_find(session, target, false, &built, err) < 0)
		return -1;
	if (!built.is_built)
		return refuse_nowhere(session, target, err);
	observer_tell(session_observer(session), EVENT_NOTICE,
		      "'%s' is absent; using the local build, which was not pushed", name);
	found_image_release(ret_found);
	*ret_found = built;
	built = (struct found_image){ 0 };
	return 0;
}

void
found_image_release(struct found_image *found)
{
	repository_free(found->repository);
	resolution_release(&found->root);
	memset(found, 0, sizeof(*found));
}
