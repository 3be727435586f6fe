/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/upload/upload_session.h"

#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
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
	error_set(err, ERROR_UNAVAILABLE,
		  "cannot upload: the registry named a plain http URL for the upload");
	error_set_class(err, CLASS_PROTOCOL);
	return error_set_hint(err,
			      "configure X-Forwarded-Proto in the registry's TLS proxy, or the "
			      "external URL in the registry");
}

char *
session_url_read(const struct endpoint *endpoint, const struct request *request, struct error **err)
{
	const char *location = request_header(request, "Location");
	AUTO_FREE char *url = NULL;

	if (!location || !*location) {
		error_set(err, ERROR_UNAVAILABLE,
			  "no Location in the answer that opened an upload");
		error_set_class(err, CLASS_PROTOCOL);
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

bool
session_parse_range(const char *value, uint64_t *ret_taken_bytes)
{
	uint64_t last;

	if (!value)
		return false;
	if (text_starts(value, "bytes=") || text_starts(value, "bytes "))
		value += strlen("bytes=");
	if (!text_starts(value, "0-") ||
	    !text_parse_uint(value + strlen("0-"), INT64_MAX - 1, &last))
		return false;
	*ret_taken_bytes = last == 0 ? 0 : last + 1;
	return true;
}

static uint64_t
unit_bytes(const char *unit)
{
	static const struct {
		const char *name;
		uint64_t bytes;
	} units[] = {
		{ "KiB", KIB }, { "MiB", MIB },    { "GiB", GIB },
		{ "KB", 1000 }, { "MB", 1000000 }, { "GB", 1000000000 },
	};

	for (size_t i = 0; i < COUNT_OF(units); i++)
		if (text_starts(unit, units[i].name))
			return units[i].bytes;
	return 1;
}

bool
session_parse_limit(const char *message, uint64_t *ret_bytes)
{
	static const char mark[] = "limit of ";
	const char *at = message ? strcasestr(message, mark) : NULL;
	AUTO_FREE char *digits = NULL;
	uint64_t whole;
	uint64_t hundredths = 0;
	uint64_t unit;

	if (!at)
		return false;
	at += strlen(mark);
	digits = xstrndup(at, strspn(at, "0123456789"));
	if (!text_parse_uint(digits, 1 << 20, &whole))
		return false;
	at += strlen(digits);
	/* Registries print two decimal places; more would not change a chunk. */
	if (at[0] == '.' && strspn(at + 1, "0123456789") >= 2)
		hundredths = (uint64_t)(at[1] - '0') * 10 + (uint64_t)(at[2] - '0');
	at += strspn(at, ".0123456789");
	unit = unit_bytes(at + strspn(at, " "));
	*ret_bytes = whole * unit + hundredths * unit / 100;
	return true;
}
