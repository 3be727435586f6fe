/* SPDX-License-Identifier: Apache-2.0 */
/* remote_url.h - the repository that a git remote's URL names
 *
 * git-fetch(1), "GIT URLS": "https://host/owner/name.git", "ssh://git@host:22/owner/name",
 * "git@host:owner/name.git".
 */
#ifndef OCIFP_PROJECT_REMOTE_URL_H
#define OCIFP_PROJECT_REMOTE_URL_H

#include <stdbool.h>

struct remote_url {
	char *host;       /* without a port */
	char *repository; /* "owner/name" or "group/subgroup/name", as spelled */
};

/* False for local paths, and without an owner and a name. */
bool remote_url_parse(const char *url, struct remote_url *ret_remote);
void remote_url_release(struct remote_url *remote);

/* Owner and name with '/' between, in the characters that GitHub allows; GitLab's groups nest. */
bool remote_repository_is_valid(const char *repository);

#endif
