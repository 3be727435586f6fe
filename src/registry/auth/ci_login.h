/* ci_login.h - what a CI system gives its jobs to log in with, and where that may go
 *
 *     GitHub, its Enterprise Server, ghe.com, Forgejo, Gitea    GITHUB_TOKEN, GH_TOKEN
 *     GitLab        CI_REGISTRY_USER and CI_REGISTRY_PASSWORD, else CI_JOB_TOKEN
 *
 * All of the first export a GITHUB_TOKEN, and each means the server that made it: that of
 * GITHUB_SERVER_URL.  GitHub's manual, "Working with the Container registry"; GitLab's manual,
 * "Predefined CI/CD variables".
 */
#ifndef OCIFP_REGISTRY_AUTH_CI_LOGIN_H
#define OCIFP_REGISTRY_AUTH_CI_LOGIN_H

#include <stdbool.h>

struct error;
struct origin;

/* Whether the token of GITHUB_TOKEN or GH_TOKEN is for the registry "host[:port]". */
bool ci_login_is_github(const char *registry);

/* Where the Packages API of the registry is, without a '/' at the end: GITHUB_API_URL, else that
 * of the server.  NULL: the token must not go there, ERROR_DENIED, or the URL is not https,
 * ERROR_USAGE.  On loopback the API may be any. */
char *ci_login_packages_api(const char *registry, struct error **err);

/* Whether the job's GitLab has this registry. */
bool ci_login_is_gitlab(const char *registry);

/* Whether a token server is that GitLab's. */
bool ci_login_trusts(const char *registry, const struct origin *realm);

#endif
