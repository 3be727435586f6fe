/* redirect.h - where a redirect leads, and whether we go there
 *
 * RFC 9110, section 15.4.  All errors are ERROR_UNAVAILABLE: class "ssrf" for an address that an
 * answer from that network must not name, else "protocol".
 */
#ifndef OCIFP_HTTP_REDIRECT_H
#define OCIFP_HTTP_REDIRECT_H

#include <stdbool.h>

#include "http/address.h"

struct engine;
struct error;
struct headers;
struct origin;

/* Whether this status sends a request with this method elsewhere.  A changed method (301 to 303
 * after POST) is not followed: such an answer is the caller's. */
bool redirect_applies(int status, bool is_read);

/* The next URL; the caller owns it. */
char *redirect_target(const struct headers *headers, const char *base, struct error **err);

/* http only to hosts that may; never after https. */
int redirect_check_scheme(const struct engine *engine, const struct origin *from,
			  const struct origin *to, struct error **err);
int redirect_check_address(enum address_scope from, const struct origin *to, struct error **err);

#endif
