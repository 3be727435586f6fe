/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/auth/realm.h"

#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "http/address.h"
#include "http/origin.h"

struct known_pair {
	const char *registry;
	const char *realm;
};

static const struct known_pair known_pairs[] = {
	{ "registry-1.docker.io", "auth.docker.io" },
	{ "registry.gitlab.com", "gitlab.com" },
};

static bool
is_known_pair(const char *registry, const char *realm)
{
	for (size_t i = 0; i < COUNT_OF(known_pairs); i++)
		if (strcmp(known_pairs[i].registry, registry) == 0 &&
		    strcmp(known_pairs[i].realm, realm) == 0)
			return true;
	return false;
}

static bool
is_named(const char *const *trusted, const struct origin *realm)
{
	AUTO_FREE char *with_port = xasprintf("%s:%s", realm->host, realm->port);

	for (size_t i = 0; trusted && trusted[i]; i++)
		if (strcmp(trusted[i], with_port) == 0 || strcmp(trusted[i], realm->host) == 0)
			return true;
	return false;
}

static int
refuse(struct error **err, enum error_class error_class, const char *realm, const char *why)
{
	AUTO_FREE char *shown = text_quote_url(realm);

	error_set(err, ERROR_UNAVAILABLE, "cannot use the registry's token server '%s': %s", shown,
		  why);
	return error_set_class(err, error_class);
}

static bool
may_be_plain(const struct realm_rules *rules, const struct origin *realm)
{
	if (origin_is_loopback(rules->registry) && origin_is_loopback(realm))
		return true;
	return rules->plain_http && strcmp(rules->registry->host, realm->host) == 0;
}

int
realm_judge(const struct realm_rules *rules, const char *realm, enum realm_trust *ret_trust,
	    struct error **err)
{
	AUTO_ORIGIN struct origin origin = { 0 };
	const struct origin *registry = rules->registry;

	if (origin_parse(realm, &origin, err) < 0)
		return error_wrap(err, "cannot use the registry's token server");
	if (!address_may_lead(address_scope_of_host(rules->registry->host),
			      address_scope_of_host(origin.host)))
		return refuse(err, CLASS_SSRF, realm, "it has an internal address");
	if (strcmp(origin.scheme, "https") != 0 && !may_be_plain(rules, &origin))
		return refuse(err, CLASS_PROTOCOL, realm, "expected an https URL");
	*ret_trust = REALM_ANONYMOUS;
	if (strcmp(registry->host, origin.host) == 0 ||
	    is_known_pair(registry->host, origin.host) || is_named(rules->trusted, &origin))
		*ret_trust = REALM_TRUSTED;
	return 0;
}
