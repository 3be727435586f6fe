/* SPDX-License-Identifier: Apache-2.0 */
/* address.h - the kind of network that a host belongs to
 *
 * By the special-purpose address registries of RFC 6890.  An IPv4 address inside an IPv6 one counts
 * as IPv4.  Hosts are parsed as the system's resolver does: 2130706433 and 0x7f.1 are loopback.
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

/* Whether an answer from a host in `from` may redirect to a host in `to`: to a public one, within
 * the same scope, and from loopback to a private network. */
bool address_may_lead(enum address_scope from, enum address_scope to);

#endif
