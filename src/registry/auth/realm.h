/* SPDX-License-Identifier: Apache-2.0 */
/* realm.h - the token servers that may be used, and those that may get a password
 *
 * A registry names its token server in a challenge, so a hostile registry can name any host.
 * Credentials are sent only to an https realm on the registry's own host, of a known pair of hosts,
 * or trusted by the user; anonymous requests to any https realm without a private address.  A
 * registry on loopback may name a realm on loopback with plain http.
 *
 * Docker token authentication; RFC 6750.
 */
#ifndef OCIFP_REGISTRY_AUTH_REALM_H
#define OCIFP_REGISTRY_AUTH_REALM_H

#include <stdbool.h>

struct error;
struct origin;

enum realm_trust { REALM_ANONYMOUS, REALM_TRUSTED };

struct realm_rules {
	const struct origin *registry;
	const char *const *trusted; /* NULL-terminated "host[:port]"; NULL: none */
	bool plain_http;            /* the user allows plain http to this registry */
};

/* ERROR_UNAVAILABLE: class "protocol" for an invalid URL, "ssrf" for a private address named by a
 * registry outside that network. */
int realm_judge(const struct realm_rules *rules, const char *realm, enum realm_trust *ret_trust,
		struct error **err);

#endif
