/* SPDX-License-Identifier: Apache-2.0 */
/* mirror.h - the mirrors of a repository, and which of them still serve
 *
 * A mirror (endpoint.h) serves content by digest.  It gets one attempt with a short time to answer.
 * One that fails is not asked again in this run; if its host gives no answer, or says that it
 * cannot, later runs do not ask it for MIRROR_VERDICT_S.  404 is not a failure: this mirror lacks
 * this content.
 *
 * A pull-through cache may be silent while it fetches what it was asked for.  So one that does not
 * answer in time is asked for "/v2/": if it answers that as a registry does, the request is
 * repeated once, and waits for MIRROR_WARM_TIMEOUT_S.
 */
#ifndef OCIFP_REGISTRY_MIRROR_H
#define OCIFP_REGISTRY_MIRROR_H

#include <stdbool.h>
#include <stddef.h>

#include "http/request.h"

struct endpoint;

/* The request flags of all that is asked of it; 0 of an origin. */
unsigned mirror_request_flags(const struct endpoint *endpoint);

/* Whether to ask it now for "/v2/", if the request had only a short time.  `status` 0: there was
 * no answer. */
bool mirror_may_be_warming(const struct endpoint *endpoint, int status,
			   const struct error *failure);
struct request *mirror_ask_whether_warming(const struct endpoint *mirror, request_done *done,
					   void *context, struct error **err);

/* True: repeat the request. */
bool mirror_is_warming(struct endpoint *mirror, const struct request *answer);

/* The next mirror of the origin's endpoint that may be asked.  *at starts as 0.  NULL: none is
 * left. `by_tag`: only those that their operator trusts with tags. */
struct endpoint *mirror_next(const struct endpoint *endpoint, size_t *at, bool by_tag);

/* `status` 0: there was no answer.  `what` names the content. */
void mirror_note_failure(struct endpoint *mirror, int status, const struct error *failure,
			 const char *what);

#endif
