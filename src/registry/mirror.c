/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/mirror.h"

#include "base/error.h"
#include "base/limits.h"
#include "base/observer.h"
#include "base/xalloc.h"
#include "http/engine.h"
#include "http/request.h"
#include "registry/auth/token_cache.h"
#include "registry/endpoint.h"
#include "registry/host.h"

unsigned
mirror_request_flags(const struct endpoint *endpoint)
{
	if (!endpoint->mirrored)
		return 0;
	return REQUEST_NO_RETRY |
	       (endpoint->host->is_warming ? REQUEST_PATIENT | REQUEST_UNTIMED : REQUEST_IMPATIENT);
}

bool
mirror_may_be_warming(const struct endpoint *endpoint, int status, const struct error *failure)
{
	return endpoint->mirrored && status == 0 && error_has_class(failure, CLASS_TIMEOUT) &&
	       !endpoint->host->is_given_up;
}

struct request *
mirror_ask_whether_warming(const struct endpoint *mirror, request_done *done, void *context,
			   struct error **err)
{
	AUTO_FREE char *url = xasprintf("%s/v2/", mirror->host->url);
	struct request_options options = {
		.method = HTTP_GET,
		.url = url,
		.flags = REQUEST_NO_RETRY | REQUEST_NO_REDIRECT | REQUEST_IMPATIENT,
	};

	return request_start(mirror->registry->engine, &options, done, context, err);
}

bool
mirror_is_warming(struct endpoint *mirror, const struct request *answer)
{
	struct host *host = mirror->host;
	int status = request_status(answer);

	/* Another status may be a proxy's, which is not the mirror itself. */
	if (status != 200 && status != 401)
		return false;
	if (!host->is_warming)
		observer_tell(engine_observer(mirror->registry->engine), EVENT_NOTICE,
			      "the mirror '%s' is still fetching; waiting up to %d s", host->name,
			      MIRROR_WARM_TIMEOUT_S);
	host->is_warming = true;
	return true;
}

/* An earlier run may have found that its host does not serve. */
static bool
may_be_asked(struct endpoint *mirror)
{
	struct host *host = mirror->host;

	if (!host->mirror_was_recalled && !host->is_given_up)
		host->is_given_up =
			token_cache_has_mark(host->cache, MARK_MIRROR_FAILED, host->origin_text);
	host->mirror_was_recalled = true;
	return !host->is_given_up && !mirror->is_given_up;
}

struct endpoint *
mirror_next(const struct endpoint *endpoint, size_t *at, bool by_tag)
{
	while (*at < endpoint->mirror_count) {
		struct endpoint *mirror = endpoint->mirrors[(*at)++];

		if ((!by_tag || mirror->resolves) && may_be_asked(mirror))
			return mirror;
	}
	return NULL;
}

void
mirror_note_failure(struct endpoint *mirror, int status, const struct error *failure,
		    const char *what)
{
	struct host *host = mirror->host;
	struct observer *observer = engine_observer(mirror->registry->engine);

	if (status == 404) {
		observer_tell(observer, EVENT_TRACE, "the mirror '%s' does not have '%s'",
			      host->name, what);
		return;
	}
	if (host->is_given_up || mirror->is_given_up)
		return;
	mirror->is_given_up = true;
	if (status == 0 || status == 429 || status >= 500) {
		host->is_given_up = true;
		token_cache_keep_mark(host->cache, MARK_MIRROR_FAILED, host->origin_text);
	}
	observer_tell(observer, EVENT_NOTICE, "cannot use the mirror '%s': %s; asking '%s'",
		      host->name, failure ? error_text(failure) : "it sent no valid answer",
		      mirror->mirrored);
}
