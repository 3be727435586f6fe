/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/referrers.h"

#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "http/origin.h"
#include "http/request.h"
#include "oci/index.h"
#include "oci/referrer.h"
#include "registry/endpoint.h"
#include "registry/host.h"
#include "registry/link.h"
#include "registry/manifests.h"

struct listing {
	struct endpoint *endpoint;
	const char *artifact_type;
	struct descriptors found;
};

static struct request *
ask(const struct listing *listing, const char *url, unsigned flags, struct error **err)
{
	struct endpoint *endpoint = listing->endpoint;
	struct request_options options = {
		.method = HTTP_GET,
		.url = url,
		.accept = MEDIA_OCI_INDEX,
		.flags = REQUEST_NO_REDIRECT | flags,
	};

	return endpoint_perform(endpoint, ACCESS_PULL, &options, err);
}

/* ghcr.io permanently answers 429 here, so do not wait for that. */
static struct request *
ask_patiently(const struct listing *listing, const char *url, struct error **err)
{
	AUTO_ERROR struct error *passing = NULL;
	AUTO_REQUEST struct request *request = ask(listing, url, REQUEST_NO_RETRY, &passing);

	if (request && request_status(request) < 500)
		return TAKE_PTR(request);
	return ask(listing, url, 0, err);
}

static bool
is_list(const struct request *request)
{
	const char *type = request_header(request, "Content-Type");

	return request_status(request) == 200 && type && media_type_is(type, MEDIA_OCI_INDEX);
}

/* A registry with the API answers with an index, or refuses. */
static bool
is_refusal(const struct request *request)
{
	int status = request_status(request);

	return status == 401 || status == 403 || status >= 500;
}

static int
add_entries(struct listing *listing, struct image_index *index, bool is_filtered,
	    struct error **err)
{
	for (size_t i = 0; i < index->manifests.count; i++) {
		struct descriptor *entry = &index->manifests.items[i];

		if (!is_filtered && !referrer_fits(entry, listing->artifact_type))
			continue;
		if (listing->found.count >= REFERRERS_LIMIT_COUNT) {
			error_set(err, ERROR_UNAVAILABLE, "more than %d referrers",
				  REFERRERS_LIMIT_COUNT);
			return error_set_class(err, CLASS_LIMIT);
		}
		descriptors_take(&listing->found, entry);
	}
	return 0;
}

static int
read_page(struct listing *listing, const struct request *request, struct error **err)
{
	const struct buf *body = request_body(request);
	const char *filters = request_header(request, "OCI-Filters-Applied");
	AUTO_INDEX struct image_index index = { 0 };

	if (image_index_parse(body->data, body->size, MEDIA_OCI_INDEX, &index, err) < 0) {
		request_explain_content(request, err);
		return error_wrap(err, "cannot read the list of referrers");
	}
	return add_entries(listing, &index, filters && strstr(filters, "artifactType"), err);
}

static char *
first_url(const struct listing *listing, const struct digest *subject, struct error **err)
{
	AUTO_FREE char *path = xasprintf("/referrers/%s", digest_text(subject).text);
	AUTO_FREE char *url = endpoint_url(listing->endpoint, path, err);

	if (!url || !listing->artifact_type)
		return TAKE_PTR(url);
	return url_add_query(url, "artifactType", listing->artifact_type, err);
}

/* *ret_next NULL: the last page. */
static int
list_page(struct listing *listing, const char *url, bool is_first, char **ret_next,
	  struct error **err)
{
	struct endpoint *endpoint = listing->endpoint;
	AUTO_REQUEST struct request *request = ask_patiently(listing, url, err);

	if (!request)
		return -1;
	if (is_list(request))
		return read_page(listing, request, err) < 0
			       ? -1
			       : link_find_next(endpoint, request,
						"cannot read the list of referrers", ret_next, err);
	if (!is_first || is_refusal(request))
		return endpoint_refuse(endpoint, ACCESS_PULL, request, err);
	endpoint->lacks_referrers = true;
	*ret_next = NULL;
	return 0;
}

static int
referrers_index_get(struct endpoint *endpoint, const struct digest *subject,
		    struct image_index *ret_index, struct error **err)
{
	AUTO_FREE char *tag = referrer_tag(subject);
	AUTO_RESOLUTION struct resolution found = { 0 };

	if (registry_get_manifest(endpoint, tag, NULL, &found, err) < 0)
		return -1;
	if (found.evidence.presence == PRESENCE_ABSENT)
		return 0;
	if (image_index_read(found.value, found.descriptor.media_type, ret_index, err) < 0)
		return error_wrap(err, "tag '%s'", tag);
	return 0;
}

static int
list_referrers(struct listing *listing, const struct digest *subject, struct error **err)
{
	AUTO_INDEX struct image_index index = { 0 };

	if (!listing->endpoint->lacks_referrers) {
		AUTO_FREE char *url = first_url(listing, subject, err);

		if (!url)
			return -1;
		for (unsigned page = 0; url; page++) {
			char *next = NULL;

			if (page >= REFERRERS_PAGES_LIMIT_COUNT) {
				error_set(err, ERROR_UNAVAILABLE,
					  "the list of referrers has too many pages");
				return error_set_class(err, CLASS_PROTOCOL);
			}
			if (list_page(listing, url, page == 0, &next, err) < 0)
				return -1;
			free(url);
			url = next;
		}
	}
	if (!listing->endpoint->lacks_referrers)
		return 0;
	if (referrers_index_get(listing->endpoint, subject, &index, err) < 0)
		return -1;
	return add_entries(listing, &index, false, err);
}

int
registry_list_referrers(struct endpoint *endpoint, const struct digest *subject,
			const char *artifact_type, struct descriptors *ret_referrers,
			struct error **err)
{
	struct listing listing = { .endpoint = endpoint, .artifact_type = artifact_type };
	int result = list_referrers(&listing, subject, err);

	for (size_t i = 0; result == 0 && i < listing.found.count; i++)
		descriptors_take(ret_referrers, &listing.found.items[i]);
	descriptors_release(&listing.found);
	if (result < 0)
		return endpoint_wrap(endpoint, NULL, subject, err);
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

/* Adds an `entry` with a media type, removes one without. */
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
	error_set(err, ERROR_REFUSED,
		  "other writers keep changing the list of referrers under tag '%s'", tag);
	return error_set_class(err, CLASS_TAG_CONFLICT);
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
