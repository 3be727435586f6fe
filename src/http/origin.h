/* SPDX-License-Identifier: Apache-2.0 */
/* origin.h - scheme, host and port, the scope of credentials
 *
 * RFC 6454.  libcurl's URL API parses and resolves URLs.
 */
#ifndef OCIFP_HTTP_ORIGIN_H
#define OCIFP_HTTP_ORIGIN_H

#include <stdbool.h>

#include "base/cleanup.h"

struct error;

struct origin {
	char *scheme; /* lower case */
	char *host;   /* lower case, no trailing dot, IPv6 in brackets */
	char *port;   /* never NULL: the scheme's default when the URL has none */
};

/* ERROR_UNAVAILABLE, class "protocol": not http(s), user info, control characters, too long. */
int origin_parse(const char *url, struct origin *ret_origin, struct error **err);
bool origin_equal(const struct origin *a, const struct origin *b);
bool origin_is_loopback(const struct origin *origin);
void origin_release(struct origin *origin);
#define AUTO_ORIGIN CLEANUP(origin_release)

/* Resolves `location`, absolute or relative, against `base`.  The caller owns the result.  The same
 * errors. */
char *url_resolve(const char *base, const char *location, struct error **err);

/* Adds "name=value" to the query, percent-encoded. */
char *url_add_query(const char *url, const char *name, const char *value, struct error **err);

#endif
