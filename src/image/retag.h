/* retag.h - further tags for an image that is there: its bytes as they are, a request each */
#ifndef OCIFP_IMAGE_RETAG_H
#define OCIFP_IMAGE_RETAG_H

#include <stdbool.h>

#include "oci/digest.h"

struct error;
struct session;
struct strings;
struct target;

/* `no_clobber`: a tag that names something else is ERROR_REFUSED.  The repository is the
 * caller's. */
int retag_image(struct session *session, const struct target *target, const struct strings *tags,
		bool no_clobber, char **ret_repository, struct digest *ret_digest,
		struct error **err);

#endif
