/* address.h - which network a host lies in, as far as its name or address tells
 *
 * The special-purpose registries of RFC 6890; IPv4 addresses inside IPv6 ones count as themselves,
 * and hosts are read as the system's resolver reads them: 2130706433 and 0x7f.1 are loopback.
 */
#ifndef OCIFP_HTTP_ADDRESS_H
#define OCIFP_HTTP_ADDRESS_H

#include <stdbool.h>

struct sockaddr;

enum address_scope {
	ADDRESS_PUBLIC,  /* and every name but "localhost" */
	ADDRESS_PRIVATE, /* RFC 1918, 4193, 6598; multicast, reserved */
	ADDRESS_LINK_LOCAL,
	ADDRESS_LOOPBACK,
	ADDRESS_UNSPECIFIED
};

enum address_scope address_scope_of(const struct sockaddr *address);
enum address_scope address_scope_of_host(const char *host); /* IPv6 with or without brackets */

/* Whether an answer from one may send us to the other: outward, or within the same scope; this
 * machine may point into a private network. */
bool address_may_lead(enum address_scope from, enum address_scope to);

#endif
