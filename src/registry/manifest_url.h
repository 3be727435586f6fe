/* manifest_url.h - "/v2/<name>/manifests/<tag or digest>" */
#ifndef OCIFP_REGISTRY_MANIFEST_URL_H
#define OCIFP_REGISTRY_MANIFEST_URL_H

struct digest;
struct endpoint;
struct error;

/* DIGEST_NONE for a tag.  ERROR_USAGE: neither. */
int manifest_reference_parse(const char *reference, struct digest *ret_digest, struct error **err);

/* Of a reference that was parsed. */
char *manifest_url(const struct endpoint *endpoint, const char *reference, struct error **err);

/* Puts "'host/name:tag'" or "'host/name@digest'" before the error. */
int manifest_wrap(const struct endpoint *endpoint, const char *reference, struct error **err);

#endif
