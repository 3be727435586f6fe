/* SPDX-License-Identifier: Apache-2.0 */
/* ci.h - what the CI system says about this run
 *
 * The variables of GitHub Actions (and of Forgejo and Gitea, which set the same), GitLab CI,
 * Jenkins (multibranch pipelines) and Buildkite, and git's configuration; each value is checked
 * before it is used.
 */
#ifndef OCIFP_PROJECT_CI_H
#define OCIFP_PROJECT_CI_H

#include <stdbool.h>

#include "base/cleanup.h"
#include "base/strings.h"

struct error;

bool ci_is_github(void);
bool ci_is_github_com(void); /* not another server, nor Forgejo and Gitea, which say the same */
bool ci_is_gitlab(void);
bool ci_is_known(void); /* any of those */

/* GITHUB_REPOSITORY, else from `git config remote.origin.url`; ERROR_USAGE.  Lower case. */
char *ci_repository(const char *directory, struct error **err);

/* What `--push auto` means here: whether to push, and why not ("the event pull_request has a
 * read-only token", "the ref is not the default branch", ...), a literal.  `push_refs` empty: the
 * default branch alone. */
bool ci_pushes(const struct strings *push_refs, const char **ret_why_not);

/* Whether the job's commit still is the head of its branch, as origin says; also true where nobody
 * can say.  False: *ret_why_not, the caller's. */
bool ci_is_at_head(const char *directory, char **ret_why_not);

/* Which change a job is run for, and what may come of it. */

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

/* "build" of a workflow's job or a pipeline's step, borrowed; NULL: it has none. */
const char *ci_job_name(void);

/* For the annotations of an index; NULL: not known.  The caller owns them. */
char *ci_source_url(const char *directory);
char *ci_revision(const char *directory);

#endif
