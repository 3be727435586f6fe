/* SPDX-License-Identifier: Apache-2.0 */
/* problem.h - the error in a registry's answer
 *
 *     {"errors": [{"code": "DENIED", "message": "...", "detail": ...}]}
 *
 * distribution-spec, "Error codes".  Token servers and proxies send other objects, HTML or
 * nothing; then the kind of error comes from the status alone.
 */
#ifndef OCIFP_REGISTRY_PROBLEM_H
#define OCIFP_REGISTRY_PROBLEM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"

struct error;
struct request;

struct problem {
	int http_status;
	char *code;       /* of the first error, quoted; NULL: none */
	char *message;    /* its message, quoted; NULL: none */
	char *request_id; /* quoted; NULL: none */
	char *tries;      /* of request_tries(); NULL: not known */
	bool is_page;     /* HTML: from a proxy or a captive portal */
};

/* Never fails; unreadable parts are omitted. */
void problem_parse(int http_status, const void *bytes, size_t size, struct problem *ret_problem);
void problem_read(const struct request *request, struct problem *ret_problem);
void problem_release(struct problem *problem);
#define AUTO_PROBLEM CLEANUP(problem_release)

bool problem_has_code(const struct problem *problem, const char *code);

/* Ignores case; false without a message. */
bool problem_mentions(const struct problem *problem, const char *text);

struct problem_context {
	const char *host;
	const char *credential_source; /* of the credential that was sent; NULL: none */
	bool for_push;
	bool is_plain; /* http */
};

/*
 * 401, 403           ERROR_DENIED           429, TOOMANYREQUESTS   ERROR_RATE
 * 413, 507, "quota"  ERROR_FAILURE "quota"  408, 425, 5xx          ERROR_UNAVAILABLE
 * 404                ERROR_UNAVAILABLE "not_found"
 * anything else      ERROR_UNAVAILABLE "protocol"
 */
int problem_set_error(const struct problem *problem, const struct problem_context *context,
		      struct error **err);

#endif
