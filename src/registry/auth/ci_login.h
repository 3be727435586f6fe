/* SPDX-License-Identifier: Apache-2.0 */
/* ci_login.h - the registry credentials that CI systems give to jobs, and the hosts that may get
 * them
 *
 *     GitHub, its Enterprise Server, ghe.com, Forgejo, Gitea    GITHUB_TOKEN, GH_TOKEN
 *     GitLab        CI_REGISTRY_USER and CI_REGISTRY_PASSWORD, else CI_JOB_TOKEN
 *
 * Each of the first row exports a GITHUB_TOKEN for its own server, which is GITHUB_SERVER_URL.
 * GitHub's manual, "Working with the Container registry"; GitLab's manual, "Predefined CI/CD
 * variables".
 */
#ifndef OCIFP_REGISTRY_AUTH_CI_LOGIN_H
#define OCIFP_REGISTRY_AUTH_CI_LOGIN_H

#include <stdbool.h>

struct error;
struct origin;

/* Whether GITHUB_TOKEN or GH_TOKEN is for the registry "host[:port]". */
bool ci_login_is_github(const char *registry);

/* The URL of the registry's Packages API, without a '/' at the end: GITHUB_API_URL, else the
 * server's. ERROR_DENIED: the token is not for that API; ERROR_USAGE: the URL is not https.  An API
 * on loopback is always allowed. */
char *ci_login_packages_api(const char *registry, struct error **err);

/* Whether this is the registry of the job's GitLab. */
bool ci_login_is_gitlab(const char *registry);

/* Whether this is the token server of that GitLab. */
bool ci_login_trusts(const char *registry, const struct origin *realm);

#endif
