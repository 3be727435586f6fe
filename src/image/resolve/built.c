/* SPDX-License-Identifier: Apache-2.0 */
#include "image/resolve/built.h"

#include <string.h>
#include <time.h>

#include "base/limits.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "image/resolve/find.h"
#include "image/resolve/target.h"
#include "oci/annotation.h"
#include "oci/index.h"
#include "repository/session.h"
#include "store/store.h"
#include "store/uses.h"

static const char prefix[] = "built:";

/* A layout's path may have characters that are not allowed in an image's name. */
static char *
name_of_place(const struct location *place, const char *fingerprint)
{
	AUTO_FREE char *repository = location_repository(place);
	struct digest digest;

	if (place->transport == TRANSPORT_REGISTRY)
		return xasprintf("%s%s:%s", prefix, repository, fingerprint);
	digest = digest_of(DIGEST_SHA256, repository, strlen(repository));
	return xasprintf("%soci/%s:%s", prefix, digest_hex(&digest).text, fingerprint);
}

char *
built_name(const struct target *target)
{
	return name_of_place(&target->candidates[0], digest_hex(&target->fingerprint.digest).text);
}

void
built_locate(const struct store *store, const char *name, struct location *ret_location)
{
	*ret_location = (struct location){
		.transport = TRANSPORT_LAYOUT,
		.path = xstrdup(store_path(store)),
		.reference.tag = xstrdup(name),
	};
}

int
built_find_name(const struct store *store, const struct location *place, char **ret_name,
		struct error **err)
{
	AUTO_DESCRIPTORS struct descriptors references = { 0 };
	AUTO_FREE char *start = NULL;

	if (!place->reference.tag || place->reference.digest.algorithm != DIGEST_NONE)
		return 0;
	start = name_of_place(place, place->reference.tag);
	if (store_list_references(store, &references, true, err) < 0)
		return -1;
	for (size_t i = 0; i < references.count && !*ret_name; i++) {
		const char *name = descriptor_annotation(&references.items[i], ANNOTATION_REF_NAME);

		if (name && text_starts(name, start))
			*ret_name = xstrdup(name);
	}
	return 0;
}

/* The first gc that meets a build without a noted use notes one. */
static bool
is_older(const struct store *store, const char *name, int64_t age_s, bool dry_run)
{
	struct use use = use_find(store, name);

	if (use.last_s > 0)
		return use.last_s < time(NULL) - age_s;
	if (!dry_run)
		use_note(store, name);
	return false;
}

int
references_expire(struct store *store, int64_t older_s, bool dry_run,
		  struct expired_references *ret_expired, struct error **err)
{
	AUTO_DESCRIPTORS struct descriptors references = { 0 };
	struct expired_references expired = { 0 };
	const int64_t kept_s = (int64_t)BUILT_KEPT_DAYS * 24 * 60 * 60;
	bool ignored;

	if (store_list_references(store, &references, true, err) < 0)
		return -1;
	for (size_t i = 0; i < references.count; i++) {
		const char *name = descriptor_annotation(&references.items[i], ANNOTATION_REF_NAME);

		bool is_built = name && text_starts(name, prefix);

		if (!name || !((older_s > 0 && is_older(store, name, older_s, dry_run)) ||
			       (is_built && is_older(store, name, kept_s, dry_run))))
			continue;
		if (!dry_run && store_remove_reference(store, name, &ignored, err) < 0)
			return -1;
		if (is_built)
			expired.builds++;
		else
			expired.others++;
	}
	*ret_expired = expired;
	return 0;
}

/* The store that may have it; NULL: there is none. */
static struct store *
find_store(struct session *session, const struct target *target)
{
	return target->by_hash ? session_find_store(session) : NULL;
}

int
built_find(struct session *session, const struct target *target, bool offline,
	   struct found_image *ret_found, struct error **err)
{
	struct store *store = find_store(session, target);
	AUTO_FREE char *name = NULL;

	if (!store || target->locked.algorithm != DIGEST_NONE)
		return 0;
	name = built_name(target);
	ret_found->repository = repository_of_store(session, store);
	if (repository_resolve(ret_found->repository, name, NULL, &ret_found->root, err) < 0)
		return -1;
	ret_found->is_built = ret_found->root.evidence.presence == PRESENCE_PRESENT;
	return ret_found->is_built && !offline ? found_image_reopen(session, target, ret_found, err)
					       : 0;
}

/* Anything but an index counts as complete, as in a lookup. */
static int
lists_all_of(const struct resolution *root, const struct resolution *built, bool *ret_lists,
	     struct error **err)
{
	AUTO_INDEX struct image_index ours = { 0 };
	AUTO_INDEX struct image_index theirs = { 0 };

	*ret_lists = true;
	if (media_type_kind(root->descriptor.media_type) != DOCUMENT_INDEX)
		return 0;
	if (image_index_read(built->value, built->descriptor.media_type, &ours, err) < 0 ||
	    image_index_read(root->value, root->descriptor.media_type, &theirs, err) < 0)
		return -1;
	for (size_t i = 0; i < ours.manifests.count; i++) {
		const struct descriptor *entry = &ours.manifests.items[i];

		if (image_index_entry_is_image(entry) && entry->has_platform &&
		    !image_index_find(&theirs, &entry->platform))
			*ret_lists = false;
	}
	return 0;
}

int
built_is_superseded(struct session *session, const struct target *target,
		    const struct resolution *root, bool *ret_superseded, struct error **err)
{
	AUTO_FOUND_IMAGE struct found_image built = { 0 };

	if (built_find(session, target, true, &built, err) < 0)
		return -1;
	*ret_superseded = false;
	return built.is_built ? lists_all_of(root, &built.root, ret_superseded, err) : 0;
}

int
built_drop(struct session *session, const struct target *target, struct error **err)
{
	struct store *store = find_store(session, target);
	AUTO_FREE char *name = NULL;
	bool ignored;

	if (!store || !store_is_writable(store))
		return 0;
	name = built_name(target);
	return store_remove_reference(store, name, &ignored, err);
}

int
built_publish(struct session *session, const struct target *target, size_t place,
	      const struct descriptor *pushed, struct error **err)
{
	struct store *store = find_store(session, target);
	AUTO_FREE char *name = NULL;

	if (!store || !store_is_writable(store))
		return 0;
	name = target_name(target, place);
	if (store_set_reference(store, name, pushed, err) < 0)
		return -1;
	return built_drop(session, target, err);
}
