/* SPDX-License-Identifier: Apache-2.0 */
/* retag.h - further tags for an image that is there: its bytes as they are, a request each */
#ifndef OCIFP_IMAGE_TRANSFER_RETAG_H
#define OCIFP_IMAGE_TRANSFER_RETAG_H

#include "image/transfer/push.h"

/* `no_clobber`: a tag that names something else is ERROR_REFUSED. */
int retag_image(struct session *session, const struct target *target, const struct strings *tags,
		bool no_clobber, struct push_result *ret_result, struct error **err);

#endif
