/* ci.h - what the CI system says about this run
 *
 * GitHub's variables (GITHUB_ACTIONS, GITHUB_EVENT_NAME, GITHUB_REF...), GitLab's (GITLAB_CI,
 * CI_PIPELINE_SOURCE, CI_COMMIT_BRANCH...) and git's configuration;
 * each value is checked before it is used.
 */
#ifndef OCIFP_PROJECT_CI_H
#define OCIFP_PROJECT_CI_H

#include <stdbool.h>

#include "base/strings.h"

struct error;

bool ci_is_github(void);
bool ci_is_gitlab(void);

/* GITHUB_REPOSITORY, else from `git config remote.origin.url`; ERROR_USAGE.  Lower case. */
char *ci_repository(const char *directory, struct error **err);

/* What `--push auto` means here: whether to push, and why not ("outside GitHub Actions and GitLab
 * CI", "the event pull_request has a read-only token", ...), a literal.  `push_refs` empty: the
 * default branch alone. */
bool ci_pushes(const struct strings *push_refs, const char **ret_why_not);

/* For the annotations of an index; NULL: not known.  The caller owns them. */
char *ci_source_url(const char *directory);
char *ci_revision(const char *directory);

#endif
