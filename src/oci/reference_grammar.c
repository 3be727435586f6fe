/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/reference.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "base/limits.h"
#include "base/text.h"
#include "base/xalloc.h"

#define HOST_LABEL_LIMIT_CHARS 63 /* RFC 1035, 2.3.4 */

static bool
is_lower_or_digit(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool
is_word(char c)
{
	return is_lower_or_digit(c) || (c >= 'A' && c <= 'Z') || c == '_';
}

/* How many characters a separator has: one '.', one or two '_', any number of '-'; else 0. */
static size_t
separator_size(const char *text)
{
	if (*text == '.')
		return 1;
	if (*text == '_')
		return text[1] == '_' ? 2 : 1;
	return strspn(text, "-");
}

/* Where a component of a name ends; NULL when none begins here. */
static const char *
skip_component(const char *text)
{
	for (;;) {
		if (!is_lower_or_digit(*text))
			return NULL;
		while (is_lower_or_digit(*text))
			text++;
		if (*text == '\0' || *text == '/')
			return text;
		text += separator_size(text);
	}
}

bool
reference_name_is_valid(const char *name)
{
	if (strlen(name) > NAME_LIMIT_CHARS)
		return false;
	for (;;) {
		name = skip_component(name);
		if (!name)
			return false;
		if (*name == '\0')
			return true;
		name++;
	}
}

bool
reference_tag_is_valid(const char *tag)
{
	size_t size = strlen(tag);

	if (size == 0 || size > TAG_LIMIT_CHARS || !is_word(*tag))
		return false;
	for (; *tag; tag++)
		if (!is_word(*tag) && *tag != '.' && *tag != '-')
			return false;
	return true;
}

static bool
domain_is_valid(const char *domain)
{
	for (;;) {
		size_t size = strcspn(domain, ".");

		if (size == 0 || size > HOST_LABEL_LIMIT_CHARS || domain[0] == '-' ||
		    domain[size - 1] == '-')
			return false;
		for (size_t i = 0; i < size; i++)
			if (!isalnum((unsigned char)domain[i]) && domain[i] != '-')
				return false;
		if (domain[size] == '\0')
			return true;
		domain += size + 1;
	}
}

static bool
port_is_valid(const char *port)
{
	uint64_t number;

	return *port != '0' && text_parse_uint(port, UINT16_MAX, &number);
}

/* "[address]" and what follows it; zones and embedded IPv4 addresses have no place in a name. */
static bool
bracketed_is_valid(const char *host)
{
	const char *end = strchr(host, ']');
	AUTO_FREE char *address = NULL;
	struct in6_addr parsed;

	if (!end)
		return false;
	address = xstrndup(host + 1, (size_t)(end - host - 1));
	if (strchr(address, '.') || inet_pton(AF_INET6, address, &parsed) != 1)
		return false;
	return end[1] == '\0' || (end[1] == ':' && port_is_valid(end + 2));
}

bool
reference_host_is_valid(const char *host)
{
	AUTO_FREE char *domain = NULL;
	char *colon;

	/* Without one of these the first part of a name is a user of docker.io, not a host. */
	if (strlen(host) > NAME_LIMIT_CHARS ||
	    (!strpbrk(host, ".:") && strcasecmp(host, "localhost") != 0))
		return false;
	if (*host == '[')
		return bracketed_is_valid(host);
	domain = xstrdup(host);
	colon = strchr(domain, ':');
	if (colon) {
		if (!port_is_valid(colon + 1))
			return false;
		*colon = '\0';
	}
	return domain_is_valid(domain);
}
