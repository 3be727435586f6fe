/* ci_event.h - which change a CI job is run for, and what may come of it
 *
 * GitHub's variables and the event's payload, or GitLab's variables; each value is checked before
 * it is used.
 */
#ifndef OCIFP_PROJECT_CI_EVENT_H
#define OCIFP_PROJECT_CI_EVENT_H

#include <stdbool.h>

#include "base/cleanup.h"

struct strings;

enum ci_trust {
	CI_TRUSTED,      /* where `ensure --push auto` pushes */
	CI_PULL_REQUEST, /* of the same repository */
	CI_BRANCH,       /* a push to a branch that push_refs does not name */
	CI_READ_ONLY,    /* a fork, pull_request_target, workflow_run, no CI at all */
};

struct ci_event {
	enum ci_trust trust;
	const char *why_not;  /* of what is not trusted, a literal; NULL: trusted */
	char *branch;         /* that the change is on; NULL: not known, or of a fork */
	char *base;           /* where a pull request goes; NULL: none */
	char *default_branch; /* NULL: the CI system does not say */
	char *pull_request;   /* its number; NULL: none */
};

/* `push_refs` as for ci_pushes(). */
void ci_event_find(const struct strings *push_refs, struct ci_event *ret_event);
void ci_event_release(struct ci_event *event);
#define AUTO_CI_EVENT CLEANUP(ci_event_release)

#endif
