/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/address.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static void
hosts_are_told_apart_however_they_are_spelt(void **state)
{
	static const struct {
		const char *host;
		enum address_scope scope;
	} cases[] = {
		{ "ghcr.io", ADDRESS_PUBLIC },
		{ "1.1.1.1", ADDRESS_PUBLIC },
		{ "172.15.255.255", ADDRESS_PUBLIC },
		{ "172.32.0.0", ADDRESS_PUBLIC },
		{ "100.128.0.0", ADDRESS_PUBLIC },
		{ "[2606:4700::1]", ADDRESS_PUBLIC },
		{ "10.1.2.3", ADDRESS_PRIVATE },
		{ "172.16.0.1", ADDRESS_PRIVATE },
		{ "172.31.255.255", ADDRESS_PRIVATE },
		{ "192.168.1.1", ADDRESS_PRIVATE },
		{ "100.64.0.1", ADDRESS_PRIVATE },
		{ "224.0.0.1", ADDRESS_PRIVATE },
		{ "255.255.255.255", ADDRESS_PRIVATE },
		{ "[fd00:ec2::254]", ADDRESS_PRIVATE },
		{ "[ff02::1]", ADDRESS_PRIVATE },
		{ "[::ffff:10.0.0.1]", ADDRESS_PRIVATE },
		{ "[2002:0a00:0001::]", ADDRESS_PRIVATE },
		{ "[64:ff9b::c0a8:101]", ADDRESS_PRIVATE },
		{ "169.254.169.254", ADDRESS_LINK_LOCAL },
		{ "[fe80::1%25eth0]", ADDRESS_LINK_LOCAL },
		{ "127.0.0.1", ADDRESS_LOOPBACK },
		{ "2130706433", ADDRESS_LOOPBACK },
		{ "0x7f.1", ADDRESS_LOOPBACK },
		{ "0177.0.0.1", ADDRESS_LOOPBACK },
		{ "[::1]", ADDRESS_LOOPBACK },
		{ "::1", ADDRESS_LOOPBACK },
		{ "[::ffff:7f00:1]", ADDRESS_LOOPBACK },
		{ "[::127.0.0.1]", ADDRESS_LOOPBACK },
		{ "localhost", ADDRESS_LOOPBACK },
		{ "LOCALHOST.", ADDRESS_LOOPBACK },
		{ "a.localhost", ADDRESS_LOOPBACK },
		{ "0.0.0.0", ADDRESS_UNSPECIFIED },
		{ "0", ADDRESS_UNSPECIFIED },
		{ "[::]", ADDRESS_UNSPECIFIED },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		enum address_scope scope = address_scope_of_host(cases[i].host);

		if (scope != cases[i].scope)
			fail_msg("'%s' is %d", cases[i].host, scope);
	}
}

static void
nobody_leads_inward(void **state)
{
	(void)state;
	for (int to = ADDRESS_PRIVATE; to <= ADDRESS_UNSPECIFIED; to++) {
		assert_false(address_may_lead(ADDRESS_PUBLIC, (enum address_scope)to));
		assert_true(address_may_lead((enum address_scope)to, ADDRESS_PUBLIC));
		assert_true(address_may_lead((enum address_scope)to, (enum address_scope)to));
	}
	assert_true(address_may_lead(ADDRESS_LOOPBACK, ADDRESS_PRIVATE));
	assert_false(address_may_lead(ADDRESS_LOOPBACK, ADDRESS_LINK_LOCAL));
	assert_false(address_may_lead(ADDRESS_PRIVATE, ADDRESS_LOOPBACK));
	assert_false(address_may_lead(ADDRESS_PRIVATE, ADDRESS_LINK_LOCAL));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hosts_are_told_apart_however_they_are_spelt),
		cmocka_unit_test(nobody_leads_inward),
	};

	return cmocka_run_group_tests_name("address", tests, NULL, NULL);
}
