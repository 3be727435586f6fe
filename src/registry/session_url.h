/* session_url.h - where a registry wants an upload to go
 *
 * The Location of a 202: relative or absolute, with or without a query, sometimes on another
 * origin.  distribution-spec, "POST then PUT".
 */
#ifndef OCIFP_REGISTRY_SESSION_URL_H
#define OCIFP_REGISTRY_SESSION_URL_H

#include <stdbool.h>

struct endpoint;
struct error;
struct request;

/* The caller owns it.  ERROR_UNAVAILABLE, class "protocol": missing, no fit URL, or plain http
 * from an https registry. */
char *session_url_read(const struct endpoint *endpoint, const struct request *request,
		       struct error **err);

/* False: another origin, which gets no credentials. */
bool session_url_is_own(const struct endpoint *endpoint, const char *url);

#endif
