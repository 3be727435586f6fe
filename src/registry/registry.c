/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/registry.h"

#include <string.h>

#include "base/error.h"
#include "base/xalloc.h"
#include "http/origin.h"
#include "oci/reference.h"
#include "registry/auth/credentials.h"
#include "registry/auth/token_cache.h"
#include "registry/endpoint.h"
#include "registry/host.h"

struct registry *
registry_new(struct engine *engine, const struct registry_options *options, struct error **err)
{
	struct registry *registry;

	if (options->anonymous && (options->username || options->password)) {
		error_set(err, ERROR_USAGE, "--anonymous and --username exclude each other");
		return NULL;
	}
	if (options->username && !options->login_host) {
		error_set(err, ERROR_USAGE, "--username requires an operand that names a registry");
		return NULL;
	}
	registry = XNEW(struct registry);
	registry->engine = engine;
	registry->options = *options;
	registry->mirror_options = *options;
	registry->mirror_options.username = NULL;
	registry->mirror_options.password = NULL;
	registry->cache = options->no_token_cache ? NULL : token_cache_new();
	return registry;
}

void
registry_free(struct registry *registry)
{
	if (!registry)
		return;
	for (size_t i = 0; i < registry->endpoint_count; i++)
		endpoint_free(registry->endpoints[i]);
	for (size_t i = 0; i < registry->host_count; i++)
		host_free(registry->hosts[i]);
	token_cache_free(registry->cache);
	free(registry->endpoints);
	free(registry->hosts);
	free(registry);
}

/* The key of a host: one host a space, when files have credentials for spaces below it. */
struct host_key {
	const char *name;
	const char *space;
	const char *url; /* NULL: the host itself, else a mirror's */
};

/* The credentials in flags are not for mirrors. */
static const struct registry_options *
options_for(const struct registry *registry, const struct host_key *key)
{
	return key->url ? &registry->mirror_options : &registry->options;
}

static struct host *
find_host(const struct registry *registry, const struct host_key *key)
{
	const struct registry_options *options = options_for(registry, key);

	for (size_t i = 0; i < registry->host_count; i++) {
		struct host *host = registry->hosts[i];

		if (host->options == options && strcmp(host->name, key->name) == 0 &&
		    strcmp(host->space, key->space) == 0 &&
		    (!key->url || strcmp(host->url, key->url) == 0))
			return host;
	}
	return NULL;
}

static struct host *
open_host(struct registry *registry, const struct host_key *key, struct error **err)
{
	struct host *host = find_host(registry, key);

	if (host)
		return host;
	host = host_new(registry->engine, options_for(registry, key), key->name, key->url, err);
	if (!host)
		return NULL;
	host_set_space(host, key->space);
	host->cache = registry->cache;
	host->is_mirror = key->url;
	registry->hosts = xgrow(registry->hosts, registry->host_count, sizeof(struct host *));
	registry->hosts[registry->host_count++] = host;
	return host;
}

/* A mirror's URL: "https://harbor.example:8443/proxy/ghcr/" */
struct mirror_url {
	char *name;   /* "harbor.example:8443", of its credentials */
	char *base;   /* "https://harbor.example:8443" */
	char *prefix; /* "proxy/ghcr/", before the repository's name; "" */
};

static void
mirror_url_release(struct mirror_url *url)
{
	free(url->name);
	free(url->base);
	free(url->prefix);
}

static int
parse_mirror_url(const char *url, struct mirror_url *ret_url, struct error **err)
{
	AUTO_ORIGIN struct origin origin = { 0 };
	const char *path;
	size_t size;

	if (origin_parse(url, &origin, err) < 0)
		return -1;
	path = strstr(url, "://") + strlen("://");
	path += strcspn(path, "/");
	path += strspn(path, "/");
	for (size = strlen(path); size > 0 && path[size - 1] == '/';)
		size--;
	ret_url->prefix = xasprintf("%.*s%s", (int)size, path, size > 0 ? "/" : "");
	if (strcmp(origin.port, strcmp(origin.scheme, "https") == 0 ? "443" : "80") == 0)
		ret_url->name = xstrdup(origin.host);
	else
		ret_url->name = xasprintf("%s:%s", origin.host, origin.port);
	ret_url->base = xasprintf("%s://%s", origin.scheme, ret_url->name);
	return 0;
}

static int
add_mirror(struct endpoint *endpoint, const struct registry_mirror *added, struct error **err)
{
	struct registry *registry = endpoint->registry;
	CLEANUP(mirror_url_release) struct mirror_url url = { 0 };
	AUTO_FREE char *name = NULL;
	struct endpoint *mirror;
	struct host *host;

	if (parse_mirror_url(added->url, &url, err) < 0)
		return error_wrap(err, "mirror");
	host = open_host(registry,
			 &(struct host_key){ .name = url.name, .space = url.name, .url = url.base },
			 err);
	if (!host)
		return error_wrap(err, "mirror");
	name = xasprintf("%s%s", url.prefix, endpoint->name);
	mirror = endpoint_new(registry, host, name);
	mirror->mirrored = endpoint->host->name;
	mirror->resolves = added->resolves;
	endpoint->mirrors =
		xgrow(endpoint->mirrors, endpoint->mirror_count, sizeof(struct endpoint *));
	endpoint->mirrors[endpoint->mirror_count++] = mirror;
	return 0;
}

static int
add_mirrors(struct endpoint *endpoint, struct error **err)
{
	const struct registry_options *options = &endpoint->registry->options;

	for (size_t i = 0; i < options->mirror_count; i++) {
		const struct registry_mirror *mirror = &options->mirrors[i];

		if (strcmp(mirror->host, endpoint->host->name) == 0 &&
		    add_mirror(endpoint, mirror, err) < 0)
			return -1;
	}
	return 0;
}

static struct endpoint *
find_endpoint(const struct registry *registry, const struct reference *reference)
{
	for (size_t i = 0; i < registry->endpoint_count; i++) {
		struct endpoint *endpoint = registry->endpoints[i];

		if (strcmp(endpoint->host->name, reference->host) == 0 &&
		    strcmp(endpoint->name, reference->name) == 0)
			return endpoint;
	}
	return NULL;
}

struct endpoint *
endpoint_open(struct registry *registry, const struct reference *reference, struct error **err)
{
	struct endpoint *endpoint = find_endpoint(registry, reference);
	AUTO_FREE char *space = NULL;
	struct host *host;

	if (endpoint)
		return endpoint;
	space = credential_space(&registry->options, reference->host, reference->name);
	host = open_host(registry, &(struct host_key){ .name = reference->host, .space = space },
			 err);
	if (!host)
		return NULL;
	endpoint = endpoint_new(registry, host, reference->name);
	if (add_mirrors(endpoint, err) < 0) {
		endpoint_free(endpoint);
		return NULL;
	}
	registry->endpoints =
		xgrow(registry->endpoints, registry->endpoint_count, sizeof(struct endpoint *));
	registry->endpoints[registry->endpoint_count++] = endpoint;
	return endpoint;
}

void
endpoint_write(struct endpoint *endpoint)
{
	endpoint->is_written = true;
}
