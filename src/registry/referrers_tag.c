#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "oci/index.h"
#include "oci/referrer.h"
#include "registry/endpoint.h"
#include "registry/manifests.h"
#include "registry/referrers.h"
#include "registry/referrers_private.h"

int
referrers_index_get(struct endpoint *endpoint, const struct digest *subject,
		    struct image_index *ret_index, struct error **err)
{
	AUTO_FREE char *tag = referrer_tag(subject);
	AUTO_BUF struct buf bytes = BUF_INIT(MANIFEST_LIMIT_BYTES);
	AUTO_DESCRIPTOR struct descriptor descriptor = { 0 };
	AUTO_EVIDENCE struct evidence evidence = { 0 };

	if (registry_get_manifest(endpoint, tag, &bytes, &descriptor, &evidence, err) < 0)
		return -1;
	if (evidence.presence == PRESENCE_ABSENT)
		return 0;
	if (image_index_parse(bytes.data, bytes.size, descriptor.media_type, ret_index, err) < 0)
		return error_wrap(err, "tag '%s'", tag);
	return 0;
}

static int
put_index(struct endpoint *endpoint, const struct digest *subject, const struct image_index *index,
	  struct error **err)
{
	AUTO_FREE char *tag = referrer_tag(subject);
	AUTO_FREE char *text = image_index_format(index);
	struct descriptor descriptor = { .media_type = index->media_type };
	struct put_result ignored;

	descriptor.size_bytes = strlen(text);
	descriptor.digest = digest_of(DIGEST_SHA256, text, strlen(text));
	return registry_put_manifest(endpoint, tag, &descriptor, text, &ignored, err);
}

static size_t
find_entry(const struct image_index *index, const struct digest *digest)
{
	size_t at = 0;

	while (at < index->manifests.count &&
	       !digest_equal(&index->manifests.items[at].digest, digest))
		at++;
	return at;
}

static void
remove_entry(struct descriptors *entries, size_t at)
{
	descriptor_release(&entries->items[at]);
	entries->count--;
	memmove(&entries->items[at], &entries->items[at + 1],
		(entries->count - at) * sizeof(*entries->items));
}

/* `entry` with a media type is to be there, without one to be gone. */
static int
update_once(struct endpoint *endpoint, const struct digest *subject, const struct descriptor *entry,
	    bool *ret_done, struct error **err)
{
	AUTO_INDEX struct image_index index = { 0 };
	bool is_wanted = entry->media_type != NULL;
	size_t at;

	if (referrers_index_get(endpoint, subject, &index, err) < 0)
		return -1;
	at = find_entry(&index, &entry->digest);
	*ret_done = (at < index.manifests.count) == is_wanted;
	if (*ret_done)
		return 0;
	if (is_wanted)
		descriptors_add(&index.manifests, entry);
	else
		remove_entry(&index.manifests, at);
	if (!index.media_type)
		index.media_type = xstrdup(MEDIA_OCI_INDEX);
	return put_index(endpoint, subject, &index, err);
}

static int
update(struct endpoint *endpoint, const struct digest *subject, const struct descriptor *entry,
       struct error **err)
{
	AUTO_FREE char *tag = referrer_tag(subject);

	for (unsigned i = 0; i < REFERRERS_UPDATES_LIMIT_COUNT; i++) {
		bool done = false;

		if (update_once(endpoint, subject, entry, &done, err) < 0)
			return error_wrap(err, "cannot update the list of referrers");
		if (done)
			return 0;
	}
	error_set(err, ERROR_REFUSED, "others keep changing the list of referrers under tag '%s'",
		  tag);
	return error_set_class(err, "tag_conflict");
}

int
registry_add_referrer(struct endpoint *endpoint, const struct digest *subject,
		      const struct descriptor *entry, struct error **err)
{
	return update(endpoint, subject, entry, err);
}

int
registry_remove_referrer(struct endpoint *endpoint, const struct digest *subject,
			 const struct digest *digest, struct error **err)
{
	struct descriptor gone = { .digest = *digest };
	AUTO_DESCRIPTORS struct descriptors ignored = { 0 };

	if (!endpoint->lacks_referrers &&
	    registry_list_referrers(endpoint, subject, NULL, &ignored, err) < 0)
		return -1;
	return endpoint->lacks_referrers ? update(endpoint, subject, &gone, err) : 0;
}
