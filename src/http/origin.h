/* origin.h - scheme, host and port: what credentials belong to
 *
 * RFC 6454.  URLs are taken apart and resolved by libcurl's URL API, never by hand.
 */
#ifndef OCIFP_HTTP_ORIGIN_H
#define OCIFP_HTTP_ORIGIN_H

#include <stdbool.h>

#include "base/cleanup.h"

struct error;

struct origin {
	char *scheme; /* lower case */
	char *host;   /* lower case, no trailing dot, IPv6 in brackets */
	char *port;   /* always there: the scheme's default when the URL has none */
};

/* ERROR_UNAVAILABLE, class "protocol": not http(s), user info, control characters, too long. */
int origin_parse(const char *url, struct origin *ret_origin, struct error **err);
bool origin_equal(const struct origin *a, const struct origin *b);
bool origin_is_loopback(const struct origin *origin);
void origin_release(struct origin *origin);
#define AUTO_ORIGIN CLEANUP(origin_release)

/* `location` as seen from `base`: absolute, relative, with or without a query; the caller owns
 * it.  The same errors. */
char *url_resolve(const char *base, const char *location, struct error **err);

/* Adds "name=value" to the query, percent-encoded. */
char *url_add_query(const char *url, const char *name, const char *value, struct error **err);

#endif
