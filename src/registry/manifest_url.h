/* manifest_url.h - "/v2/<name>/manifests/<tag or digest>" */
#ifndef OCIFP_REGISTRY_MANIFEST_URL_H
#define OCIFP_REGISTRY_MANIFEST_URL_H

#include <stdbool.h>

struct digest;
struct endpoint;
struct error;

/* DIGEST_NONE for a tag.  ERROR_USAGE: neither. */
int manifest_reference_parse(const char *reference, struct digest *ret_digest, struct error **err);

/* A name that a URL takes as it is (RFC 3986, section 2.3): a registry that lists it can be asked
 * for it, tag or not. */
bool manifest_name_is_plain(const char *name);

/* Of a reference that was parsed. */
char *manifest_url(const struct endpoint *endpoint, const char *reference, struct error **err);

/* Puts "'host/name:tag'" or "'host/name@digest'" before the error. */
int manifest_wrap(const struct endpoint *endpoint, const char *reference, struct error **err);

#endif
