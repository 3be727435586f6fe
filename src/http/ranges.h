/* SPDX-License-Identifier: Apache-2.0 */
/* ranges.h - a GET of one large body, over several connections where that pays
 *
 *     first:  [=========>        |  the whole from its start; stops where the ranges begin
 *     ranges:                    [====>   ][==>     ][ not yet ...
 *
 * The first request is an ordinary one.  Once ramp.h allows more connections, closed ranges of
 * RANGE_BYTES ahead of it are requested, at the place where the first request ended up after its
 * redirects; when that place refuses or is about to expire, one request asks the first URL again
 * while the others wait.  Until the server has sent the first byte of a range, the first request
 * does not stop.  A server that answers a range wrongly costs that request: the first one goes on
 * to the end, or from where it stopped.
 */
#ifndef OCIFP_HTTP_RANGES_H
#define OCIFP_HTTP_RANGES_H

#include <stdbool.h>

#include "base/cleanup.h"

struct body;
struct engine;
struct error;
struct ranges;
struct request;
struct request_options;

/* Whether the body takes ranges and is large enough for them. */
bool ranges_fit(const struct body *body);

/* Called once.  `request` is the first one, ended, and belongs to the ranges; the caller owns
 * `failure`, which is NULL when there is an answer, of any status.  May free the ranges. */
typedef void ranges_done(void *context, struct request *request, struct error *failure);

/* As request_start(), of a GET with a body. */
struct ranges *ranges_start(struct engine *engine, const struct request_options *options,
			    ranges_done *done, void *context, struct error **err);
void ranges_free(struct ranges *ranges); /* cancels what has not ended */
DEFINE_CLEANUP(struct ranges, ranges_free)
#define AUTO_RANGES CLEANUP(ranges_free_at)

#endif
