/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/problem.h"

#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "http/request.h"
#include "oci/document.h"
#include "registry/answer.h"
#include "registry/presence.h"

static const char *const request_id_headers[] = {
	"X-GitHub-Request-Id", "X-Request-Id", "X-Amzn-RequestId", "X-Ms-Request-Id", "Request-Id",
};

/* Members in which token servers and API gateways put their message. */
static const char *const message_members[] = {
	"message",
	"details",
	"error_description",
	"error",
};

static char *
quote_member(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text && *text ? text_quote_string(text) : NULL;
}

static void
read_plain_object(const json_t *document, struct problem *problem)
{
	for (size_t i = 0; i < COUNT_OF(message_members); i++) {
		problem->message = quote_member(document, message_members[i]);
		if (problem->message)
			return;
	}
}

/* Of several errors, the first that is not about absence: with a refusal, absence is not proven. */
static const json_t *
choose_error(const json_t *errors)
{
	size_t i;
	json_t *error;

	json_array_foreach (errors, i, error) {
		const char *code = json_string_value(json_object_get(error, "code"));

		if (code && !presence_code_is_absence(code))
			return error;
	}
	return json_array_get(errors, 0);
}

static void
read_document(const json_t *document, struct problem *problem)
{
	const json_t *first = choose_error(json_object_get(document, "errors"));

	if (!first) {
		read_plain_object(document, problem);
		return;
	}
	problem->code = quote_member(first, "code");
	problem->message = quote_member(first, "message");
}

static bool
looks_like_page(const char *bytes, size_t size)
{
	while (size > 0 && strchr(" \t\r\n", *bytes)) {
		bytes++;
		size--;
	}
	return size > 0 && *bytes == '<';
}

void
problem_parse(int http_status, const void *bytes, size_t size, struct problem *ret_problem)
{
	AUTO_ERROR struct error *unreadable = NULL;
	AUTO_JSON json_t *document = NULL;
	struct problem problem = { .http_status = http_status };

	problem.is_page = looks_like_page(bytes, size);
	document = document_parse(bytes, size, &unreadable);
	if (document)
		read_document(document, &problem);
	*ret_problem = problem;
}

static char *
find_request_id(const struct request *request)
{
	for (size_t i = 0; i < COUNT_OF(request_id_headers); i++) {
		const char *value = request_header(request, request_id_headers[i]);

		if (value && *value)
			return text_quote_string(value);
	}
	return NULL;
}

void
problem_read(const struct request *request, struct problem *ret_problem)
{
	const struct buf *body = request_body(request);

	problem_parse(request_status(request), body->data, body->size, ret_problem);
	ret_problem->request_id = find_request_id(request);
	ret_problem->tries = request_tries(request);
	if (answer_is_page(request))
		ret_problem->is_page = true;
}

void
problem_release(struct problem *problem)
{
	free(problem->code);
	free(problem->message);
	free(problem->request_id);
	free(problem->tries);
	*problem = (struct problem){ 0 };
}

bool
problem_has_code(const struct problem *problem, const char *code)
{
	return problem->code && strcmp(problem->code, code) == 0;
}

bool
problem_mentions(const struct problem *problem, const char *text)
{
	return problem->message && strcasestr(problem->message, text);
}

struct verdict {
	enum error_kind kind;
	enum error_class error_class;
	bool retryable;
};

static bool
is_about_quota(const struct problem *problem)
{
	if (problem->http_status == 413 || problem->http_status == 507)
		return true;
	return problem->http_status == 403 &&
	       (problem_mentions(problem, "quota") || problem_mentions(problem, "storage limit"));
}

static struct verdict
judge(const struct problem *problem)
{
	if (is_about_quota(problem))
		return (struct verdict){ ERROR_FAILURE, CLASS_QUOTA, false };
	if (problem->http_status == 429 || problem_has_code(problem, "TOOMANYREQUESTS"))
		return (struct verdict){ ERROR_RATE, CLASS_NONE, true };
	if (problem->http_status == 401 || problem->http_status == 403)
		return (struct verdict){ ERROR_DENIED, CLASS_NONE, false };
	if (problem->http_status == 408 || problem->http_status == 425 ||
	    problem->http_status == 499 || problem->http_status >= 500)
		return (struct verdict){ ERROR_UNAVAILABLE, CLASS_SERVER, true };
	if (problem->http_status == 404 && !problem->is_page)
		return (struct verdict){ ERROR_UNAVAILABLE, CLASS_NOT_FOUND, false };
	return (struct verdict){ ERROR_UNAVAILABLE, CLASS_PROTOCOL, false };
}

static bool
is_github(const char *host)
{
	return strcmp(host, "ghcr.io") == 0;
}

static void
add_denied_hint(const struct problem_context *context, struct error **err)
{
	if (is_github(context->host) && context->for_push)
		error_set_hint(err, "a workflow needs 'permissions: packages: write', and the "
				    "package's settings (Manage Actions access) must give the "
				    "repository the role Write");
	else if (is_github(context->host) && context->credential_source)
		error_set_hint(err, "the token may have expired, lack 'read:packages', or the "
				    "package's settings do not give the repository access");
	else if (is_github(context->host))
		error_set_hint(err,
			       "without a login ghcr.io answers the same for private and missing "
			       "packages: set GITHUB_TOKEN or run 'ocifp login ghcr.io'");
	/* Of this run alone: no place that `auth explain` looks at. */
	else if (context->credential_source &&
		 (strcmp(context->credential_source, "--username") == 0 ||
		  strcmp(context->credential_source, "the given credentials") == 0))
		error_set_hint(err, "check the user name and the password or token");
	else if (context->credential_source)
		error_set_hint(err,
			       "they may have expired: run 'ocifp login %s', or see 'ocifp auth "
			       "explain %s'",
			       context->host, context->host);
	else
		error_set_hint(err, "run 'ocifp login %s'", context->host);
}

/* "'ghcr.io' refuses GITHUB_TOKEN", and so on. */
static char *
describe_refusal(const struct problem_context *context, enum error_kind kind)
{
	if (kind == ERROR_RATE)
		return xasprintf("'%s' limits our rate", context->host);
	if (kind != ERROR_DENIED)
		return xasprintf("'%s' answers", context->host);
	if (!context->credential_source)
		return xasprintf("'%s' refuses without a login", context->host);
	return xasprintf("'%s' refuses %s%s", context->host,
			 strchr(context->credential_source, '/') ? "the credentials of " : "",
			 context->credential_source);
}

int
problem_set_error(const struct problem *problem, const struct problem_context *context,
		  struct error **err)
{
	struct verdict verdict = judge(problem);
	AUTO_FREE char *conduct = describe_refusal(context, verdict.kind);
	/* "403 DENIED: requested access to the resource is denied" */
	AUTO_FREE char *answer =
		xasprintf("%d%s%s%s%s", problem->http_status, problem->code ? " " : "",
			  problem->code ? problem->code : "", problem->message ? ": " : "",
			  problem->message ? problem->message : "");
	struct error_remote remote = {
		.http_status = problem->http_status,
		.code = problem->code,
		.request_id = problem->request_id,
		.retryable = verdict.retryable,
	};

	error_set(err, verdict.kind, "%s: %s%s", conduct, answer,
		  problem->tries ? problem->tries : "");
	error_set_class(err, verdict.error_class);
	error_set_remote(err, &remote);
	if (verdict.kind == ERROR_DENIED)
		add_denied_hint(context, err);
	else if (verdict.kind == ERROR_RATE)
		error_set_hint(err, "wait, or log in: many registries then allow more requests");
	else if (verdict.kind == ERROR_FAILURE)
		error_set_hint(err, "free space at the registry, or ask for a larger quota");
	else if (context->is_plain && problem->http_status == 400 && !problem->code)
		error_set_hint(err,
			       "the request used plain http; for https omit --plain-http, and for "
			       "loopback addresses use --tls-ca");
	return -1;
}
