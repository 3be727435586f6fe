/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/endpoint.h"

#include <string.h>

#include "base/error.h"
#include "base/xalloc.h"
#include "http/origin.h"
#include "http/request.h"
#include "oci/digest.h"
#include "registry/auth/scope_auth.h"
#include "registry/host.h"
#include "registry/presence.h"
#include "registry/problem.h"

struct endpoint *
endpoint_new(struct registry *registry, struct host *host, const char *name)
{
	struct endpoint *endpoint = XNEW(struct endpoint);

	endpoint->registry = registry;
	endpoint->host = host;
	endpoint->name = xstrdup(name);
	endpoint->base_url = xasprintf("%s/v2/%s", host->url, name);
	return endpoint;
}

void
endpoint_free(struct endpoint *endpoint)
{
	if (!endpoint)
		return;
	for (size_t i = 0; i < endpoint->mirror_count; i++)
		endpoint_free(endpoint->mirrors[i]);
	for (size_t i = 0; i < endpoint->scope_auth_count; i++)
		scope_auth_free(endpoint->scope_auths[i]);
	free(endpoint->mirrors);
	free(endpoint->scope_auths);
	free(endpoint->base_url);
	free(endpoint->name);
	free(endpoint);
}

static char *
name_scopes(const struct endpoint *endpoint, enum access access, const char *mount_from)
{
	static const char *const names[] = {
		[ACCESS_PULL] = "pull",
		[ACCESS_PUSH] = "pull,push",
		/* Registries require "delete", "push" or "*" for a deletion. */
		[ACCESS_DELETE] = "pull,push,delete",
	};
	const char *actions = names[access];

	if (!mount_from)
		return xasprintf("repository:%s:%s", endpoint->name, actions);
	return xasprintf("repository:%s:%s repository:%s:pull", endpoint->name, actions,
			 mount_from);
}

static bool
allows_direct(const struct endpoint *endpoint, enum access access, const char *mount_from)
{
	return access == ACCESS_PULL && !mount_from && !endpoint->mirrored &&
	       !endpoint->is_written && endpoint->registry->options.direct_bearer;
}

struct scope_auth *
endpoint_scope_auth(struct endpoint *endpoint, enum access access, const char *mount_from)
{
	AUTO_FREE char *scopes = name_scopes(endpoint, access, mount_from);
	struct scope_auth *scope_auth = NULL;

	for (size_t i = 0; i < endpoint->scope_auth_count && !scope_auth; i++)
		if (strcmp(scope_auth_scopes(endpoint->scope_auths[i]), scopes) == 0)
			scope_auth = endpoint->scope_auths[i];
	if (scope_auth) {
		scope_auth_allow_direct(scope_auth, allows_direct(endpoint, access, mount_from));
		return scope_auth;
	}
	scope_auth = scope_auth_new(endpoint->host, scopes);
	scope_auth_allow_direct(scope_auth, allows_direct(endpoint, access, mount_from));
	endpoint->scope_auths = xgrow(endpoint->scope_auths, endpoint->scope_auth_count,
				      sizeof(struct scope_auth *));
	endpoint->scope_auths[endpoint->scope_auth_count++] = scope_auth;
	return scope_auth;
}

char *
endpoint_url(const struct endpoint *endpoint, const char *path, struct error **err)
{
	AUTO_FREE char *url = xasprintf("%s%s", endpoint->base_url, path);

	if (endpoint->mirrored)
		return url_add_query(url, "ns", endpoint->mirrored, err);
	return TAKE_PTR(url);
}

struct request *
endpoint_perform(struct endpoint *endpoint, enum access access,
		 const struct request_options *options, struct error **err)
{
	struct scope_auth *scope_auth = endpoint_scope_auth(endpoint, access, NULL);
	AUTO_REQUEST struct request *request = NULL;
	struct request_options authorized = *options;

	authorized.authorizer = scope_auth_authorizer(scope_auth);
	authorized.pace = &endpoint->host->writes;
	request = request_perform(endpoint->registry->engine, &authorized, err);
	if (request)
		scope_auth_settle(scope_auth, request);
	if (!request || !scope_auth_reconsider(scope_auth, request))
		return TAKE_PTR(request);
	return request_perform(endpoint->registry->engine, &authorized, err);
}

int
endpoint_wrap(const struct endpoint *endpoint, const char *tag, const struct digest *digest,
	      struct error **err)
{
	return error_wrap(err, "'%s/%s%s%s'", endpoint->host->name, endpoint->name,
			  digest ? "@" : ":", digest ? digest_text(digest).text : tag);
}

int
endpoint_refuse(const struct endpoint *endpoint, enum access access, const struct request *request,
		struct error **err)
{
	const struct host *host = endpoint->host;
	AUTO_PROBLEM struct problem problem = { 0 };
	struct problem_context context = {
		.host = host->name,
		.credential_source = host->has_credential ? host->credential.source : NULL,
		.for_push = access != ACCESS_PULL,
		.is_plain = host->is_plain,
	};

	problem_read(request, &problem);
	return problem_set_error(&problem, &context, err);
}

int
endpoint_refuse_or_absent(const struct endpoint *endpoint, enum access access,
			  const struct request *request, const char *what, struct error **err)
{
	AUTO_PROBLEM struct problem problem = { 0 };
	struct evidence evidence = {
		.http_status = request_status(request),
		.challenged = request_was_challenged(request),
		.authorized = request_was_authorized(request),
		.is_elsewhere = request_left_origin(request),
	};

	problem_read(request, &problem);
	evidence.code = problem.code;
	evidence.message = problem.message;
	evidence.is_page = problem.is_page;
	if (presence_judge_404(&evidence) != ABSENCE_PROVEN)
		return endpoint_refuse(endpoint, access, request, err);
	error_set(err, ERROR_ABSENT, "the registry does not have this %s", what);
	return error_set_remote(err, &(struct error_remote){ .http_status = problem.http_status,
							     .code = problem.code,
							     .request_id = problem.request_id });
}
