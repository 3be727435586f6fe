/* SPDX-License-Identifier: Apache-2.0 */
#include "image/resolve/target.h"

#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "http/address.h"
#include "project/ci.h"
#include "project/lock_file.h"
#include "project/project.h"

char *
platform_tag(const char *tag, const struct platform *platform, struct error **err)
{
	AUTO_FREE char *name = platform_format(platform);
	AUTO_FREE char *result = NULL;

	for (char *at = name; *at; at++)
		if (*at == '/')
			*at = '-';
	result = xasprintf("%s-%s", tag, name);
	if (reference_tag_is_valid(result))
		return TAKE_PTR(result);
	error_set(err, ERROR_USAGE, "invalid tag '%s'", result);
	return NULL;
}

/* Puts a copy of the candidate at `from`, an index after the insertion, before all others, under
 * another tag. */
static void
insert_place(struct target *target, size_t from, const char *tag)
{
	struct reference *reference;

	target->candidates =
		xgrow(target->candidates, target->candidate_count, sizeof(*target->candidates));
	for (size_t i = target->candidate_count; i > 0; i--)
		target->candidates[i] = target->candidates[i - 1];
	target->candidate_count++;
	target->candidates[0] = (struct location){ 0 };
	location_copy(&target->candidates[from], &target->candidates[0]);
	reference = &target->candidates[0].reference;
	free(reference->tag);
	reference->tag = xstrdup(tag);
}

int
target_take_platform(struct target *target, const struct platform *platform, struct error **err)
{
	const char *whole = target->candidates[0].reference.tag;
	AUTO_FREE char *tag = NULL;

	if (!whole)
		return error_set(err, ERROR_USAGE, "a platform's tag needs the tag of the image");
	tag = platform_tag(whole, platform, err);
	if (!tag)
		return -1;
	platforms_release(&target->platforms);
	platforms_add(&target->platforms, platform);
	if (target->locked.algorithm != DIGEST_NONE)
		return 0;
	if (target->pull_request_place) {
		insert_place(target, target->pull_request_place + 1, tag);
		insert_place(target, 2, tag);
		target->pull_request_place = 1;
	} else {
		insert_place(target, 1, tag);
	}
	return 0;
}

static void
add_place(struct target *target, const struct location *place)
{
	target->candidates =
		xgrow(target->candidates, target->candidate_count, sizeof(*target->candidates));
	location_copy(place, &target->candidates[target->candidate_count++]);
}

static void
set_tag(struct target *target, const char *tag)
{
	for (size_t i = 0; i < target->candidate_count; i++) {
		struct reference *reference = &target->candidates[i].reference;

		free(reference->tag);
		reference->tag = xstrdup(tag);
	}
}

/* A repository of the project file: without tag and digest, which come from the fingerprint. */
static int
add_repository(struct target *target, const char *repository, struct error **err)
{
	AUTO_LOCATION struct location place = { 0 };

	if (location_parse(repository, &place, err) < 0)
		return -1;
	if (place.reference.tag || place.reference.digest.algorithm != DIGEST_NONE)
		return error_set(err, ERROR_USAGE, "repository '%s' has a tag or digest",
				 repository);
	add_place(target, &place);
	return 0;
}

/* After the image's own place, and only in a job of a pull request: others must not use images that
 * pull requests have pushed. */
static int
add_pull_requests(struct target *target, struct error **err)
{
	const struct project_image *image = target->image;
	AUTO_CI_EVENT struct ci_event event = { 0 };

	if (!image->pull_requests)
		return 0;
	ci_event_find(&image->push_refs, &event);
	if (event.trust != CI_PULL_REQUEST)
		return 0;
	if (add_repository(target, image->pull_requests, err) < 0)
		return error_wrap(err, "pull_requests of image '%s'", image->name);
	target->pull_request_place = target->candidate_count - 1;
	return 0;
}

static int
add_repositories(struct target *target, bool by_hash, struct error **err)
{
	const struct project_image *image = target->image;

	if (add_repository(target, image->repository, err) < 0)
		return error_wrap(err, "image '%s'", image->name);
	if (by_hash && add_pull_requests(target, err) < 0)
		return -1;
	for (size_t i = 0; i < image->fallback.count; i++)
		if (add_repository(target, image->fallback.items[i], err) < 0)
			return error_wrap(err, "fallback of image '%s'", image->name);
	return 0;
}

static void
set_hash_tag(struct target *target, unsigned length)
{
	AUTO_FREE char *tag = fingerprint_tag(&target->fingerprint, length);

	target->by_hash = true;
	set_tag(target, tag);
}

int
target_of_project(const struct project *project, const char *name, const char *tag,
		  struct target *ret_target, struct error **err)
{
	const struct project_image *image = project_image(project, name, err);
	AUTO_LOCK_FILE struct lock_file *own = NULL;
	const struct lock_file *lock;
	struct digest_text hex;
	bool found;

	if (!image || project_image_check_repository(project, image, err) < 0)
		return -1;
	ret_target->image = image;
	ret_target->directory = project->directory;
	ret_target->record = BUF_INIT(RECORD_LIMIT_BYTES);
	ret_target->requires_fingerprint = image->require.fingerprint;
	platforms_copy(&image->platforms, &ret_target->platforms);
	if (add_repositories(ret_target, !tag, err) < 0)
		return -1;
	if (tag) {
		set_tag(ret_target, tag);
		return 0;
	}
	if (project_fingerprint(project, image, &ret_target->record, &ret_target->fingerprint,
				err) < 0)
		return -1;
	set_hash_tag(ret_target, image->length);
	lock = project_lock(project, &own, err);
	hex = digest_hex(&ret_target->fingerprint.digest);
	if (!lock)
		return -1;
	return lock_file_image(lock, ret_target->image->name, hex.text, &ret_target->locked, &found,
			       err);
}

int
target_of_location(const char *text, struct target *ret_target, struct error **err)
{
	AUTO_LOCATION struct location place = { 0 };

	if (location_parse(text, &place, err) < 0)
		return -1;
	ret_target->directory = ".";
	ret_target->record = BUF_INIT(RECORD_LIMIT_BYTES);
	add_place(ret_target, &place);
	if (place.transport == TRANSPORT_REGISTRY && !place.reference.tag &&
	    place.reference.digest.algorithm == DIGEST_NONE)
		set_tag(ret_target, "latest");
	return 0;
}

int
target_of_inputs(const char *text, const struct fingerprint_inputs *inputs, unsigned length,
		 struct target *ret_target, struct error **err)
{
	ret_target->directory = inputs->directory;
	ret_target->record = BUF_INIT(RECORD_LIMIT_BYTES);
	if (add_repository(ret_target, text, err) < 0)
		return -1;
	if (fingerprint_compute(inputs, &ret_target->record, &ret_target->fingerprint, err) < 0)
		return -1;
	set_hash_tag(ret_target, length);
	return 0;
}

void
target_prefer_pull_requests(struct target *target)
{
	size_t place = target->pull_request_place;
	struct location own;

	if (place == 0)
		return;
	own = target->candidates[0];
	target->candidates[0] = target->candidates[place];
	target->candidates[place] = own;
	target->pull_request_place = 0;
}

int
target_check_lock(const struct target *target, size_t place, const struct digest *digest,
		  struct error **err)
{
	AUTO_FREE char *name = NULL;

	if (target->locked.algorithm == DIGEST_NONE || digest_equal(&target->locked, digest))
		return 0;
	name = target_name(target, place);
	error_set(err, ERROR_REFUSED, "'%s' is %s, and .ocifp.lock says %s", name,
		  digest_text(digest).text, digest_text(&target->locked).text);
	error_set_class(err, CLASS_LOCK_FILE);
	return error_set_hint(err, "when the change is meant: 'ocifp lock --update %s'",
			      target->image->name);
}

static enum address_scope
scope_of(const struct location *place)
{
	const char *text = place->reference.host;
	const char *port = text ? strrchr(text, ':') : NULL;
	AUTO_FREE char *host =
		text ? xstrndup(text, port ? (size_t)(port - text) : strlen(text)) : NULL;

	return host ? address_scope_of_host(host) : ADDRESS_LOOPBACK;
}

bool
target_may_name(const struct location *place, const char *name)
{
	AUTO_LOCATION struct location named = { 0 };
	AUTO_ERROR struct error *unreadable = NULL;

	return location_parse(name, &named, &unreadable) == 0 &&
	       named.transport == TRANSPORT_REGISTRY &&
	       address_may_lead(scope_of(place), scope_of(&named));
}

char *
target_name(const struct target *target, size_t place)
{
	return location_format(&target->candidates[place]);
}

void
target_release(struct target *target)
{
	for (size_t i = 0; i < target->candidate_count; i++)
		location_release(&target->candidates[i]);
	free(target->candidates);
	buf_release(&target->record);
	platforms_release(&target->platforms);
}
