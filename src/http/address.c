/* SPDX-License-Identifier: Apache-2.0 */
#include "http/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/xalloc.h"

static const struct {
	uint32_t network;
	unsigned prefix_bits;
	enum address_scope scope;
} special_networks[] = {
	{ 0x00000000, 8, ADDRESS_UNSPECIFIED }, /* 0.0.0.0/8 */
	{ 0x7f000000, 8, ADDRESS_LOOPBACK },    /* 127.0.0.0/8 */
	{ 0xa9fe0000, 16, ADDRESS_LINK_LOCAL }, /* 169.254.0.0/16 */
	{ 0x0a000000, 8, ADDRESS_PRIVATE },     /* 10.0.0.0/8 */
	{ 0xac100000, 12, ADDRESS_PRIVATE },    /* 172.16.0.0/12 */
	{ 0xc0a80000, 16, ADDRESS_PRIVATE },    /* 192.168.0.0/16 */
	{ 0x64400000, 10, ADDRESS_PRIVATE },    /* 100.64.0.0/10 */
	{ 0xc0000000, 24, ADDRESS_PRIVATE },    /* 192.0.0.0/24 */
	{ 0xc6120000, 15, ADDRESS_PRIVATE },    /* 198.18.0.0/15 */
	{ 0xe0000000, 3, ADDRESS_PRIVATE },     /* 224.0.0.0/4, 240.0.0.0/4 */
};

static enum address_scope
scope_of_ipv4(uint32_t address)
{
	for (size_t i = 0; i < COUNT_OF(special_networks); i++) {
		uint32_t mask = UINT32_MAX << (32 - special_networks[i].prefix_bits);

		if ((address & mask) == special_networks[i].network)
			return special_networks[i].scope;
	}
	return ADDRESS_PUBLIC;
}

static uint32_t
read_32(const uint8_t *bytes)
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 |
	       bytes[3];
}

/* The IPv4 address inside an IPv4-mapped, IPv4-compatible, NAT64 or 6to4 address. */
static bool
find_ipv4(const uint8_t bytes[static 16], uint32_t *ret_address)
{
	static const uint8_t zeros[12];
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	static const uint8_t nat64[12] = { 0x00, 0x64, 0xff, 0x9b };

	if (bytes[0] == 0x20 && bytes[1] == 0x02) {
		*ret_address = read_32(bytes + 2);
		return true;
	}
	if (memcmp(bytes, zeros, 12) != 0 && memcmp(bytes, mapped, 12) != 0 &&
	    memcmp(bytes, nat64, 12) != 0)
		return false;
	*ret_address = read_32(bytes + 12);
	return true;
}

static enum address_scope
scope_of_ipv6(const uint8_t bytes[static 16])
{
	uint32_t ipv4;

	if (memcmp(bytes, &in6addr_loopback, 16) == 0)
		return ADDRESS_LOOPBACK;
	if (find_ipv4(bytes, &ipv4))
		return scope_of_ipv4(ipv4);
	if (bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80)
		return ADDRESS_LINK_LOCAL;
	if ((bytes[0] & 0xfe) == 0xfc || bytes[0] == 0xff)
		return ADDRESS_PRIVATE;
	return ADDRESS_PUBLIC;
}

enum address_scope
address_scope_of(const struct sockaddr *address)
{
	struct sockaddr_in ipv4;
	struct sockaddr_in6 ipv6;

	switch (address->sa_family) {
	case AF_INET:
		memcpy(&ipv4, address, sizeof(ipv4));
		return scope_of_ipv4(ntohl(ipv4.sin_addr.s_addr));
	case AF_INET6:
		memcpy(&ipv6, address, sizeof(ipv6));
		return scope_of_ipv6(ipv6.sin6_addr.s6_addr);
	default:
		return ADDRESS_PRIVATE;
	}
}

static bool
is_localhost(const char *host)
{
	AUTO_FREE char *name = xstrdup(host);
	size_t size = strlen(name);

	if (size > 0 && name[size - 1] == '.')
		name[--size] = '\0';
	return strcasecmp(name, "localhost") == 0 ||
	       (size > 10 && strcasecmp(name + size - 10, ".localhost") == 0);
}

enum address_scope
address_scope_of_host(const char *host)
{
	/* Without brackets and zone ("%eth0"). */
	const char *start = *host == '[' ? host + 1 : host;
	AUTO_FREE char *bare = xstrndup(start, strcspn(start, "]%"));
	struct in6_addr ipv6;
	struct in_addr ipv4;

	if (inet_pton(AF_INET6, bare, &ipv6) == 1)
		return scope_of_ipv6(ipv6.s6_addr);
	if (inet_aton(bare, &ipv4))
		return scope_of_ipv4(ntohl(ipv4.s_addr));
	return is_localhost(bare) ? ADDRESS_LOOPBACK : ADDRESS_PUBLIC;
}

bool
address_may_lead(enum address_scope from, enum address_scope to)
{
	if (to == ADDRESS_PUBLIC || to == from)
		return true;
	return from == ADDRESS_LOOPBACK && to == ADDRESS_PRIVATE;
}
