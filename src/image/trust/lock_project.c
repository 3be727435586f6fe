/* SPDX-License-Identifier: Apache-2.0 */
#include "image/trust/lock_project.h"

#include <string.h>

#include "base/error.h"
#include "base/observer.h"
#include "base/strings.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "image/document/content.h"
#include "image/resolve/find.h"
#include "image/resolve/lookup.h"
#include "image/resolve/target.h"
#include "image/trust/verify.h"
#include "oci/annotation.h"
#include "oci/document.h"
#include "oci/index.h"
#include "oci/manifest.h"
#include "project/lock_file.h"
#include "project/project.h"
#include "repository/session.h"

struct locking {
	struct session *session;
	const struct lock_options *options;
	const struct lock_file *old;
	struct lock_file *lock;
	struct project project; /* the caller's, with `lock` for its lock file */
};

/* Without names all are meant. */
static bool
is_meant(const struct strings *names, const char *name)
{
	return names->count == 0 || strings_has(names, name);
}

static bool
is_updated(const struct locking *locking, const char *name)
{
	return locking->options->update && is_meant(locking->options->names, name);
}

static int
resolve_pin(const struct locking *locking, const char *reference, struct digest *ret_digest,
	    struct error **err)
{
	AUTO_TARGET struct target target = { 0 };
	AUTO_FOUND_IMAGE struct found_image found = { 0 };

	if (target_of_location(reference, &target, err) < 0 ||
	    find_required_image(locking->session, &target, &found, err) < 0)
		return error_wrap(err, "cannot lock '%s'", reference);
	*ret_digest = found.root.descriptor.digest;
	return 0;
}

static int
lock_pin(struct locking *locking, const char *reference, struct error **err)
{
	struct digest old = { 0 };
	struct digest digest;
	bool found;
	struct observer *observer = session_observer(locking->session);

	if (lock_file_pin(locking->old, reference, &old, &found, err) < 0)
		return -1;
	digest = old;
	if ((!found || is_updated(locking, reference)) &&
	    resolve_pin(locking, reference, &digest, err) < 0)
		return -1;
	if (!found)
		observer_tell(observer, EVENT_NOTICE, "'%s' is %s", reference,
			      digest_text(&digest).text);
	else if (!digest_equal(&old, &digest))
		observer_tell(observer, EVENT_NOTICE, "'%s' is %s, and was %s", reference,
			      digest_text(&digest).text, digest_text(&old).text);
	lock_file_set_pin(locking->lock, reference, &digest);
	return 0;
}

/* The digest of each platform's manifest, by platform; the caller's reference. */
static json_t *
list_platforms(const struct resolution *root)
{
	AUTO_INDEX struct image_index index = { 0 };
	AUTO_ERROR struct error *ignored = NULL;
	json_t *platforms = json_object();

	/* Only an index has entries; a manifest was read before. */
	if (media_type_kind(root->descriptor.media_type) != DOCUMENT_INDEX ||
	    image_index_read(root->value, root->descriptor.media_type, &index, &ignored) < 0)
		return platforms;
	for (size_t i = 0; i < index.manifests.count; i++) {
		const struct descriptor *entry = &index.manifests.items[i];
		AUTO_FREE char *name = NULL;

		if (!entry->has_platform || !image_index_entry_is_image(entry))
			continue;
		name = platform_format(&entry->platform);
		json_object_set_new(platforms, name, json_string(digest_text(&entry->digest).text));
	}
	return platforms;
}

static int
lock_published(struct locking *locking, const struct project_image *image, struct error **err)
{
	AUTO_TARGET struct target target = { 0 };
	AUTO_LOOKUP struct lookup lookup = { 0 };
	struct lookup_options options = { 0 };
	AUTO_JSON json_t *platforms = NULL;
	struct digest_text hex;

	if (target_of_project(&locking->project, image->name, NULL, &target, err) < 0 ||
	    lookup_image(locking->session, &target, &options, &lookup, err) < 0)
		return -1;
	if (lookup.presence != PRESENCE_PRESENT) {
		observer_tell(session_observer(locking->session), EVENT_NOTICE,
			      "image '%s' gets no entry: it is not published", image->name);
		return 0;
	}
	if (verify_required(locking->session, &target, &lookup.found, false, err) < 0)
		return -1;
	platforms = list_platforms(&lookup.found.root);
	hex = digest_hex(&target.fingerprint.digest);
	lock_file_set_image(locking->lock, image->name, hex.text,
			    &lookup.found.root.descriptor.digest, platforms);
	observer_tell(session_observer(locking->session), EVENT_NOTICE, "image '%s' is %s",
		      image->name, digest_text(&lookup.found.root.descriptor.digest).text);
	return 0;
}

static int
lock_image(struct locking *locking, const struct project_image *image, struct error **err)
{
	AUTO_ERROR struct error *unknown = NULL;
	struct fingerprint fingerprint;

	if (project_fingerprint(&locking->project, image, NULL, &fingerprint, err) < 0)
		return -1;
	if (!is_updated(locking, image->name) &&
	    lock_file_keep_image(locking->lock, locking->old, image->name,
				 digest_hex(&fingerprint.digest).text))
		return 0;
	if (project_image_check_repository(&locking->project, image, &unknown) == 0)
		return lock_published(locking, image, err);
	observer_tell(session_observer(locking->session), EVENT_NOTICE,
		      "image '%s' gets no entry: %s", image->name, error_text(unknown));
	return 0;
}

static int
lock_all(struct locking *locking, struct error **err)
{
	const struct project *project = &locking->project;

	for (size_t i = 0; i < project->image_count; i++)
		for (size_t j = 0; j < project->images[i].pins.count; j++)
			if (lock_pin(locking, project->images[i].pins.items[j], err) < 0)
				return -1;
	for (size_t i = 0; i < project->image_count; i++)
		if (lock_image(locking, &project->images[i], err) < 0)
			return error_wrap(err, "image '%s'", project->images[i].name);
	return 0;
}

static bool
is_named(const struct project *project, const char *name)
{
	for (size_t i = 0; i < project->image_count; i++)
		if (strcmp(project->images[i].name, name) == 0 ||
		    strings_has(&project->images[i].pins, name))
			return true;
	return false;
}

/* ERROR_USAGE: one of them is neither an image nor a pin of the project. */
static int
require_names(const struct project *project, const struct strings *names, struct error **err)
{
	for (size_t i = 0; i < names->count; i++) {
		if (!is_named(project, names->items[i]))
			return error_set(err, ERROR_USAGE,
					 "the project file has no image and no pin '%s'",
					 QUOTED(names->items[i]));
	}
	return 0;
}

int
lock_project(struct session *session, const struct project *project,
	     const struct lock_options *options, bool *ret_changed, struct error **err)
{
	AUTO_LOCK_FILE struct lock_file *old = NULL;
	AUTO_LOCK_FILE struct lock_file *lock = lock_file_new();
	struct locking locking = {
		.session = session,
		.options = options,
		.lock = lock,
		.project = *project,
	};

	if (require_names(project, options->names, err) < 0)
		return -1;
	old = lock_file_read(project->directory, err);
	if (!old)
		return -1;
	locking.old = old;
	locking.project.lock = lock;
	if (lock_all(&locking, err) < 0)
		return -1;
	return lock_file_write(project->directory, lock, ret_changed, err);
}

struct check {
	struct session *session;
	const struct project *project;
	const struct lock_file *lock;
	const struct lock_compare_options *options;
};

/* The present digest of a reference, without regard to the lock file. */
static int
compare(const struct check *check, const char *kind, const char *name, const char *reference,
	const struct digest *locked, struct found_image *ret_found, struct error **err)
{
	AUTO_TARGET struct target target = { 0 };
	struct lock_finding finding = { .kind = kind, .name = name, .locked = *locked };

	if (target_of_location(reference, &target, err) < 0 ||
	    find_image(check->session, &target, ret_found, err) < 0)
		return error_wrap(err, "cannot check '%s'", QUOTED(reference));
	if (ret_found->root.evidence.presence != PRESENCE_PRESENT) {
		finding.state = LOCK_ABSENT;
	} else {
		finding.found = ret_found->root.descriptor.digest;
		finding.state = digest_equal(&finding.found, locked) ? LOCK_CURRENT : LOCK_MOVED;
	}
	check->options->tell(check->options->context, &finding);
	return 0;
}

static int
check_pin(const struct check *check, const char *reference, struct error **err)
{
	AUTO_FOUND_IMAGE struct found_image found = { 0 };
	struct digest locked;
	bool is_locked;

	if (lock_file_pin(check->lock, reference, &locked, &is_locked, err) < 0)
		return -1;
	if (!is_locked) {
		error_set(err, ERROR_USAGE, "'%s' is pinned but not in .ocifp.lock", reference);
		return error_set_hint(err, "run 'ocifp lock'");
	}
	if (check->options->offline)
		return 0;
	return compare(check, "pin", reference, reference, &locked, &found, err);
}

/* The annotations of a manifest, or of an index; those of its first image where the index has no
 * base. */
static int
find_base(const struct check *check, const struct found_image *found, char **ret_name,
	  char **ret_digest, struct error **err)
{
	const struct resolution *root = &found->root;
	const json_t *annotations = json_object_get(root->value, "annotations");
	struct content content = { .repository = found->repository,
				   .cache = session_find_store(check->session) };
	AUTO_INDEX struct image_index index = { 0 };
	AUTO_RESOLUTION struct resolution child = { 0 };
	bool is_there = false;

	if (!json_object_get(annotations, ANNOTATION_BASE_NAME) && root->kind == DOCUMENT_INDEX) {
		if (image_index_read(root->value, root->descriptor.media_type, &index, err) < 0)
			return -1;
		for (size_t i = 0; i < index.manifests.count && !is_there; i++)
			if (image_index_entry_is_image(&index.manifests.items[i]) &&
			    content_get_manifest(&content, &index.manifests.items[i], &child,
						 &is_there, err) < 0)
				return -1;
		annotations = json_object_get(child.value, "annotations");
	}
	*ret_name =
		xstrdup_null(json_string_value(json_object_get(annotations, ANNOTATION_BASE_NAME)));
	*ret_digest = xstrdup_null(
		json_string_value(json_object_get(annotations, ANNOTATION_BASE_DIGEST)));
	return 0;
}

static int
check_base(const struct check *check, const struct location *place, const struct found_image *image,
	   struct error **err)
{
	AUTO_FREE char *name = NULL;
	AUTO_FREE char *text = NULL;
	AUTO_FOUND_IMAGE struct found_image found = { 0 };
	AUTO_REFERENCE struct reference reference = { 0 };
	AUTO_ERROR struct error *unreadable = NULL;
	struct digest digest;

	if (find_base(check, image, &name, &text, err) < 0)
		return -1;
	/* The image's builder wrote them; text that is not a valid reference is ignored. */
	if (!name || !text || digest_parse(text, &digest, &unreadable) < 0 ||
	    reference_parse(name, &reference, &unreadable) < 0 ||
	    reference.digest.algorithm != DIGEST_NONE)
		return 0;
	if (!target_may_name(place, name)) {
		observer_tell(session_observer(check->session), EVENT_NOTICE,
			      "its base '%s' is not asked for: it has an internal address",
			      QUOTED(name));
		return 0;
	}
	return compare(check, "base", name, name, &digest, &found, err);
}

static int
check_published(const struct check *check, const struct project_image *image, struct error **err)
{
	AUTO_TARGET struct target target = { 0 };
	AUTO_TARGET struct target place = { 0 };
	AUTO_FOUND_IMAGE struct found_image found = { 0 };
	AUTO_FREE char *name = NULL;

	if (target_of_project(check->project, image->name, NULL, &target, err) < 0)
		return -1;
	name = target_name(&target, 0);
	if (target.locked.algorithm != DIGEST_NONE) {
		if (compare(check, "image", image->name, name, &target.locked, &found, err) < 0)
			return -1;
	} else if (target_of_location(name, &place, err) < 0 ||
		   find_image(check->session, &place, &found, err) < 0) {
		return -1;
	}
	return found.root.evidence.presence == PRESENCE_PRESENT
		       ? check_base(check, &target.candidates[0], &found, err)
		       : 0;
}

static int
check_all(const struct check *check, struct error **err)
{
	const struct project *project = check->project;

	for (size_t i = 0; i < project->image_count; i++)
		for (size_t j = 0; j < project->images[i].pins.count; j++)
			if (is_meant(check->options->names, project->images[i].pins.items[j]) &&
			    check_pin(check, project->images[i].pins.items[j], err) < 0)
				return -1;
	if (check->options->offline)
		return 0;
	for (size_t i = 0; i < project->image_count; i++) {
		const struct project_image *image = &project->images[i];
		AUTO_ERROR struct error *unknown = NULL;

		if (!is_meant(check->options->names, image->name) ||
		    project_image_check_repository(project, image, &unknown) < 0)
			continue;
		if (check_published(check, image, err) < 0)
			return error_wrap(err, "image '%s'", image->name);
	}
	return 0;
}

int
lock_compare(struct session *session, const struct project *project,
	     const struct lock_compare_options *options, struct error **err)
{
	AUTO_LOCK_FILE struct lock_file *own = NULL;
	struct check check = { .session = session, .project = project, .options = options };

	if (require_names(project, options->names, err) < 0)
		return -1;
	check.lock = project_lock(project, &own, err);
	return check.lock ? check_all(&check, err) : -1;
}
