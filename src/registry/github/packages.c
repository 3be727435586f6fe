#include "base/environment.h"
#include "registry/github/packages_private.h"

#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/secret.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "http/request.h"
#include "registry/auth/ci_login.h"
#include "registry/problem.h"

static void
package_version_release(struct package_version *version)
{
	strings_release(&version->tags);
	free(version->other_name);
}

void
packages_forget(struct packages *packages)
{
	for (size_t i = 0; i < packages->count; i++)
		package_version_release(&packages->versions[i]);
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

/* As one part of a path. */
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
		error_set(err, ERROR_USAGE, "'%s' has no owner: a package is OWNER/NAME",
			  repository_name);
		return NULL;
	}
	if (!token) {
		error_set(err, ERROR_DENIED, "GitHub's Packages API needs a token");
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

struct request *
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

/* The spent limit of an hour is 403 too. */
static bool
is_rate_limit(const struct request *request)
{
	const char *left = request_header(request, "X-RateLimit-Remaining");

	return request_status(request) == 403 && left && strcmp(left, "0") == 0;
}

int
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
		return error_set(err, ERROR_RATE, "GitHub's API limits the requests of an hour");
	problem_set_error(&problem, &context, err);
	if (problem.http_status == 404)
		return error_set_hint(err,
				      "GitHub says so too when the token may not see or manage "
				      "the package: it needs the role Admin there");
	return -1;
}

int
packages_list(struct packages *packages, const struct package_version **ret_versions,
	      size_t *ret_count, struct error **err)
{
	if (!packages->was_listed)
		packages_forget(packages);
	if (!packages->was_listed && packages_list_pages(packages, err) < 0)
		return error_wrap(err, "the versions of package '%s/%s'", packages->owner,
				  packages->package);
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
	error_set(err, ERROR_REFUSED, "GitHub refuses it: %s",
		  problem.message ? problem.message : "no reason was given");
	if (problem_mentions(&problem, "last tagged version")) {
		error_set_class(err, "last_version");
		return error_set_hint(err, "only the package as a whole can be deleted");
	}
	if (problem_mentions(&problem, "downloads")) {
		error_set_class(err, "downloads");
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

/* The connection may have broken after it was done, and then the second try finds nothing. */
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

	/* Which kind of owner it has is found out by this. */
	if (packages_list(packages, &ignored, &count, err) < 0)
		return -1;
	if (change(packages, HTTP_POST, id, "/restore", err) < 0)
		return error_wrap(err, "version %llu", (unsigned long long)id);
	return 0;
}
