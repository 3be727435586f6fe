#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "http/request.h"
#include "oci/document.h"
#include "oci/reference.h"
#include "registry/github/packages_private.h"
#include "registry/link.h"

#define PAGE_VERSIONS 100 /* the most that a page may have */

/* Organizations and users have paths of their own; the first that knows the package is it. */
static const char *const owner_kinds[] = { "orgs", "users" };

static int
take_tags(struct packages *packages, const json_t *metadata, struct package_version *version,
	  struct error **err)
{
	const json_t *list = json_object_get(json_object_get(metadata, "container"), "tags");

	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *tag = json_string_value(json_array_get(list, i));

		if (!tag)
			return error_set(err, ERROR_CONTENT,
					 "a version's tags have a member that is not a string");
		if (packages->tag_count++ >= TAGS_LIMIT_COUNT)
			return error_set(err, ERROR_FAILURE, "the package has more than %d tags",
					 TAGS_LIMIT_COUNT);
		if (reference_tag_is_valid(tag))
			strings_add(&version->tags, tag);
		else if (!version->other_name)
			version->other_name = xstrdup(tag);
	}
	return 0;
}

/* When its tags changed last, if that is later. */
static int64_t
pushed_at(const json_t *object)
{
	static const char *const names[] = { "created_at", "updated_at" };
	int64_t latest_s = 0;
	int64_t time_s;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		const char *text = json_string_value(json_object_get(object, names[i]));

		if (text && text_parse_time(text, &time_s) && time_s > latest_s)
			latest_s = time_s;
	}
	return latest_s;
}

static int
take_version(struct packages *packages, const json_t *object, struct error **err)
{
	const json_t *id = json_object_get(object, "id");
	const char *name = json_string_value(json_object_get(object, "name"));
	struct package_version version = { .id = (uint64_t)json_integer_value(id) };

	if (!json_is_integer(id) || json_integer_value(id) <= 0 || !name)
		return error_set(err, ERROR_CONTENT, "a version has no 'id' or no 'name'");
	if (digest_parse(name, &version.digest, err) < 0)
		return -1;
	if (packages->count >= PRUNE_LIMIT_COUNT)
		return error_set(err, ERROR_FAILURE, "the package has more than %d versions",
				 PRUNE_LIMIT_COUNT);
	version.pushed_s = pushed_at(object);
	packages->versions =
		xgrow(packages->versions, packages->count, sizeof(*packages->versions));
	packages->versions[packages->count++] = version;
	return take_tags(packages, json_object_get(object, "metadata"),
			 &packages->versions[packages->count - 1], err);
}

/* The answer is an array, and what is parsed is an object. */
static json_t *
parse_array(const struct buf *body, struct error **err)
{
	AUTO_BUF struct buf object = BUF_INIT(PACKAGES_PAGE_LIMIT_BYTES + 64);

	if (buf_append_text(&object, "{\"versions\":", err) < 0 ||
	    buf_append(&object, body->data ? body->data : "", body->size, err) < 0 ||
	    buf_append_text(&object, "}", err) < 0)
		return NULL;
	return document_parse(object.data, object.size, err);
}

static int
take_page(struct packages *packages, const struct request *request, bool *ret_is_last,
	  struct error **err)
{
	AUTO_JSON json_t *document = parse_array(request_body(request), err);
	const json_t *list = json_object_get(document, "versions");
	AUTO_FREE char *next = NULL;

	if (!document || link_find_target(request, &next, err) < 0)
		return -1;
	if (!json_is_array(list))
		return error_set(err, ERROR_CONTENT, "the list of versions is no array");
	for (size_t i = 0; i < json_array_size(list); i++)
		if (take_version(packages, json_array_get(list, i), err) < 0)
			return -1;
	*ret_is_last = json_array_size(list) < PAGE_VERSIONS && !next;
	return 0;
}

static struct request *
get_page(const struct packages *packages, const char *package_url, unsigned page,
	 struct error **err)
{
	AUTO_FREE char *url =
		xasprintf("%s/versions?per_page=%d&page=%u", package_url, PAGE_VERSIONS, page);

	return packages_ask(packages, HTTP_GET, url, err);
}

/* The first page, of the kind of owner that knows the package. */
static struct request *
find_package(struct packages *packages, struct error **err)
{
	AUTO_REQUEST struct request *request = NULL;

	for (size_t i = 0; i < sizeof(owner_kinds) / sizeof(*owner_kinds); i++) {
		char *url = xasprintf("%s/%s/%s/packages/container/%s", packages->api_url,
				      owner_kinds[i], packages->owner, packages->package);

		free(packages->url);
		packages->url = url;
		request_free(TAKE_PTR(request));
		request = get_page(packages, url, 1, err);
		if (!request || request_status(request) != 404)
			break;
	}
	return TAKE_PTR(request);
}

int
packages_list_pages(struct packages *packages, struct error **err)
{
	AUTO_REQUEST struct request *request = find_package(packages, err);
	bool is_last = false;

	for (unsigned page = 2; request; page++) {
		if (page > PACKAGES_PAGES_LIMIT_COUNT + 1)
			return error_set(err, ERROR_UNAVAILABLE, "the list has no end");
		if (request_status(request) != 200)
			return packages_refuse(packages, request, err);
		if (take_page(packages, request, &is_last, err) < 0)
			return -1;
		if (is_last)
			return 0;
		request_free(TAKE_PTR(request));
		request = get_page(packages, packages->url, page, err);
	}
	return -1;
}
