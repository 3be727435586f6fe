/* credential_helper.h - credential helpers: docker-credential-<name>
 *
 *     get     stdin: server       stdout: {"ServerURL", "Username", "Secret"}
 *     store   stdin: that object
 *     erase   stdin: server
 *
 * docker-credential-helpers, README, "Usage".  The program is run without a shell, for at most
 * HELPER_TIMEOUT_MS, in an environment of what helpers are known to need.
 */
#ifndef OCIFP_REGISTRY_AUTH_CREDENTIAL_HELPER_H
#define OCIFP_REGISTRY_AUTH_CREDENTIAL_HELPER_H

#include <stdbool.h>

struct credential;
struct error;

/* A user name "<token>" says that the secret is an identity token.  ERROR_USAGE: the name is no
 * fit one, or there is no such program; ERROR_DENIED: it failed, hung or spoke nonsense. */
int helper_get(const char *name, const char *server, struct credential *ret_credential,
	       bool *ret_found, struct error **err);
int helper_store(const char *name, const char *server, const struct credential *credential,
		 struct error **err);
int helper_erase(const char *name, const char *server, bool *ret_found, struct error **err);

#endif
