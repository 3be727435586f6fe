#include "base/error.h"
#include "http/request.h"
#include "registry/endpoint.h"
#include "registry/host.h"
#include "registry/registry_blobs.h"
#include "registry/upload/upload_session.h"

/* ghcr.io answers 405, and lets the session expire: how this ends does not matter. */
static void
cancel_session(struct endpoint *endpoint, const struct request *opened)
{
	AUTO_ERROR struct error *ignored = NULL;
	AUTO_FREE char *url = session_url_read(endpoint, opened, &ignored);
	AUTO_REQUEST struct request *request = NULL;
	struct request_options options = {
		.method = HTTP_DELETE,
		.url = url,
		.named_by = endpoint->host->url,
		.flags = REQUEST_NO_REDIRECT | REQUEST_NO_RETRY,
	};

	if (url && session_url_is_own(endpoint, url))
		request = endpoint_perform(endpoint, ACCESS_PUSH, &options, &ignored);
}

static int
probe(struct endpoint *endpoint, struct error **err)
{
	AUTO_FREE char *url = endpoint_url(endpoint, "/blobs/uploads/", err);
	AUTO_REQUEST struct request *request = NULL;
	struct request_options options = {
		.method = HTTP_POST,
		.url = url,
		.flags = REQUEST_NO_REDIRECT,
	};

	if (!url)
		return -1;
	request = endpoint_perform(endpoint, ACCESS_PUSH, &options, err);
	if (!request)
		return -1;
	if (request_status(request) != 202)
		return endpoint_refuse(endpoint, ACCESS_PUSH, request, err);
	endpoint->host->uploads.has_opened = true;
	cancel_session(endpoint, request);
	return 0;
}

int
registry_probe_push(struct endpoint *endpoint, struct error **err)
{
	if (probe(endpoint, err) < 0)
		return error_wrap(err, "no push to '%s/%s' (scope repository:%s:pull,push)",
				  endpoint->host->name, endpoint->name, endpoint->name);
	return 0;
}
