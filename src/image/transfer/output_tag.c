/* SPDX-License-Identifier: Apache-2.0 */
#include "image/transfer/output_tag.h"

#include <string.h>

#include "base/xalloc.h"
#include "oci/location.h"

/* `docker load` takes whole references alone; the caller's. */
static char *
docker_tag(const char *tag, const struct location *place)
{
	AUTO_FREE char *repository = NULL;

	if (tag) {
		const char *slash = strrchr(tag, '/');

		return xasprintf("%s%s", tag, strchr(slash ? slash : tag, ':') ? "" : ":latest");
	}
	if (!place || place->transport != TRANSPORT_REGISTRY || !place->reference.tag)
		return NULL;
	repository = location_repository(place);
	return xasprintf("%s:%s", repository, place->reference.tag);
}

char *
output_tag(const struct location *output, const struct location *place)
{
	const char *tag = output->reference.tag;

	if (output->transport == TRANSPORT_DOCKER_ARCHIVE)
		return docker_tag(tag, place);
	return xstrdup_null(tag || !place ? tag : place->reference.tag);
}
