/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/host.h"

#include <string.h>

#include "base/error.h"
#include "base/observer.h"
#include "base/xalloc.h"
#include "http/challenge.h"
#include "http/engine.h"
#include "registry/auth/token_cache.h"
#include "registry/registry.h"

/* Docker Hub serves docker.io from another host. */
static const char *
serving_host(const char *name)
{
	if (strcmp(name, "docker.io") == 0 || strcmp(name, "index.docker.io") == 0)
		return "registry-1.docker.io";
	return name;
}

static bool
is_loopback(const char *name)
{
	AUTO_FREE char *url = xasprintf("http://%s/", name);
	AUTO_ORIGIN struct origin origin = { 0 };
	AUTO_ERROR struct error *ignored = NULL;

	return origin_parse(url, &origin, &ignored) == 0 && origin_is_loopback(&origin);
}

static char *
choose_url(const struct engine *engine, const struct registry_options *options, const char *name)
{
	const char *host = serving_host(name);
	bool is_plain = engine_allows_plain_http(engine, host);

	if (is_plain && options->loopback_tls && is_loopback(host))
		is_plain = false;
	return xasprintf("%s://%s", is_plain ? "http" : "https", host);
}

struct host *
host_new(struct engine *engine, const struct registry_options *options, const char *name,
	 const char *url, struct error **err)
{
	AUTO_HOST struct host *host = XNEW(struct host);

	host->engine = engine;
	host->options = options;
	upload_policy_init(&host->uploads);
	host->name = xstrdup(name);
	host->space = xstrdup(name);
	host->url = url ? xstrdup(url) : choose_url(engine, options, name);
	if (origin_parse(host->url, &host->origin, err) < 0)
		return NULL;
	host->is_plain = strcmp(host->origin.scheme, "http") == 0;
	host->origin_text =
		xasprintf("%s://%s:%s", host->origin.scheme, host->origin.host, host->origin.port);
	return TAKE_PTR(host);
}

void
host_free(struct host *host)
{
	if (!host)
		return;
	credential_release(&host->credential);
	origin_release(&host->origin);
	free(host->name);
	free(host->space);
	free(host->url);
	free(host->origin_text);
	free(host->realm);
	free(host->service);
	free(host->dropped_source);
	free(host);
}

void
host_set_space(struct host *host, const char *space)
{
	free(host->space);
	host->space = xstrdup(space);
}

int
host_credential(struct host *host, const struct credential **ret_credential, struct error **err)
{
	if (!host->credential_was_sought &&
	    credential_find(host->options, host->space, &host->credential, &host->has_credential,
			    err) < 0)
		return -1;
	host->credential_was_sought = true;
	*ret_credential = host->has_credential ? &host->credential : NULL;
	return 0;
}

void
host_drop_credential(struct host *host)
{
	if (!host->has_credential)
		return;
	observer_tell(engine_observer(host->engine), EVENT_NOTICE,
		      "'%s' refused %s; reading without a login", host->name,
		      host->credential.source);
	free(host->dropped_source);
	host->dropped_source = TAKE_PTR(host->credential.source);
	credential_release(&host->credential);
	host->has_credential = false;
}

static void
set_bearer(struct host *host, const char *realm, const char *service)
{
	char *realm_copy = xstrdup(realm);
	char *service_copy = xstrdup_null(service);

	free(host->realm);
	free(host->service);
	host->realm = realm_copy;
	host->service = service_copy;
	host->scheme = HOST_BEARER;
}

void
host_recall(struct host *host)
{
	AUTO_KEPT_CHALLENGE struct kept_challenge kept = { 0 };

	if (host->was_recalled)
		return;
	host->was_recalled = true;
	if (!token_cache_find_challenge(host->cache, host->origin_text, &kept))
		return;
	host->scheme_is_kept = true;
	if (kept.is_basic)
		host->scheme = HOST_BASIC;
	else
		set_bearer(host, kept.realm, kept.service);
}

void
host_forget_kept(struct host *host)
{
	token_cache_forget_challenge(host->cache, host->origin_text);
	host->scheme_is_kept = host->scheme_is_assumed = false;
	host->scheme = HOST_OPEN;
}

bool
host_takes_direct(const struct host *host)
{
	return strcmp(host->origin_text, "https://ghcr.io:443") == 0 && !host->refuses_direct &&
	       !token_cache_has_mark(host->cache, MARK_DIRECT_BEARER_FAILED, host->origin_text);
}

void
host_refuse_direct(struct host *host)
{
	host->refuses_direct = true;
	token_cache_keep_mark(host->cache, MARK_DIRECT_BEARER_FAILED, host->origin_text);
}

void
host_assume_bearer(struct host *host)
{
	if (host->scheme != HOST_OPEN)
		return;
	set_bearer(host, "https://ghcr.io/token", "ghcr.io");
	host->scheme_is_kept = host->scheme_is_assumed = true;
}

void
host_keep_assumed(struct host *host)
{
	struct kept_challenge kept = { .realm = host->realm, .service = host->service };

	if (!host->scheme_is_assumed)
		return;
	host->scheme_is_assumed = false;
	token_cache_keep_challenge(host->cache, host->origin_text, &kept);
}

static bool
is_same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

void
host_learn_basic(struct host *host)
{
	struct kept_challenge kept = { .is_basic = true };
	bool is_known = host->scheme_is_kept && host->scheme == HOST_BASIC;

	host->scheme = HOST_BASIC;
	host->scheme_is_kept = false;
	if (!is_known)
		token_cache_keep_challenge(host->cache, host->origin_text, &kept);
}

void
host_learn_bearer(struct host *host, const struct challenge *challenge)
{
	struct kept_challenge kept = { .realm = challenge->realm, .service = challenge->service };
	bool is_known = host->scheme == HOST_BEARER && is_same(host->realm, challenge->realm) &&
			is_same(host->service, challenge->service) && !host->scheme_is_assumed;

	host->scheme_is_kept = host->scheme_is_assumed = false;
	if (is_known)
		return;
	set_bearer(host, challenge->realm, challenge->service);
	token_cache_keep_challenge(host->cache, host->origin_text, &kept);
}
