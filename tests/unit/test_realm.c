/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/error.h"
#include "http/origin.h"
#include "registry/auth/realm.h"

struct row {
	const char *registry;
	const char *realm;
	const char *verdict; /* "trusted", "anonymous", or the class of the refusal */
};

static const struct row rows[] = {
	{ "https://ghcr.io", "https://ghcr.io/token", "trusted" },
	{ "https://ghcr.io", "https://GHCR.io./token", "trusted" },
	{ "https://r.example:5000", "https://r.example:5001/auth", "trusted" },
	{ "https://registry-1.docker.io", "https://auth.docker.io/token", "trusted" },
	{ "https://registry.gitlab.com", "https://gitlab.com/jwt/auth", "trusted" },
	{ "https://r.example", "https://auth.docker.io/token", "anonymous" },
	{ "https://registry.gitlab.com", "https://auth.docker.io/token", "anonymous" },
	{ "https://ghcr.io", "https://ghcr.io.evil.example/token", "anonymous" },
	{ "https://ghcr.io", "https://evil-ghcr.io/token", "anonymous" },
	{ "https://r.example", "https://named.example/token", "trusted" },
	{ "https://r.example", "https://named.example:444/token", "trusted" },
	{ "https://r.example", "https://port.example:8443/token", "trusted" },
	{ "https://r.example", "https://port.example/token", "anonymous" },
	{ "https://ghcr.io", "https://ghcr.io@evil.example/token", "protocol" },
	{ "https://ghcr.io", "http://ghcr.io/token", "protocol" },
	{ "https://ghcr.io", "ftp://ghcr.io/token", "protocol" },
	{ "https://ghcr.io", "file:///etc/passwd", "protocol" },
	{ "https://ghcr.io", "/token", "protocol" },
	{ "https://ghcr.io", "", "protocol" },
	{ "https://ghcr.io", "https://ghcr.io/\r\nX: y", "protocol" },
	{ "https://ghcr.io", "https://169.254.169.254/latest", "ssrf" },
	{ "https://ghcr.io", "https://127.0.0.1/token", "ssrf" },
	{ "https://ghcr.io", "https://localhost/token", "ssrf" },
	{ "https://ghcr.io", "https://2130706433/token", "ssrf" },
	{ "https://ghcr.io", "https://0x7f.1/token", "ssrf" },
	{ "https://ghcr.io", "https://[::1]/token", "ssrf" },
	{ "https://ghcr.io", "https://[::ffff:7f00:1]/token", "ssrf" },
	{ "https://ghcr.io", "https://10.1.2.3/token", "ssrf" },
	{ "https://ghcr.io", "https://0.0.0.0/token", "ssrf" },
	{ "https://10.1.2.3:5000", "https://10.1.2.3:5001/token", "trusted" },
	{ "http://127.0.0.1:5000", "http://127.0.0.1:5001/token", "trusted" },
	{ "http://localhost:5000", "http://127.0.0.2/token", "anonymous" },
	{ "http://127.0.0.1:5000", "https://127.0.0.1:5001/token", "trusted" },
	{ "http://127.0.0.1:5000", "http://r.example/token", "protocol" },
	{ "http://127.0.0.1:5000", "https://r.example/token", "anonymous" },
	{ "http://plain.example", "http://plain.example:81/token", "plain" },
};

static const char *const trusted[] = { "named.example", "port.example:8443", NULL };

static const char *
judge(const struct row *row, bool plain_http)
{
	AUTO_ORIGIN struct origin registry = { 0 };
	AUTO_ERROR struct error *err = NULL;
	struct realm_rules rules = { &registry, trusted, plain_http };
	enum realm_trust trust;

	assert_int_equal(origin_parse(row->registry, &registry, &err), 0);
	if (realm_judge(&rules, row->realm, &trust, &err) == 0)
		return trust == REALM_TRUSTED ? "trusted" : "anonymous";
	assert_int_equal(error_kind(err), ERROR_UNAVAILABLE);
	return error_class(err);
}

static void
a_realm_sees_credentials_only_where_they_belong(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const char *verdict = judge(&rows[i], false);

		if (strcmp(rows[i].verdict, "plain") == 0)
			assert_string_equal(verdict, "protocol");
		else if (strcmp(verdict, rows[i].verdict) != 0)
			fail_msg("%s at %s: %s", rows[i].realm, rows[i].registry, verdict);
	}
}

static void
plain_http_reaches_no_further_than_the_host_it_was_allowed_for(void **state)
{
	const struct row own = { "http://plain.example", "http://plain.example:81/token", "" };
	const struct row other = { "http://plain.example", "http://other.example/token", "" };

	(void)state;
	assert_string_equal(judge(&own, true), "trusted");
	assert_string_equal(judge(&other, true), "protocol");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_realm_sees_credentials_only_where_they_belong),
		cmocka_unit_test(plain_http_reaches_no_further_than_the_host_it_was_allowed_for),
	};

	return cmocka_run_group_tests_name("realm", tests, NULL, NULL);
}
