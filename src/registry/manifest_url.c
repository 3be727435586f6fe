#include "registry/manifest_url.h"

#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "oci/digest.h"
#include "oci/reference.h"
#include "registry/endpoint.h"
#include "registry/host.h"

int
manifest_reference_parse(const char *reference, struct digest *ret_digest, struct error **err)
{
	if (strchr(reference, ':'))
		return digest_parse(reference, ret_digest, err);
	if (!reference_tag_is_valid(reference))
		return error_set(err, ERROR_USAGE, "'%s' is no tag", QUOTED(reference));
	*ret_digest = (struct digest){ .algorithm = DIGEST_NONE };
	return 0;
}

bool
manifest_name_is_plain(const char *name)
{
	size_t size = strspn(name, "-._~0123456789abcdefghijklmnopqrstuvwxyz"
				   "ABCDEFGHIJKLMNOPQRSTUVWXYZ");

	return size > 0 && name[size] == '\0' && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

char *
manifest_url(const struct endpoint *endpoint, const char *reference, struct error **err)
{
	AUTO_FREE char *path = xasprintf("/manifests/%s", reference);

	return endpoint_url(endpoint, path, err);
}

int
manifest_wrap(const struct endpoint *endpoint, const char *reference, struct error **err)
{
	return error_wrap(err, "'%s/%s%s%s'", endpoint->host->name, endpoint->name,
			  strchr(reference, ':') ? "@" : ":", reference);
}
