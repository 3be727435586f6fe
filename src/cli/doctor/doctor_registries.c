/* SPDX-License-Identifier: Apache-2.0 */
#include "base/deadline.h"
#include "base/error.h"
#include "base/xalloc.h"
#include "cli/context.h"
#include "cli/doctor/doctor.h"
#include "cli/doctor/findings.h"
#include "http/engine.h"
#include "http/request.h"
#include "registry/auth/credentials.h"

void
doctor_credentials(struct findings *findings, struct context *context, const struct strings *hosts)
{
	findings_begin(findings, "credentials");
	for (size_t i = 0; i < hosts->count; i++) {
		AUTO_STRINGS struct strings lines = { 0 };
		AUTO_ERROR struct error *error = NULL;

		if (credential_explain(&context->options.session.registry, hosts->items[i], &lines,
				       &error) < 0)
			findings_add(findings, hosts->items[i], FINDING_PROBLEM, "%s",
				     error_text(error));
		else
			findings_add(findings, hosts->items[i], FINDING_OK, "%s",
				     lines.count > 0 ? lines.items[lines.count - 1] : "none");
	}
}

static void
add_answer(struct findings *findings, const char *host, const struct request *request, int64_t ms)
{
	int status = request_status(request);
	const char *said = "answers";

	if (status == 401)
		said = "answers, and wants a login or a token";
	else if (status != 200)
		said = "does not answer like a registry";
	findings_add(findings, host, status == 200 || status == 401 ? FINDING_OK : FINDING_PROBLEM,
		     "%s (%d, %lld ms)", said, status, (long long)ms);
}

void
doctor_registries(struct findings *findings, struct context *context, const struct strings *hosts)
{
	findings_begin(findings, "registries");
	for (size_t i = 0; i < hosts->count; i++) {
		AUTO_ERROR struct error *error = NULL;
		AUTO_REQUEST struct request *request = NULL;
		int64_t start_ms = deadline_now_ms();
		struct engine *engine = session_engine(context_session(context), &error);

		if (engine) {
			const char *scheme = engine_allows_plain_http(engine, hosts->items[i])
						     ? "http"
						     : "https";
			AUTO_FREE char *url = xasprintf("%s://%s/v2/", scheme, hosts->items[i]);

			request = request_perform(
				engine,
				&(struct request_options){
					.method = HTTP_GET,
					.url = url,
					.flags = REQUEST_NO_REDIRECT | REQUEST_NO_RETRY,
				},
				&error);
		}
		if (request)
			add_answer(findings, hosts->items[i], request,
				   deadline_now_ms() - start_ms);
		else
			findings_add(findings, hosts->items[i], FINDING_PROBLEM, "%s",
				     error_text(error));
	}
}
