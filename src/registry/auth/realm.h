/* realm.h - who may be asked for a token, and who may see a password
 *
 * A registry names its token server in a challenge, so a hostile one could name any.  Credentials
 * go to an https realm on the registry's own host, to a pair known to belong together, or to one
 * that the user trusts; anonymous requests to any https realm that is no private address.  A
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
	bool plain_http;            /* the user lets us speak plain http with this registry */
};

/* ERROR_UNAVAILABLE: class "protocol" for what is no fit URL, "ssrf" for a private address that a
 * registry elsewhere has no business to name. */
int realm_judge(const struct realm_rules *rules, const char *realm, enum realm_trust *ret_trust,
		struct error **err);

#endif
