#include "registry/tags.h"

#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/strings.h"
#include "base/xalloc.h"
#include "http/origin.h"
#include "http/request.h"
#include "oci/document.h"
#include "oci/reference.h"
#include "registry/endpoint.h"
#include "registry/host.h"
#include "registry/presence.h"
#include "registry/problem.h"

/* ghcr.io gives 100 without this, and a next link that says n=0. */
#define PAGE_PATH "/tags/list?n=1000"

static int
fail(const char *why, struct error **err)
{
	error_set(err, ERROR_UNAVAILABLE, "the list of tags %s", why);
	return error_set_class(err, "protocol");
}

/* No repository, no tags: said by the registry itself, it is an absence. */
static int
refuse(const struct endpoint *endpoint, const struct request *request, struct error **err)
{
	AUTO_PROBLEM struct problem problem = { 0 };
	struct evidence evidence = {
		.http_status = request_status(request),
		.challenged = request_was_challenged(request),
		.authorized = request_was_authorized(request),
	};

	problem_read(request, &problem);
	evidence.code = problem.code;
	evidence.message = problem.message;
	evidence.is_page = problem.is_page;
	if (presence_judge_404(&evidence) != ABSENCE_PROVEN)
		return endpoint_refuse(endpoint, ACCESS_PULL, request, err);
	error_set(err, ERROR_ABSENT, "the registry knows no such repository");
	return error_set_remote(err, &(struct error_remote){ .http_status = problem.http_status,
							     .code = problem.code,
							     .request_id = problem.request_id });
}

static struct request *
get_page(struct endpoint *endpoint, const char *url, struct error **err)
{
	AUTO_REQUEST struct request *request = NULL;
	struct request_options options = {
		.method = HTTP_GET,
		.url = url,
		.accept = "application/json",
		.body_limit_bytes = TAGS_PAGE_LIMIT_BYTES,
		.flags = REQUEST_NO_REDIRECT,
	};

	request = endpoint_perform(endpoint, endpoint_gate(endpoint, ACCESS_PULL, NULL), &options,
				   err);
	if (!request)
		return NULL;
	if (request_status(request) == 200)
		return TAKE_PTR(request);
	refuse(endpoint, request, err);
	return NULL;
}

static int
add_tag(struct strings *tags, const json_t *value, struct error **err)
{
	const char *tag = json_string_value(value);

	if (!tag || !reference_tag_is_valid(tag))
		return fail("holds something that is no tag", err);
	if (tags->count >= TAGS_LIMIT_COUNT)
		return fail("is longer than a million", err);
	strings_add(tags, tag);
	return 0;
}

/* `tags` is null for a repository without any. */
static int
read_page(const struct buf *body, struct strings *tags, struct error **err)
{
	AUTO_ERROR struct error *unreadable = NULL;
	AUTO_JSON json_t *document = document_parse(body->data, body->size, &unreadable);
	const json_t *list = json_object_get(document, "tags");

	if (!document)
		return fail(error_text(unreadable), err);
	if (!json_is_null(list) && !json_is_array(list))
		return fail("has no 'tags'", err);
	for (size_t i = 0; i < json_array_size(list); i++)
		if (add_tag(tags, json_array_get(list, i), err) < 0)
			return -1;
	return 0;
}

/* "</v2/a/tags/list?n=1000&last=x>; rel="next"" (RFC 8288); NULL: the last page. */
static char *
find_next(const struct request *request)
{
	const char *link = request_header(request, "Link");
	const char *start = link ? strchr(link, '<') : NULL;
	const char *end = start ? strchr(start, '>') : NULL;

	if (!end || !strcasestr(end, "rel") || !strcasestr(end, "next"))
		return NULL;
	return xstrndup(start + 1, (size_t)(end - start - 1));
}

static int
check_next(const struct endpoint *endpoint, const char *url, const char *next, struct error **err)
{
	AUTO_ORIGIN struct origin origin = { 0 };

	if (origin_parse(next, &origin, err) < 0)
		return -1;
	if (!origin_equal(&origin, &endpoint->host->origin))
		return fail("goes on at another host", err);
	if (strcmp(next, url) == 0)
		return fail("goes on with the same page", err);
	return 0;
}

/* *ret_next NULL: that was all. */
static int
list_page(struct endpoint *endpoint, const char *url, struct strings *tags, char **ret_next,
	  struct error **err)
{
	AUTO_REQUEST struct request *request = get_page(endpoint, url, err);
	AUTO_FREE char *link = NULL;
	AUTO_FREE char *next = NULL;

	if (!request || read_page(request_body(request), tags, err) < 0)
		return -1;
	link = find_next(request);
	if (link) {
		next = url_resolve(url, link, err);
		if (!next || check_next(endpoint, url, next, err) < 0)
			return -1;
	}
	*ret_next = TAKE_PTR(next);
	return 0;
}

static int
list_pages(struct endpoint *endpoint, struct strings *tags, struct error **err)
{
	AUTO_FREE char *url = endpoint_url(endpoint, PAGE_PATH, err);

	if (!url)
		return -1;
	for (unsigned page = 0; url; page++) {
		char *next = NULL;

		if (page >= TAGS_PAGES_LIMIT_COUNT)
			return fail("has no end", err);
		if (list_page(endpoint, url, tags, &next, err) < 0)
			return -1;
		free(url);
		url = next;
	}
	return 0;
}

int
registry_list_tags(struct endpoint *endpoint, struct strings *tags, struct error **err)
{
	AUTO_STRINGS struct strings found = { 0 };

	if (list_pages(endpoint, &found, err) < 0)
		return error_wrap(err, "'%s/%s'", endpoint->host->name, endpoint->name);
	for (size_t i = 0; i < found.count; i++)
		strings_add(tags, found.items[i]);
	return 0;
}
