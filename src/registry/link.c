#include "registry/link.h"

#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "base/xalloc.h"
#include "http/origin.h"
#include "http/request.h"
#include "registry/endpoint.h"
#include "registry/host.h"

/* "</v2/a/tags/list?n=1000&last=x>; rel="next"" */
static char *
find_target(const struct request *request)
{
	const char *link = request_header(request, "Link");
	const char *start = link ? strchr(link, '<') : NULL;
	const char *end = start ? strchr(start, '>') : NULL;

	if (!end || !strcasestr(end, "rel") || !strcasestr(end, "next"))
		return NULL;
	return xstrndup(start + 1, (size_t)(end - start - 1));
}

static int
fail(const char *what, const char *why, struct error **err)
{
	error_set(err, ERROR_UNAVAILABLE, "%s %s", what, why);
	return error_set_class(err, "protocol");
}

static int
check_next(const struct endpoint *endpoint, const struct request *request, const char *next,
	   const char *what, struct error **err)
{
	AUTO_ORIGIN struct origin origin = { 0 };

	if (origin_parse(next, &origin, err) < 0)
		return -1;
	if (!origin_equal(&origin, &endpoint->host->origin))
		return fail(what, "goes on at another host", err);
	if (strcmp(next, request_url(request)) == 0)
		return fail(what, "goes on with the same page", err);
	return 0;
}

int
link_find_next(const struct endpoint *endpoint, const struct request *request, const char *what,
	       char **ret_next, struct error **err)
{
	AUTO_FREE char *link = find_target(request);
	AUTO_FREE char *next = NULL;

	if (link) {
		next = url_resolve(request_url(request), link, err);
		if (!next || check_next(endpoint, request, next, what, err) < 0)
			return -1;
	}
	*ret_next = TAKE_PTR(next);
	return 0;
}
