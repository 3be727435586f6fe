/* SPDX-License-Identifier: Apache-2.0 */
#include "project/repository_name.h"

#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "oci/location.h"

static char *
refuse(struct error **err, const char *text, const char *reason)
{
	error_set(err, ERROR_USAGE, "repository '%s' %s", QUOTED(text), reason);
	return NULL;
}

/* A path with a ':' cannot be written as a location. */
static char *
layout_name(const char *path, const char *directory, struct error **err)
{
	AUTO_FREE char *absolute =
		*path == '/' ? xstrdup(path) : xasprintf("%s/%s", directory, path);

	if (strchr(absolute, ':'))
		return refuse(err, absolute, "has a ':' in its path");
	if (!location_path_is_valid(absolute))
		return refuse(err, absolute, "has control characters in its path");
	return xasprintf("oci:%s", absolute);
}

char *
project_repository_name(const char *text, const char *directory, struct error **err)
{
	AUTO_LOCATION struct location location = { 0 };

	if (location_parse(text, &location, err) < 0)
		return NULL;
	if (location.reference.tag || location.reference.digest.algorithm != DIGEST_NONE) {
		refuse(err, text, "has a tag or a digest");
		error_set_hint(err, "the fingerprint is the tag");
		return NULL;
	}
	switch (location.transport) {
	case TRANSPORT_REGISTRY:
		return reference_repository(&location.reference);
	case TRANSPORT_LAYOUT:
		return layout_name(location.path, directory, err);
	default:
		return refuse(err, text, "is neither HOST/NAME nor oci:DIR");
	}
}
