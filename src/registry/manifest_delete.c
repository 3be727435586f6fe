#include <string.h>

#include "base/error.h"
#include "http/request.h"
#include "oci/digest.h"
#include "registry/answer.h"
#include "registry/endpoint.h"
#include "registry/host.h"
#include "registry/manifest_url.h"
#include "registry/manifests.h"
#include "registry/problem.h"

static bool
is_unsupported(const struct request *request, bool is_tag)
{
	AUTO_PROBLEM struct problem problem = { 0 };
	int status = request_status(request);

	problem_read(request, &problem);
	return status == 405 || status == 501 || problem_has_code(&problem, "UNSUPPORTED") ||
	       (is_tag && status == 400);
}

static int
refuse_unsupported(const struct endpoint *endpoint, bool is_tag, const struct request *request,
		   struct error **err)
{
	AUTO_ERROR struct error *answer = NULL;

	endpoint_refuse(endpoint, ACCESS_DELETE, request, &answer);
	error_set(err, ERROR_FAILURE, "the registry deletes no %s: %s",
		  is_tag ? "tags" : "manifests", error_text(answer));
	error_set_class(err, "unsupported");
	error_set_remote(err, error_remote(answer));
	if (strcmp(endpoint->host->name, "ghcr.io") == 0)
		return error_set_hint(err, "ghcr.io deletes through GitHub's Packages API alone, "
					   "as 'ocifp prune' does");
	if (is_tag)
		return error_set_hint(err, "by digest the manifest goes, with all its tags");
	return error_set_hint(err, "whoever runs the registry may allow it; 'ocifp prune' tells "
				   "what could go");
}

static int
delete_manifest(struct endpoint *endpoint, const char *reference, bool is_tag, struct error **err)
{
	AUTO_FREE char *url = manifest_url(endpoint, reference, err);
	AUTO_REQUEST struct request *request = NULL;
	struct request_options options = {
		.method = HTTP_DELETE,
		.url = url,
		.flags = REQUEST_NO_REDIRECT,
	};

	if (!url)
		return -1;
	request = endpoint_perform(endpoint, ACCESS_DELETE, &options, err);
	if (!request)
		return -1;
	if (request_status(request) / 100 == 2 && !answer_is_page(request))
		return 0;
	/* The connection may have broken after the registry had done it. */
	if (request_status(request) == 404 && request_sendings(request) > 1)
		return 0;
	if (is_unsupported(request, is_tag))
		return refuse_unsupported(endpoint, is_tag, request, err);
	return endpoint_refuse_or_absent(endpoint, ACCESS_DELETE, request,
					 is_tag ? "tag" : "manifest", err);
}

int
registry_delete_manifest(struct endpoint *endpoint, const char *reference, struct error **err)
{
	struct digest digest;

	if (manifest_reference_parse(reference, &digest, err) < 0)
		return -1;
	if (delete_manifest(endpoint, reference, digest.algorithm == DIGEST_NONE, err) < 0)
		return manifest_wrap(endpoint, reference, err);
	return 0;
}
