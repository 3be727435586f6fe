/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/auth/ci_login.h"

#include <string.h>
#include <strings.h>

#include "base/environment.h"
#include "base/error.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "http/origin.h"

enum server_kind { SERVER_GITHUB, SERVER_GHE_COM, SERVER_OTHER };

/* The server that issued GITHUB_TOKEN. */
struct server {
	enum server_kind kind;
	char *host;    /* without a port */
	char *name;    /* as in references: with a port that is not the scheme's default */
	bool is_forge; /* Forgejo or Gitea */
};

static void
server_release(struct server *server)
{
	free(server->host);
	free(server->name);
}

#define AUTO_SERVER CLEANUP(server_release)

static bool
is_default_port(const struct origin *origin)
{
	return strcmp(origin->port, strcmp(origin->scheme, "https") == 0 ? "443" : "80") == 0;
}

/* False: GITHUB_SERVER_URL is not a valid URL. */
static bool
find_server(struct server *server)
{
	const char *url = environment_find("GITHUB_SERVER_URL");
	AUTO_ORIGIN struct origin origin = { 0 };
	AUTO_ERROR struct error *ignored = NULL;
	bool is_plain_name;

	if (origin_parse(url ? url : "https://github.com", &origin, &ignored) < 0)
		return false;
	server->is_forge = environment_find("FORGEJO_ACTIONS") || environment_find("GITEA_ACTIONS");
	server->host = xstrdup(origin.host);
	server->name = is_default_port(&origin) ? xstrdup(origin.host)
						: xasprintf("%s:%s", origin.host, origin.port);
	is_plain_name = strcmp(origin.scheme, "https") == 0 && is_default_port(&origin);
	server->kind = SERVER_OTHER;
	if (is_plain_name && strcmp(origin.host, "github.com") == 0)
		server->kind = SERVER_GITHUB;
	else if (is_plain_name && text_ends(origin.host, ".ghe.com"))
		server->kind = SERVER_GHE_COM;
	return true;
}

static bool
has_registry(const struct server *server, const char *registry)
{
	AUTO_FREE char *containers = xasprintf("containers.%s", server->name);

	if (server->is_forge)
		return server->kind == SERVER_OTHER && strcmp(registry, server->name) == 0;
	switch (server->kind) {
	case SERVER_GITHUB:
		return strcmp(registry, "ghcr.io") == 0;
	case SERVER_GHE_COM:
		return strcmp(registry, containers) == 0;
	default:
		return strcmp(registry, server->name) == 0 || strcmp(registry, containers) == 0;
	}
}

bool
ci_login_is_github(const char *registry)
{
	AUTO_SERVER struct server server = { 0 };

	return find_server(&server) && has_registry(&server, registry);
}

static char *
default_api(const struct server *server)
{
	if (server->kind == SERVER_OTHER)
		return xasprintf("https://%s/api/v3", server->name);
	return xasprintf("https://api.%s", server->host);
}

static char *
trim_slashes(const char *url)
{
	size_t size = strlen(url);

	while (size > 0 && url[size - 1] == '/')
		size--;
	return xstrndup(url, size);
}

static int
check_api(const struct server *server, const char *registry, const char *url,
	  const struct origin *api, struct error **err)
{
	AUTO_FREE char *wanted_url = default_api(server);
	AUTO_ORIGIN struct origin wanted = { 0 };
	AUTO_FREE char *shown = text_quote_url(url);

	if (strcmp(api->scheme, "https") != 0)
		return error_set(err, ERROR_USAGE,
				 "invalid GITHUB_API_URL '%s': expected an https URL", shown);
	if (server->is_forge)
		return error_set(err, ERROR_DENIED,
				 "the GITHUB_TOKEN of Forgejo or Gitea is not for GitHub's "
				 "Packages API");
	if (!has_registry(server, registry))
		return error_set(err, ERROR_DENIED,
				 "the GITHUB_TOKEN of '%s' is not for the packages of '%s'",
				 server->name, registry);
	if (origin_parse(wanted_url, &wanted, err) < 0)
		return -1;
	if (origin_equal(api, &wanted))
		return 0;
	return error_set(err, ERROR_DENIED, "the GITHUB_TOKEN of '%s' is not for '%s'",
			 server->name, shown);
}

char *
ci_login_packages_api(const char *registry, struct error **err)
{
	const char *variable = environment_find("GITHUB_API_URL");
	AUTO_SERVER struct server server = { 0 };
	AUTO_ORIGIN struct origin api = { 0 };
	AUTO_FREE char *url = NULL;

	if (!find_server(&server)) {
		error_set(err, ERROR_USAGE, "invalid GITHUB_SERVER_URL: expected an https URL");
		return NULL;
	}
	url = variable ? trim_slashes(variable) : default_api(&server);
	if (origin_parse(url, &api, err) < 0) {
		error_wrap(err, "GITHUB_API_URL");
		return NULL;
	}
	if (origin_is_loopback(&api) || check_api(&server, registry, url, &api, err) == 0)
		return TAKE_PTR(url);
	error_set_hint(err, "the token is sent only to the server of GITHUB_SERVER_URL (default: "
			    "https://github.com)");
	return NULL;
}

bool
ci_login_is_gitlab(const char *registry)
{
	const char *is_gitlab = environment_find("GITLAB_CI");
	const char *name = environment_find("CI_REGISTRY");

	return is_gitlab && strcmp(is_gitlab, "true") == 0 && name &&
	       strcasecmp(name, registry) == 0;
}

bool
ci_login_trusts(const char *registry, const struct origin *realm)
{
	const char *url = environment_find("CI_SERVER_URL");
	AUTO_ORIGIN struct origin server = { 0 };
	AUTO_ERROR struct error *ignored = NULL;

	return url && ci_login_is_gitlab(registry) && origin_parse(url, &server, &ignored) == 0 &&
	       strcmp(server.scheme, "https") == 0 && origin_equal(&server, realm);
}
