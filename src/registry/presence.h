/* presence.h - present, proven absent, or unknown
 *
 * A build and a push follow an absence, so it needs proof.  This module alone decides:
 *
 * PRESENT   a 200 whose content has the digest it should have.
 * ABSENT    a 404 with code MANIFEST_UNKNOWN, NAME_UNKNOWN or NOT_FOUND whose message does not
 *           speak of Accept; or a 404 without a code when /v2/ answers 200 and a second GET agrees;
 *           and only from the registry's own origin, when the request was not challenged, or its
 *           token (anonymous too) was taken.
 * UNKNOWN   anything else: 401, 403, HTML, a proxy's page, a timeout, 429, 5xx.
 *
 * distribution-spec, "Pulling manifests" and "Error codes".
 */
#ifndef OCIFP_REGISTRY_PRESENCE_H
#define OCIFP_REGISTRY_PRESENCE_H

#include <stdbool.h>

#include "base/cleanup.h"

enum presence { PRESENCE_UNKNOWN, PRESENCE_PRESENT, PRESENCE_ABSENT };

/* What an answer rests on; for `exists --json`. */
struct evidence {
	enum presence presence;
	int http_status;       /* 0: no HTTP answer, or a local layout */
	char *code;            /* the registry's error code; NULL: none */
	char *message;         /* its message, quoted; NULL: none */
	bool is_page;          /* HTML: a proxy or a portal spoke */
	bool is_elsewhere;     /* another origin spoke, where a redirect led */
	char *accept;          /* the Accept that was sent */
	char *request_id;      /* X-GitHub-Request-Id, X-Request-Id...; NULL: none */
	bool challenged;       /* a 401 came first */
	bool authorized;       /* the answered request had a token or password */
	bool registry_answers; /* /v2/ = 200, when it had to be asked */
	bool confirmed;        /* a second GET agreed, when it had to be asked */
	char *first_answer;    /* "404", when a second GET gave the rest; NULL: none was needed */
};

const char *presence_name(enum presence presence); /* "present", "absent", "unknown" */
void evidence_release(struct evidence *evidence);
#define AUTO_EVIDENCE CLEANUP(evidence_release)

/* A registry's code for "there is no such manifest or repository". */
bool presence_code_is_absence(const char *code);

/* How far a 404 proves absence by itself. */
enum absence_proof { ABSENCE_PROVEN, ABSENCE_NEEDS_CONFIRMATION, ABSENCE_NOT_PROVEN };
enum absence_proof presence_judge_404(const struct evidence *evidence);

#endif
