/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "http/request.h"
#include "registry/answer.h"
#include "registry/auth/credentials.h"
#include "registry/auth/scope_auth.h"
#include "registry/endpoint.h"
#include "registry/host.h"
#include "registry/problem.h"

static int
judge(const struct host *host, const struct request *request, struct error **err)
{
	AUTO_PROBLEM struct problem problem = { 0 };
	struct problem_context context = {
		.host = host->name,
		.credential_source = host->credential.source,
	};

	if (request_status(request) == 200 && !answer_is_page(request)) {
		AUTO_FREE char *realm = NULL;

		if (!request_was_authorized(request)) {
			error_set(err, ERROR_USAGE,
				  "cannot check the password: '%s' answers without a login",
				  host->name);
			return error_set_hint(err, "use the registry without a login, or write the "
						   "credentials file yourself");
		}
		if (!host->told_of_realm)
			return 0;
		/* An anonymous token does not prove the password, which was not sent. */
		realm = text_quote_url(host->realm);
		error_set(err, ERROR_REFUSED,
			  "cannot check the password: '%s' names the token server '%s' on another "
			  "host, and "
			  "the password was not sent there",
			  host->name, realm);
		error_set_class(err, CLASS_REALM);
		return error_set_hint(err,
				      "use --trust-realm HOST if that server may get the password");
	}
	problem_read(request, &problem);
	return problem_set_error(&problem, &context, err);
}

static int
ask(struct registry *registry, struct host *host, struct scope_auth *scope_auth, struct error **err)
{
	AUTO_FREE char *url = xasprintf("%s/v2/", host->url);
	AUTO_REQUEST struct request *request = NULL;
	struct request_options options = {
		.method = HTTP_GET,
		.url = url,
		.authorizer = scope_auth_authorizer(scope_auth),
		.flags = REQUEST_NO_REDIRECT,
	};

	request = request_perform(registry->engine, &options, err);
	return request ? judge(host, request, err) : -1;
}

/* Uses a host of its own, without cached tokens and other credentials. */
int
registry_check_login(struct registry *registry, const char *name,
		     const struct credential *credential, struct error **err)
{
	AUTO_HOST struct host *host =
		host_new(registry->engine, &registry->options, name, NULL, err);
	struct scope_auth *scope_auth;
	int result;

	if (!host)
		return -1;
	host->credential = (struct credential){
		.username = xstrdup_null(credential->username),
		.password = xstrdup_null(credential->password),
		.identity_token = xstrdup_null(credential->identity_token),
		.source =
			xstrdup(credential->source ? credential->source : "the given credentials"),
		.is_explicit = true,
	};
	host->has_credential = true;
	host->credential_was_sought = true;
	scope_auth = scope_auth_new(host, "");
	result = ask(registry, host, scope_auth, err);
	scope_auth_free(scope_auth);
	return result;
}
