/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/tags.h"

#include "base/buf.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/strings.h"
#include "base/xalloc.h"
#include "http/request.h"
#include "oci/document.h"
#include "oci/reference.h"
#include "registry/endpoint.h"
#include "registry/host.h"
#include "registry/link.h"

/* Without n ghcr.io sends 100 tags and a next link with n=0. */
#define PAGE_PATH "/tags/list?n=1000"

static int
fail(const char *why, struct error **err)
{
	error_set(err, ERROR_UNAVAILABLE, "invalid list of tags: %s", why);
	return error_set_class(err, CLASS_PROTOCOL);
}

static struct request *
get_page(struct endpoint *endpoint, const char *url, bool is_first, struct error **err)
{
	AUTO_REQUEST struct request *request = NULL;
	struct request_options options = {
		.method = HTTP_GET,
		.url = url,
		.accept = "application/json",
		.body_limit_bytes = TAGS_PAGE_LIMIT_BYTES,
		.flags = REQUEST_NO_REDIRECT,
	};

	request = endpoint_perform(endpoint, ACCESS_PULL, &options, err);
	if (!request)
		return NULL;
	if (request_status(request) == 200)
		return TAKE_PTR(request);
	if (is_first)
		endpoint_refuse_or_absent(endpoint, ACCESS_PULL, request, "repository", err);
	else
		endpoint_refuse(endpoint, ACCESS_PULL, request, err);
	return NULL;
}

struct listing {
	struct strings tags;
	struct strings others;
};

static void
listing_release(struct listing *listing)
{
	strings_release(&listing->tags);
	strings_release(&listing->others);
}

/* `tags` is null in a repository without tags. */
static int
read_page(const struct buf *body, struct listing *listing, struct error **err)
{
	AUTO_ERROR struct error *unreadable = NULL;
	AUTO_JSON json_t *document = document_parse(body->data, body->size, &unreadable);
	const json_t *list = json_object_get(document, "tags");

	if (!document)
		return fail(error_text(unreadable), err);
	if (!json_is_null(list) && !json_is_array(list))
		return fail("expected an array 'tags'", err);
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *value = json_array_get(list, i);
		const char *name = json_string_value(value);

		if (!name)
			return fail("expected strings", err);
		if (listing->tags.count + listing->others.count >= TAGS_LIMIT_COUNT)
			return fail("more than a million", err);
		strings_add(reference_tag_is_valid(name) ? &listing->tags : &listing->others, name);
	}
	return 0;
}

/* *ret_next NULL: the last page. */
static int
list_page(struct endpoint *endpoint, const char *url, bool is_first, struct listing *listing,
	  char **ret_next, struct error **err)
{
	AUTO_REQUEST struct request *request = get_page(endpoint, url, is_first, err);

	if (!request)
		return -1;
	if (read_page(request_body(request), listing, err) < 0)
		return request_explain_content(request, err);
	return link_find_next(endpoint, request, "the list of tags", ret_next, err);
}

static int
list_pages(struct endpoint *endpoint, struct listing *listing, struct error **err)
{
	AUTO_FREE char *url = endpoint_url(endpoint, PAGE_PATH, err);

	if (!url)
		return -1;
	for (unsigned page = 0; url; page++) {
		char *next = NULL;

		if (page >= TAGS_PAGES_LIMIT_COUNT)
			return fail("too many pages", err);
		if (list_page(endpoint, url, page == 0, listing, &next, err) < 0)
			return -1;
		free(url);
		url = next;
	}
	return 0;
}

int
registry_list_tags(struct endpoint *endpoint, struct strings *tags, struct strings *others,
		   struct error **err)
{
	CLEANUP(listing_release) struct listing found = { 0 };

	if (list_pages(endpoint, &found, err) < 0)
		return error_wrap(err, "'%s/%s'", endpoint->host->name, endpoint->name);
	for (size_t i = 0; i < found.tags.count; i++)
		strings_add(tags, found.tags.items[i]);
	for (size_t i = 0; i < found.others.count; i++)
		strings_add(others, found.others.items[i]);
	return 0;
}
