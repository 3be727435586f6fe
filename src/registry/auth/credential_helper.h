/* SPDX-License-Identifier: Apache-2.0 */
/* credential_helper.h - credential helpers: docker-credential-<name>
 *
 *     get     stdin: server       stdout: {"ServerURL", "Username", "Secret"}
 *     store   stdin: that object
 *     erase   stdin: server
 *
 * docker-credential-helpers, README, "Usage".  The program runs without a shell, for at most
 * HELPER_TIMEOUT_MS, with only those environment variables that helpers are known to need.
 */
#ifndef OCIFP_REGISTRY_AUTH_CREDENTIAL_HELPER_H
#define OCIFP_REGISTRY_AUTH_CREDENTIAL_HELPER_H

#include <stdbool.h>

struct credential;
struct error;

/* The user name "<token>" marks the secret as an identity token.  ERROR_USAGE: an invalid name, or
 * not installed; ERROR_DENIED: the helper failed, timed out, or gave an invalid answer. */
int helper_get(const char *name, const char *server, struct credential *ret_credential,
	       bool *ret_found, struct error **err);
int helper_store(const char *name, const char *server, const struct credential *credential,
		 struct error **err);
int helper_erase(const char *name, const char *server, bool *ret_found, struct error **err);

#endif
