/* SPDX-License-Identifier: Apache-2.0 */
#include "http/origin.h"

#include <ctype.h>
#include <curl/curl.h>
#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "http/address.h"

static void
url_free_at(CURLU **url)
{
	curl_url_cleanup(*url);
}
#define AUTO_URL CLEANUP(url_free_at)

static int
fail(const char *url, const char *why, struct error **err)
{
	AUTO_FREE char *quoted = text_quote_url(url);

	error_set(err, ERROR_UNAVAILABLE, "invalid URL '%s': %s", quoted, why);
	return error_set_class(err, CLASS_PROTOCOL);
}

static int
check_characters(const char *url, struct error **err)
{
	if (strlen(url) > URL_LIMIT_CHARS)
		return fail(url, "too long", err);
	for (const char *at = url; *at; at++) {
		if (iscntrl((unsigned char)*at))
			return fail(url, "contains control characters", err);
	}
	return 0;
}

static int
set_url(CURLU *parsed, const char *url, struct error **err)
{
	CURLUcode result;

	if (check_characters(url, err) < 0)
		return -1;
	result = curl_url_set(parsed, CURLUPART_URL, url, CURLU_URLENCODE);
	if (result == CURLUE_OUT_OF_MEMORY)
		return error_set(err, ERROR_FAILURE, "out of memory");
	if (result == CURLUE_UNSUPPORTED_SCHEME)
		return fail(url, "expected http or https", err);
	if (result != CURLUE_OK)
		return fail(url, "malformed", err);
	return 0;
}

/* A copy: libcurl's strings have to be freed by libcurl. */
static char *
take_part(CURLU *parsed, CURLUPart part, unsigned flags)
{
	char *theirs = NULL;
	char *ours;

	if (curl_url_get(parsed, part, &theirs, flags) != CURLUE_OK)
		return NULL;
	ours = xstrdup(theirs);
	curl_free(theirs);
	return ours;
}

static void
lower(char *text)
{
	for (; *text; text++)
		*text = (char)tolower((unsigned char)*text);
}

static int
check_user_info(CURLU *parsed, const char *url, struct error **err)
{
	AUTO_FREE char *user = take_part(parsed, CURLUPART_USER, 0);
	AUTO_FREE char *password = take_part(parsed, CURLUPART_PASSWORD, 0);

	return user || password ? fail(url, "contains a user name or password", err) : 0;
}

static int
take_origin(CURLU *parsed, const char *url, struct origin *ret_origin, struct error **err)
{
	AUTO_ORIGIN struct origin origin = { .scheme = take_part(parsed, CURLUPART_SCHEME, 0) };
	size_t size;

	origin.host = take_part(parsed, CURLUPART_HOST, 0);
	origin.port = take_part(parsed, CURLUPART_PORT, CURLU_DEFAULT_PORT);
	if (!origin.scheme || !origin.host || !origin.port || !*origin.host)
		return fail(url, "no host", err);
	lower(origin.scheme);
	lower(origin.host);
	size = strlen(origin.host);
	if (size > 1 && origin.host[size - 1] == '.')
		origin.host[size - 1] = '\0';
	if (strcmp(origin.scheme, "https") != 0 && strcmp(origin.scheme, "http") != 0)
		return fail(url, "expected http or https", err);
	if (!text_is_printable_ascii(origin.host) || strchr(origin.host, ' '))
		return fail(url, "the host is not ASCII", err);
	*ret_origin = origin;
	origin = (struct origin){ 0 };
	return 0;
}

int
origin_parse(const char *url, struct origin *ret_origin, struct error **err)
{
	const char *authority = strstr(url, "://");
	AUTO_URL CURLU *parsed = curl_url();

	/* libcurl guesses a missing scheme and ignores a third slash. */
	if (!authority || authority[3] == '/')
		return fail(url, "malformed", err);
	if (set_url(parsed, url, err) < 0 || check_user_info(parsed, url, err) < 0)
		return -1;
	return take_origin(parsed, url, ret_origin, err);
}

bool
origin_equal(const struct origin *a, const struct origin *b)
{
	return strcmp(a->scheme, b->scheme) == 0 && strcmp(a->host, b->host) == 0 &&
	       strcmp(a->port, b->port) == 0;
}

bool
origin_is_loopback(const struct origin *origin)
{
	return address_scope_of_host(origin->host) == ADDRESS_LOOPBACK;
}

void
origin_release(struct origin *origin)
{
	free(origin->scheme);
	free(origin->host);
	free(origin->port);
	*origin = (struct origin){ 0 };
}

static char *
take_url(CURLU *parsed, const char *url, struct error **err)
{
	AUTO_ORIGIN struct origin origin = { 0 };
	AUTO_FREE char *result = NULL;

	curl_url_set(parsed, CURLUPART_FRAGMENT, NULL, 0);
	if (check_user_info(parsed, url, err) < 0 || take_origin(parsed, url, &origin, err) < 0)
		return NULL;
	result = take_part(parsed, CURLUPART_URL, 0);
	if (!result) {
		fail(url, "malformed", err);
		return NULL;
	}
	if (check_characters(result, err) < 0)
		return NULL;
	return TAKE_PTR(result);
}

char *
url_resolve(const char *base, const char *location, struct error **err)
{
	AUTO_URL CURLU *parsed = curl_url();

	if (!*location) {
		fail(location, "empty", err);
		return NULL;
	}
	if (set_url(parsed, base, err) < 0 || set_url(parsed, location, err) < 0)
		return NULL;
	return take_url(parsed, location, err);
}

char *
url_add_query(const char *url, const char *name, const char *value, struct error **err)
{
	AUTO_FREE char *pair = xasprintf("%s=%s", name, value);
	AUTO_URL CURLU *parsed = curl_url();

	if (set_url(parsed, url, err) < 0)
		return NULL;
	if (curl_url_set(parsed, CURLUPART_QUERY, pair, CURLU_APPENDQUERY | CURLU_URLENCODE) !=
	    CURLUE_OK) {
		fail(url, "cannot add to its query", err);
		return NULL;
	}
	return take_url(parsed, url, err);
}
