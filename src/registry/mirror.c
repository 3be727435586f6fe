/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/mirror.h"

#include "base/error.h"
#include "base/limits.h"
#include "base/observer.h"
#include "http/engine.h"
#include "http/request.h"
#include "registry/auth/token_cache.h"
#include "registry/endpoint.h"
#include "registry/host.h"

unsigned
mirror_request_flags(const struct endpoint *endpoint)
{
	return endpoint->mirrored ? REQUEST_NO_RETRY | REQUEST_IMPATIENT : 0;
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
