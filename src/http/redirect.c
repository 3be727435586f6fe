#include "http/redirect.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "http/engine.h"
#include "http/headers.h"
#include "http/origin.h"

bool
redirect_applies(int status, bool is_read)
{
	switch (status) {
	case 301:
	case 302:
	case 303:
		return is_read;
	case 307:
	case 308:
		return true;
	default:
		return false;
	}
}

static int
fail(const char *why, const char *about, const char *class_name, struct error **err)
{
	AUTO_FREE char *quoted = text_quote_url(about);

	error_set(err, ERROR_UNAVAILABLE, "%s '%s'", why, quoted);
	return error_set_class(err, class_name);
}

char *
redirect_target(const struct headers *headers, const char *base, struct error **err)
{
	const char *location = headers_find(headers, "location", 0);
	char *target;

	if (!location || headers_count(headers, "location") > 1) {
		fail("no single Location in the redirect from", base, "protocol", err);
		return NULL;
	}
	target = url_resolve(base, location, err);
	if (!target)
		error_wrap(err, "redirected");
	return target;
}

int
redirect_check_scheme(const struct engine *engine, const struct origin *from,
		      const struct origin *to, struct error **err)
{
	AUTO_FREE char *host_and_port = xasprintf("%s:%s", to->host, to->port);

	if (strcmp(to->scheme, "https") == 0)
		return 0;
	if (from && strcmp(from->scheme, "https") == 0)
		return fail("an https answer led to plain http on", host_and_port, "protocol", err);
	if (engine_allows_plain_http(engine, host_and_port))
		return 0;
	fail("plain http is not allowed to", host_and_port, "protocol", err);
	return error_set_hint(err, "--plain-http allows it, for a host that you name");
}

int
redirect_check_address(enum address_scope from, const struct origin *to, struct error **err)
{
	if (address_may_lead(from, address_scope_of_host(to->host)))
		return 0;
	return fail("an answer from outside led to the internal address", to->host, "ssrf", err);
}
