#include "repository/layout_referrers.h"

#include "base/buf.h"
#include "base/error.h"
#include "base/limits.h"
#include "oci/index.h"
#include "oci/media_type.h"
#include "oci/referrer.h"
#include "store/store.h"

struct search {
	struct store *store;
	const struct digest *subject;
	const char *artifact_type;
	struct descriptors *found;
};

static void
add(const struct search *search, const struct descriptor *entry)
{
	if (!descriptors_has(search->found, &entry->digest) &&
	    referrer_fits(entry, search->artifact_type))
		descriptors_add(search->found, entry);
}

static int
look_at(const struct search *search, const struct descriptor *reference, struct error **err)
{
	AUTO_BUF struct buf bytes = BUF_INIT(MANIFEST_LIMIT_BYTES);
	AUTO_REFERRER struct referrer referrer = { 0 };
	struct descriptor itself = *reference;
	bool found = false;

	if (media_type_kind(reference->media_type) == DOCUMENT_OTHER)
		return 0;
	if (store_read(search->store, &reference->digest, &bytes, &found, err) < 0)
		return -1;
	itself.size_bytes = bytes.size;
	if (!found)
		return 0;
	if (referrer_parse(&itself, bytes.data, &referrer, &found, err) < 0)
		return -1;
	if (found && digest_equal(&referrer.subject, search->subject))
		add(search, &referrer.entry);
	return 0;
}

static int
look_under_tag(const struct search *search, struct error **err)
{
	AUTO_FREE char *tag = referrer_tag(search->subject);
	AUTO_BUF struct buf bytes = BUF_INIT(MANIFEST_LIMIT_BYTES);
	AUTO_DESCRIPTOR struct descriptor named = { 0 };
	AUTO_INDEX struct image_index index = { 0 };
	bool found = false;

	if (store_find_reference(search->store, tag, &named, &found, err) < 0)
		return -1;
	if (!found)
		return 0;
	if (store_read(search->store, &named.digest, &bytes, &found, err) < 0)
		return -1;
	if (found && image_index_parse(bytes.data, bytes.size, named.media_type, &index, err) < 0)
		return error_wrap(err, "tag '%s'", tag);
	for (size_t i = 0; i < index.manifests.count; i++)
		add(search, &index.manifests.items[i]);
	return 0;
}

int
layout_find_referrers(struct store *store, const struct digest *subject, const char *artifact_type,
		      struct descriptors *ret_referrers, struct error **err)
{
	AUTO_DESCRIPTORS struct descriptors references = { 0 };
	AUTO_DESCRIPTORS struct descriptors found = { 0 };
	const struct search search = {
		.store = store,
		.subject = subject,
		.artifact_type = artifact_type,
		.found = &found,
	};

	if (store_list_references(store, &references, true, err) < 0)
		return -1;
	for (size_t i = 0; i < references.count; i++)
		if (look_at(&search, &references.items[i], err) < 0)
			return -1;
	if (look_under_tag(&search, err) < 0)
		return -1;
	for (size_t i = 0; i < found.count; i++)
		descriptors_take(ret_referrers, &found.items[i]);
	return 0;
}
