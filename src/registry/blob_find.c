#include "base/error.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "http/request.h"
#include "registry/blob_job.h"
#include "registry/endpoint.h"
#include "registry/problem.h"
#include "registry/registry_blobs.h"

static struct request *
ask(struct endpoint *endpoint, enum http_method method, const struct digest *digest,
    struct error **err)
{
	AUTO_FREE char *url = blob_url(endpoint, digest, err);
	struct request_options options = { .method = method, .url = url };

	if (!url)
		return NULL;
	return endpoint_perform(endpoint, ACCESS_PULL, &options, err);
}

/* A HEAD gives no reason. */
static int
refuse_missing(struct endpoint *endpoint, const struct digest *digest, struct error **err)
{
	AUTO_REQUEST struct request *request = ask(endpoint, HTTP_GET, digest, err);
	AUTO_PROBLEM struct problem problem = { 0 };

	if (!request)
		return -1;
	problem_read(request, &problem);
	if (request_status(request) == 404 && problem_has_code(&problem, "BLOB_UNKNOWN"))
		return error_set(err, ERROR_ABSENT, "the registry knows no such blob");
	return endpoint_refuse_or_absent(endpoint, ACCESS_PULL, request, "blob", err);
}

static int
find_blob(struct endpoint *endpoint, const struct digest *digest, uint64_t *ret_size_bytes,
	  struct error **err)
{
	AUTO_REQUEST struct request *request = ask(endpoint, HTTP_HEAD, digest, err);
	const char *length = request ? request_header(request, "Content-Length") : NULL;

	if (!request)
		return -1;
	if (request_status(request) == 404)
		return refuse_missing(endpoint, digest, err);
	if (request_status(request) != 200)
		return endpoint_refuse(endpoint, ACCESS_PULL, request, err);
	if (length && text_parse_uint(length, INT64_MAX, ret_size_bytes))
		return 0;
	error_set(err, ERROR_UNAVAILABLE, "the registry does not tell the size of a blob");
	return error_set_class(err, "protocol");
}

int
registry_find_blob(struct endpoint *endpoint, const struct digest *digest, uint64_t *ret_size_bytes,
		   struct error **err)
{
	if (find_blob(endpoint, digest, ret_size_bytes, err) < 0)
		return error_wrap(err, "blob '%s'", digest_text(digest).text);
	return 0;
}
