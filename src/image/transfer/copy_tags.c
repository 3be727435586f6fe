/* SPDX-License-Identifier: Apache-2.0 */
#include "image/transfer/copy_tags.h"

#include <string.h>

#include "base/error.h"
#include "base/observer.h"
#include "base/strings.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "image/resolve/find.h"
#include "image/resolve/target.h"
#include "oci/tag_list.h"
#include "repository/repository.h"
#include "repository/session.h"

void
copy_rows_add(struct copy_rows *rows, struct location *source, struct location *destination)
{
	rows->items = xgrow(rows->items, rows->count, sizeof(*rows->items));
	rows->items[rows->count++] = (struct copy_row){
		.source = *source,
		.destination = *destination,
		.outcome = COPY_FAILED,
	};
	*source = *destination = (struct location){ 0 };
}

void
copy_rows_release(struct copy_rows *rows)
{
	for (size_t i = 0; i < rows->count; i++) {
		location_release(&rows->items[i].source);
		location_release(&rows->items[i].destination);
		error_free(rows->items[i].failure);
	}
	free(rows->items);
	*rows = (struct copy_rows){ 0 };
}

static void
set_tag(struct location *location, const char *tag)
{
	free(location->reference.tag);
	location->reference.tag = xstrdup(tag);
}

int
copy_rows_add_tags(struct session *session, const struct location *source,
		   const struct location *destination, const struct tag_filter *filter,
		   struct copy_rows *rows, struct error **err)
{
	AUTO_REPOSITORY struct repository *repository =
		repository_open(session, source, REPOSITORY_READ, err);
	AUTO_STRINGS struct strings tags = { 0 };
	AUTO_STRINGS struct strings others = { 0 };

	if (!repository || repository_list_tags(repository, &tags, &others, err) < 0)
		return -1;
	for (size_t i = 0; i < others.count; i++)
		observer_tell(session_observer(session), EVENT_NOTICE,
			      "left out '%s': not a valid tag", QUOTED(others.items[i]));
	tags_choose(filter, &tags);
	for (size_t i = 0; i < tags.count; i++) {
		struct location from = { 0 };
		struct location to = { 0 };

		location_copy(source, &from);
		location_copy(destination, &to);
		set_tag(&from, tags.items[i]);
		set_tag(&to, tags.items[i]);
		copy_rows_add(rows, &from, &to);
	}
	return 0;
}

/* *ret_digest.algorithm DIGEST_NONE: the tag does not exist, or the location has none. */
static int
find_tagged(struct session *session, const struct location *location, struct digest *ret_digest,
	    struct error **err)
{
	AUTO_REPOSITORY struct repository *repository =
		repository_open(session, location, REPOSITORY_READ, err);
	bool found = false;

	*ret_digest = (struct digest){ .algorithm = DIGEST_NONE };
	if (!repository ||
	    (location->reference.tag &&
	     repository_find_tag(repository, location->reference.tag, &found, ret_digest, err) < 0))
		return -1;
	if (!found)
		ret_digest->algorithm = DIGEST_NONE;
	return 0;
}

/* A digest in the location decides, whatever its tag names now. */
static int
find_named(struct session *session, const struct location *location, struct digest *ret_digest,
	   struct error **err)
{
	const struct digest *named = &location->reference.digest;
	AUTO_REPOSITORY struct repository *repository = NULL;
	bool found = false;

	if (named->algorithm == DIGEST_NONE)
		return find_tagged(session, location, ret_digest, err);
	repository = repository_open(session, location, REPOSITORY_READ, err);
	if (!repository || repository_has_manifest(repository, named, &found, err) < 0)
		return -1;
	*ret_digest = found ? *named : (struct digest){ .algorithm = DIGEST_NONE };
	return 0;
}

/* *ret_digest.algorithm DIGEST_NONE: the target has neither a tag nor a digest. */
static int
find_wanted(struct session *session, const struct target *target, struct digest *ret_digest,
	    struct error **err)
{
	const struct location *location = &target->candidates[0];
	bool is_named =
		location->reference.tag || location->reference.digest.algorithm != DIGEST_NONE;

	if (find_named(session, location, ret_digest, err) < 0)
		return -1;
	return is_named && ret_digest->algorithm == DIGEST_NONE ? refuse_absent(target, err) : 0;
}

static int
copy_row(struct session *session, const struct copy_rows_options *options, struct copy_row *row,
	 struct error **err)
{
	/* Only copy_image() finds the digest of a part, and new referrers. */
	bool is_whole = !options->copy.platforms && !options->copy.referrers;
	struct copy_options copy = options->copy;
	CLEANUP(copy_result_release) struct copy_result result = { 0 };
	AUTO_TARGET struct target target = { 0 };
	AUTO_FREE char *source = location_format(&row->source);
	struct digest wanted;
	struct digest there = { .algorithm = DIGEST_NONE };
	bool is_same;

	if (target_of_location(source, &target, err) < 0 ||
	    find_wanted(session, &target, &wanted, err) < 0)
		return -1;
	if (wanted.algorithm != DIGEST_NONE && is_whole &&
	    reference_check_digest(&row->destination.reference, &wanted, err) < 0)
		return -1;
	/* An archive is written anew: nothing is there yet. */
	if (row->destination.transport != TRANSPORT_OCI_ARCHIVE &&
	    row->destination.transport != TRANSPORT_DOCKER_ARCHIVE &&
	    find_tagged(session, &row->destination, &there, err) < 0)
		return -1;
	is_same = wanted.algorithm != DIGEST_NONE && digest_equal(&wanted, &there);
	row->digest = wanted;
	row->outcome = is_same                          ? COPY_PRESENT
		       : there.algorithm == DIGEST_NONE ? COPY_NEW
		       : options->missing_only          ? COPY_KEPT
							: COPY_MOVED;
	if (row->outcome == COPY_KEPT || options->dry_run || (is_same && is_whole))
		return 0;
	copy.destinations = &row->destination;
	copy.destination_count = 1;
	if (copy_image(session, &target, &copy, &result, err) < 0)
		return -1;
	row->digest = result.digest;
	if (row->outcome == COPY_MOVED && digest_equal(&result.digest, &there))
		row->outcome = COPY_PRESENT;
	return 0;
}

int
copy_rows_run(struct session *session, const struct copy_rows_options *options,
	      struct copy_rows *rows, struct error **err)
{
	for (size_t i = 0; i < rows->count; i++) {
		struct copy_row *row = &rows->items[i];

		if (copy_row(session, options, row, &row->failure) == 0)
			continue;
		row->outcome = COPY_FAILED;
		if (error_is(row->failure, ERROR_TIMEOUT))
			return error_pass(err, TAKE_PTR(row->failure));
	}
	return 0;
}
