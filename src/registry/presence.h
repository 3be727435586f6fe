/* SPDX-License-Identifier: Apache-2.0 */
/* presence.h - present, proven absent, or unknown
 *
 * A build and a push follow from absence, so absence has to be proven.  Only this module decides:
 *
 * PRESENT   a 200 whose content matches its digest.
 * ABSENT    a 404 with code MANIFEST_UNKNOWN, NAME_UNKNOWN or NOT_FOUND whose message does not
 *           mention Accept; or a 404 without a code when /v2/ answers 200 and a second GET agrees;
 *           and only from the registry's own origin, if the request was not challenged, or its
 * token (also an anonymous one) was accepted. UNKNOWN   anything else: 401, 403, HTML, a proxy's
 * page, a timeout, 429, 5xx.
 *
 * distribution-spec, "Pulling manifests" and "Error codes".
 */
#ifndef OCIFP_REGISTRY_PRESENCE_H
#define OCIFP_REGISTRY_PRESENCE_H

#include <stdbool.h>

#include "base/cleanup.h"

enum presence { PRESENCE_UNKNOWN, PRESENCE_PRESENT, PRESENCE_ABSENT };

/* The evidence for an answer; shown by `exists --json`. */
struct evidence {
	enum presence presence;
	int http_status;       /* 0: no HTTP answer, or a local layout */
	char *code;            /* the registry's error code; NULL: none */
	char *message;         /* its message, quoted; NULL: none */
	bool is_page;          /* HTML: from a proxy or a captive portal */
	bool is_elsewhere;     /* from another origin, after a redirect */
	char *accept;          /* the Accept that was sent */
	char *request_id;      /* X-GitHub-Request-Id, X-Request-Id...; NULL: none */
	bool challenged;       /* a 401 came first */
	bool authorized;       /* the answered request had a token or password */
	bool registry_answers; /* /v2/ = 200, if it was requested */
	bool confirmed;        /* a second GET agreed, if one was sent */
	char *first_answer;    /* "404", if a second GET gave the rest; else NULL */
};

const char *presence_name(enum presence presence); /* "present", "absent", "unknown" */
void evidence_release(struct evidence *evidence);
#define AUTO_EVIDENCE CLEANUP(evidence_release)

/* An error code for a manifest or repository that does not exist. */
bool presence_code_is_absence(const char *code);

/* Whether a 404 alone proves absence. */
enum absence_proof { ABSENCE_PROVEN, ABSENCE_NEEDS_CONFIRMATION, ABSENCE_NOT_PROVEN };
enum absence_proof presence_judge_404(const struct evidence *evidence);

#endif
