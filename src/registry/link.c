/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/link.h"

#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "base/xalloc.h"
#include "http/headers.h"
#include "http/origin.h"
#include "http/request.h"
#include "registry/endpoint.h"
#include "registry/host.h"

/* "</v2/app/tags/list?last=x>; rel="next"; title="more, much more"" */
struct link {
	char *target;
	char *relations;  /* of the first rel parameter: "prev next"; NULL: none */
	bool is_anchored; /* its context is another resource */
};

static void
link_release(struct link *link)
{
	free(link->target);
	free(link->relations);
}

static bool
is_named(const char *name, size_t size, const char *wanted)
{
	return size == strlen(wanted) && strncasecmp(name, wanted, size) == 0;
}

/* A token or a quoted string; some servers omit the quotes around more than a token. */
static char *
take_value(const char **at)
{
	size_t size = strcspn(*at, " \t;,\"");
	char *value;

	if (**at == '"')
		return header_take_quoted(at);
	value = xstrndup(*at, size);
	*at += size;
	return value;
}

/* The parameter after a semicolon, which may be empty. */
static bool
take_parameter(const char **at, struct link *link)
{
	const char *name = header_skip_space(*at);
	size_t size = header_token_size(name);
	AUTO_FREE char *value = NULL;

	*at = header_skip_space(name + size);
	if (size == 0 || **at != '=')
		return **at != '=';
	*at = header_skip_space(*at + 1);
	value = take_value(at);
	if (!value)
		return false;
	if (is_named(name, size, "anchor"))
		link->is_anchored = true;
	else if (is_named(name, size, "rel") && !link->relations)
		link->relations = TAKE_PTR(value);
	return true;
}

/* One link, up to the next comma or the end. */
static bool
take_link(const char **at, struct link *link)
{
	const char *start = *at;
	const char *end = strchr(start, '>');

	if (*start != '<' || !end)
		return false;
	link->target = xstrndup(start + 1, (size_t)(end - start - 1));
	*at = header_skip_space(end + 1);
	while (**at == ';') {
		++*at;
		if (!take_parameter(at, link))
			return false;
		*at = header_skip_space(*at);
	}
	return **at == ',' || **at == '\0';
}

static bool
has_relation(const struct link *link, const char *wanted)
{
	const char *at = link->relations ? link->relations : "";

	while (*(at = header_skip_space(at))) {
		size_t size = strcspn(at, " \t");

		if (is_named(at, size, wanted))
			return true;
		at += size;
	}
	return false;
}

static int
fail(const char *why, struct error **err)
{
	error_set(err, ERROR_UNAVAILABLE, "%s", why);
	return error_set_class(err, CLASS_PROTOCOL);
}

int
link_parse_next(const char *value, char **target, struct error **err)
{
	for (const char *at = value; *(at += strspn(at, " \t,"));) {
		CLEANUP(link_release) struct link link = { 0 };

		if (!take_link(&at, &link))
			return fail("cannot read the answer's Link header", err);
		if (link.is_anchored || !has_relation(&link, "next"))
			continue;
		if (!*target)
			*target = TAKE_PTR(link.target);
		else if (strcmp(*target, link.target) != 0)
			return fail("the answer's Link header names two next pages", err);
	}
	return 0;
}

int
link_find_target(const struct request *request, char **ret_target, struct error **err)
{
	AUTO_FREE char *target = NULL;
	const char *value;

	for (size_t i = 0; (value = request_header_at(request, "Link", i)); i++)
		if (link_parse_next(value, &target, err) < 0)
			return -1;
	*ret_target = TAKE_PTR(target);
	return 0;
}

static int
check_next(const struct endpoint *endpoint, const struct request *request, const char *next,
	   struct error **err)
{
	AUTO_ORIGIN struct origin origin = { 0 };

	if (origin_parse(next, &origin, err) < 0)
		return -1;
	if (!origin_equal(&origin, &endpoint->host->origin))
		return fail("the next page is on another host", err);
	if (strcmp(next, request_url(request)) == 0)
		return fail("the next page is the same page", err);
	return 0;
}

static int
find_next(const struct endpoint *endpoint, const struct request *request, char **ret_next,
	  struct error **err)
{
	AUTO_FREE char *target = NULL;
	AUTO_FREE char *next = NULL;

	if (link_find_target(request, &target, err) < 0)
		return -1;
	if (target) {
		next = url_resolve(request_url(request), target, err);
		if (!next || check_next(endpoint, request, next, err) < 0)
			return -1;
	}
	*ret_next = TAKE_PTR(next);
	return 0;
}

int
link_find_next(const struct endpoint *endpoint, const struct request *request, const char *what,
	       char **ret_next, struct error **err)
{
	if (find_next(endpoint, request, ret_next, err) < 0)
		return error_wrap(err, "%s", what);
	return 0;
}
