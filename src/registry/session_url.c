#include "registry/session_url.h"

#include <string.h>

#include "base/error.h"
#include "base/xalloc.h"
#include "http/origin.h"
#include "http/request.h"
#include "registry/endpoint.h"
#include "registry/host.h"

static int
check_scheme(const struct endpoint *endpoint, const char *url, struct error **err)
{
	AUTO_ORIGIN struct origin origin = { 0 };

	if (origin_parse(url, &origin, err) < 0)
		return -1;
	if (endpoint->host->is_plain || strcmp(origin.scheme, "https") == 0)
		return 0;
	error_set(err, ERROR_UNAVAILABLE, "the registry wants the upload over plain http");
	error_set_class(err, "protocol");
	return error_set_hint(err, "a registry behind a TLS proxy must be told its own address: "
				   "X-Forwarded-Proto, or its setting for its external URL");
}

char *
session_url_read(const struct endpoint *endpoint, const struct request *request, struct error **err)
{
	const char *location = request_header(request, "Location");
	AUTO_FREE char *url = NULL;

	if (!location || !*location) {
		error_set(err, ERROR_UNAVAILABLE,
			  "the registry opens an upload without a Location");
		error_set_class(err, "protocol");
		return NULL;
	}
	url = url_resolve(request_url(request), location, err);
	if (!url || check_scheme(endpoint, url, err) < 0)
		return NULL;
	return TAKE_PTR(url);
}

bool
session_url_is_own(const struct endpoint *endpoint, const char *url)
{
	AUTO_ORIGIN struct origin origin = { 0 };
	AUTO_ERROR struct error *unfit = NULL;

	return origin_parse(url, &origin, &unfit) == 0 &&
	       origin_equal(&origin, &endpoint->host->origin);
}
