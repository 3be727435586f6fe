/* SPDX-License-Identifier: Apache-2.0 */
/* ci.h - facts about this run from the CI system
 *
 * The variables of GitHub Actions (and of Forgejo and Gitea, which set the same), GitLab CI,
 * Jenkins (multibranch pipelines) and Buildkite, and git's configuration; each value is checked
 * before use.
 */
#ifndef OCIFP_PROJECT_CI_H
#define OCIFP_PROJECT_CI_H

#include <stdbool.h>

#include "base/cleanup.h"
#include "base/strings.h"

struct error;

bool ci_is_github(void);
bool ci_is_github_com(
	void); /* and not another server, Forgejo or Gitea, which set the same variables */
bool ci_is_gitlab(void);
bool ci_is_known(void); /* any of those */

/* GITHUB_REPOSITORY, else from `git config remote.origin.url`; ERROR_USAGE.  Lower case. */
char *ci_repository(const char *directory, struct error **err);

/* The meaning of `--push auto` here: whether to push, and if not, why ("the event pull_request has
 * a read-only token", "the ref is not the default branch", ...), a literal.  `push_refs` empty:
 * only the default branch. */
bool ci_pushes(const struct strings *push_refs, const char **ret_why_not);

/* Whether the job's commit is still the head of its branch at origin; also true if that is not
 * known. False: *ret_why_not, the caller's. */
bool ci_is_at_head(const char *directory, char **ret_why_not);

/* The change that a job runs for, and whether its results may be trusted. */

enum ci_trust {
	CI_TRUSTED,      /* where `ensure --push auto` pushes */
	CI_PULL_REQUEST, /* of the same repository */
	CI_BRANCH,       /* a push to a branch that push_refs does not name */
	CI_READ_ONLY,    /* a fork, pull_request_target, workflow_run, no CI at all */
};

struct ci_event {
	enum ci_trust trust;
	const char *why_not;  /* the reason why it is not trusted, a literal; NULL: trusted */
	char *branch;         /* the branch of the change; NULL: not known, or of a fork */
	char *base;           /* the target of a pull request; NULL: none */
	char *default_branch; /* NULL: not known */
	char *pull_request;   /* its number; NULL: none */
};

/* `push_refs` as for ci_pushes(). */
void ci_event_find(const struct strings *push_refs, struct ci_event *ret_event);
void ci_event_release(struct ci_event *event);
#define AUTO_CI_EVENT CLEANUP(ci_event_release)

/* The name of a workflow's job or a pipeline's step, "build", borrowed; NULL: none. */
const char *ci_job_name(void);

/* For the annotations of an index; NULL: not known.  The caller owns them. */
char *ci_source_url(const char *directory);
char *ci_revision(const char *directory);

#endif
