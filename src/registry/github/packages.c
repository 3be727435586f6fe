/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/github/packages.h"

#include <string.h>

#include "base/buf.h"
#include "base/environment.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/secret.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "http/request.h"
#include "oci/document.h"
#include "oci/reference.h"
#include "registry/auth/ci_login.h"
#include "registry/link.h"
#include "registry/problem.h"

struct packages {
	struct engine *engine;
	char *authorization;
	char *api_url;
	char *owner;
	char *package; /* with %2F */
	char *url;     /* of the package; NULL: not known yet */
	struct package_version *versions;
	size_t count;
	size_t tag_count; /* of all versions */
	bool was_listed;
};

void
packages_forget(struct packages *packages)
{
	for (size_t i = 0; i < packages->count; i++) {
		strings_release(&packages->versions[i].tags);
		free(packages->versions[i].other_name);
	}
	free(TAKE_PTR(packages->versions));
	packages->count = 0;
	packages->tag_count = 0;
	packages->was_listed = false;
}

void
packages_free(struct packages *packages)
{
	if (!packages)
		return;
	packages_forget(packages);
	secret_free(packages->authorization);
	free(packages->api_url);
	free(packages->owner);
	free(packages->package);
	free(packages->url);
	free(packages);
}

static const char *
find_token(void)
{
	const char *token = environment_find("GITHUB_TOKEN");

	if (!token)
		token = environment_find("GH_TOKEN");
	return token && text_is_printable_ascii(token) ? token : NULL;
}

/* Escapes the name as one segment of a path. */
static char *
escape_slashes(const char *name)
{
	char *escaped = xstrdup("");

	while (*name) {
		size_t size = strcspn(name, "/");
		AUTO_FREE char *before = escaped;

		escaped = xasprintf("%s%.*s%s", before, (int)size, name, name[size] ? "%2F" : "");
		name += size + (name[size] ? 1 : 0);
	}
	return escaped;
}

struct packages *
packages_new(struct engine *engine, const char *host, const char *repository_name,
	     struct error **err)
{
	AUTO_PACKAGES struct packages *packages = XNEW(struct packages);
	const char *slash = strchr(repository_name, '/');
	const char *token = find_token();

	if (!slash) {
		error_set(err, ERROR_USAGE, "invalid package '%s': expected OWNER/NAME",
			  repository_name);
		return NULL;
	}
	if (!token) {
		error_set(err, ERROR_DENIED, "GitHub's Packages API requires a token");
		error_set_hint(err, "set GITHUB_TOKEN or GH_TOKEN");
		return NULL;
	}
	packages->api_url = ci_login_packages_api(host, err);
	if (!packages->api_url)
		return NULL;
	packages->engine = engine;
	packages->authorization = xasprintf("Authorization: Bearer %s", token);
	packages->owner = xstrndup(repository_name, (size_t)(slash - repository_name));
	packages->package = escape_slashes(slash + 1);
	return TAKE_PTR(packages);
}

static struct request *
packages_ask(const struct packages *packages, enum http_method method, const char *url,
	     struct error **err)
{
	const char *const headers[] = { packages->authorization, "X-GitHub-Api-Version: 2022-11-28",
					NULL };
	struct request_options options = {
		.method = method,
		.url = url,
		.accept = "application/vnd.github+json",
		.headers = headers,
		.body_limit_bytes = PACKAGES_PAGE_LIMIT_BYTES,
		.flags = REQUEST_NO_REDIRECT,
	};

	return request_perform(packages->engine, &options, err);
}

/* GitHub answers 403 when the rate limit is used up. */
static bool
is_rate_limit(const struct request *request)
{
	const char *left = request_header(request, "X-RateLimit-Remaining");

	return request_status(request) == 403 && left && strcmp(left, "0") == 0;
}

static int
packages_refuse(const struct packages *packages, const struct request *request, struct error **err)
{
	AUTO_PROBLEM struct problem problem = { 0 };
	struct problem_context context = {
		.host = packages->api_url,
		.credential_source = "GITHUB_TOKEN or GH_TOKEN",
		.for_push = request_status(request) == 403,
	};

	problem_read(request, &problem);
	if (is_rate_limit(request))
		return error_set(err, ERROR_RATE,
				 "the hourly rate limit of GitHub's API is used up");
	problem_set_error(&problem, &context, err);
	if (problem.http_status == 404)
		return error_set_hint(err,
				      "GitHub also answers 404 if the token may not manage the "
				      "package: it needs the role Admin");
	return -1;
}

#define PAGE_VERSIONS 100 /* the most that a page may have */

static int
take_tags(struct packages *packages, const json_t *metadata, struct package_version *version,
	  struct error **err)
{
	const json_t *list = json_object_get(json_object_get(metadata, "container"), "tags");

	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *tag = json_string_value(json_array_get(list, i));

		if (!tag)
			return error_set(err, ERROR_CONTENT,
					 "invalid tag of a version: expected a string");
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

static int
take_version(struct packages *packages, const json_t *object, struct error **err)
{
	const json_t *id = json_object_get(object, "id");
	const char *name = json_string_value(json_object_get(object, "name"));
	struct package_version version = { .id = (uint64_t)json_integer_value(id) };
	static const char *const names[] = { "created_at", "updated_at" };
	int64_t latest_s = 0;
	int64_t time_s;

	if (!json_is_integer(id) || json_integer_value(id) <= 0 || !name)
		return error_set(err, ERROR_CONTENT, "invalid version: expected 'id' and 'name'");
	if (digest_parse(name, &version.digest, err) < 0)
		return -1;
	if (packages->count >= PRUNE_LIMIT_COUNT)
		return error_set(err, ERROR_FAILURE, "the package has more than %d versions",
				 PRUNE_LIMIT_COUNT);
	/* The later of the creation and the last change of its tags. */
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		const char *text = json_string_value(json_object_get(object, names[i]));

		if (text && text_parse_time(text, &time_s) && time_s > latest_s)
			latest_s = time_s;
	}
	version.pushed_s = latest_s;
	packages->versions =
		xgrow(packages->versions, packages->count, sizeof(*packages->versions));
	packages->versions[packages->count++] = version;
	return take_tags(packages, json_object_get(object, "metadata"),
			 &packages->versions[packages->count - 1], err);
}

/* The answer is an array, but document_parse() accepts objects only. */
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

static struct request *
get_page(const struct packages *packages, const char *package_url, unsigned page,
	 struct error **err)
{
	AUTO_FREE char *url =
		xasprintf("%s/versions?per_page=%d&page=%u", package_url, PAGE_VERSIONS, page);

	return packages_ask(packages, HTTP_GET, url, err);
}

/* The path depends on the kind of owner, which is found out by trying. */
static const char *const owner_kinds[] = { "orgs", "users" };

/* The first page, from the kind of owner that has the package. */
static struct request *
find_package(struct packages *packages, struct error **err)
{
	AUTO_REQUEST struct request *request = NULL;

	for (size_t i = 0; i < COUNT_OF(owner_kinds); i++) {
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

static int
packages_list_pages(struct packages *packages, struct error **err)
{
	AUTO_REQUEST struct request *request = find_package(packages, err);
	bool is_last = false;

	for (unsigned page = 2; request; page++) {
		AUTO_JSON json_t *document = NULL;
		const json_t *list;
		AUTO_FREE char *next = NULL;

		if (page > PACKAGES_PAGES_LIMIT_COUNT + 1)
			return error_set(err, ERROR_UNAVAILABLE, "more than %d pages of versions",
					 PACKAGES_PAGES_LIMIT_COUNT);
		if (request_status(request) != 200)
			return packages_refuse(packages, request, err);
		document = parse_array(request_body(request), err);
		list = json_object_get(document, "versions");
		if (!document || link_find_target(request, &next, err) < 0)
			return -1;
		if (!json_is_array(list))
			return error_set(err, ERROR_CONTENT,
					 "invalid list of versions: expected an array");
		for (size_t i = 0; i < json_array_size(list); i++)
			if (take_version(packages, json_array_get(list, i), err) < 0)
				return -1;
		is_last = json_array_size(list) < PAGE_VERSIONS && !next;
		if (is_last)
			return 0;
		request_free(TAKE_PTR(request));
		request = get_page(packages, packages->url, page, err);
	}
	return -1;
}

int
packages_list(struct packages *packages, const struct package_version **ret_versions,
	      size_t *ret_count, struct error **err)
{
	if (!packages->was_listed)
		packages_forget(packages);
	if (!packages->was_listed && packages_list_pages(packages, err) < 0)
		return error_wrap(err, "cannot list the versions of package '%s/%s'",
				  packages->owner, packages->package);
	packages->was_listed = true;
	*ret_versions = packages->versions;
	*ret_count = packages->count;
	return 0;
}

static int
refuse_400(const struct request *request, struct error **err)
{
	AUTO_PROBLEM struct problem problem = { 0 };

	problem_read(request, &problem);
	error_set(err, ERROR_REFUSED, "GitHub refused: %s",
		  problem.message ? problem.message : "no reason was given");
	if (problem_mentions(&problem, "last tagged version")) {
		error_set_class(err, CLASS_LAST_VERSION);
		return error_set_hint(err, "delete the whole package instead");
	}
	if (problem_mentions(&problem, "downloads")) {
		error_set_class(err, CLASS_DOWNLOADS);
		return error_set_hint(err, "keep it by --keep-tag, or ask GitHub's support");
	}
	return -1;
}

static int
change(struct packages *packages, enum http_method method, uint64_t id, const char *verb,
       struct error **err)
{
	AUTO_FREE char *url = NULL;
	AUTO_REQUEST struct request *request = NULL;

	url = xasprintf("%s/versions/%llu%s", packages->url, (unsigned long long)id, verb);
	request = packages_ask(packages, method, url, err);
	if (!request)
		return -1;
	if (request_status(request) / 100 == 2)
		return 0;
	if (request_status(request) == 400 || request_status(request) == 422)
		return refuse_400(request, err);
	return packages_refuse(packages, request, err);
}

static bool
is_listed(const struct packages *packages, uint64_t id)
{
	for (size_t i = 0; i < packages->count; i++)
		if (packages->versions[i].id == id)
			return true;
	return false;
}

/* After a broken connection the second attempt answers 404 although the first one deleted it. */
static bool
is_gone(struct packages *packages, uint64_t id, const struct error *failure)
{
	AUTO_ERROR struct error *ignored = NULL;
	const struct package_version *versions;
	size_t count;

	if (error_remote(failure)->http_status != 404)
		return false;
	packages_forget(packages);
	return packages_list(packages, &versions, &count, &ignored) == 0 &&
	       !is_listed(packages, id);
}

int
packages_delete(struct packages *packages, uint64_t id, struct error **err)
{
	AUTO_ERROR struct error *failure = NULL;

	if (change(packages, HTTP_DELETE, id, "", &failure) == 0 || is_gone(packages, id, failure))
		return 0;
	error_pass(err, TAKE_PTR(failure));
	return error_wrap(err, "version %llu", (unsigned long long)id);
}

int
packages_restore(struct packages *packages, uint64_t id, struct error **err)
{
	const struct package_version *ignored;
	size_t count;

	/* Listing finds out whether the owner is a user or an organization. */
	if (packages_list(packages, &ignored, &count, err) < 0)
		return -1;
	if (change(packages, HTTP_POST, id, "/restore", err) < 0)
		return error_wrap(err, "version %llu", (unsigned long long)id);
	return 0;
}
