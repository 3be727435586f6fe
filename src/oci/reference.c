/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/reference.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/xalloc.h"

static int
refuse(struct error **err, const char *text, const char *reason)
{
	return error_set(err, ERROR_USAGE, "invalid image reference '%s': %s", QUOTED(text),
			 reason);
}

static int parse(const char *text, struct reference *reference, struct error **err);

/* Of skopeo, podman, crane and regctl. */
static const struct {
	const char *prefix;
	const char *hint;
} foreign_transports[] = {
	{ "dir:", "a directory is oci:DIR" },
	{ "oci-layout:", "a directory is oci:DIR" },
	{ "ocidir:", "a directory is oci:DIR" },
	{ "docker-daemon:", "'docker save' writes a file for docker-archive:FILE" },
	{ "containers-storage:", "'podman save' writes a file for docker-archive:FILE" },
};

/* The hint, unless its text would not be a reference either. */
static int
refuse_bare_name(const char *text, struct error **err)
{
	AUTO_REFERENCE struct reference reference = { 0 };
	AUTO_ERROR struct error *why = NULL;
	AUTO_FREE char *on_docker_hub = xasprintf("docker.io/%s", text);
	AUTO_FREE char *guess = NULL;

	/* "debian:12" could also be a host with a port. */
	if (reference_host_is_valid(text) &&
	    (strpbrk(text, ".[") || text_starts(text, "localhost:")))
		return refuse(err, text, "the repository is missing");
	if (!*text)
		return refuse(err, text, "it is empty");
	refuse(err, text, "it does not begin with a registry host");
	for (size_t i = 0; i < COUNT_OF(foreign_transports); i++)
		if (text_starts(text, foreign_transports[i].prefix))
			return error_set_hint(err, "%s", foreign_transports[i].hint);
	if (parse(on_docker_hub, &reference, &why) < 0)
		return -1;
	guess = reference_format(&reference);
	return error_set_hint(err, "on Docker Hub it is '%s'", guess);
}

/* Lower case, without the dot that ends an absolute domain name. */
static char *
fold_host(const char *host, size_t size)
{
	AUTO_FREE char *folded = xstrndup(host, size);
	size_t name_size = strcspn(folded, ":");

	for (char *c = folded; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	if (*folded != '[' && name_size > 1 && folded[name_size - 1] == '.')
		memmove(folded + name_size - 1, folded + name_size, size - name_size + 1);
	if (strcmp(folded, "index.docker.io") == 0)
		return xstrdup("docker.io");
	return TAKE_PTR(folded);
}

/* Cuts "@digest" off the end of `rest`.  The text before a '@' may be a password. */
static int
cut_digest(char *rest, struct reference *reference, struct error **err)
{
	AUTO_ERROR struct error *why = NULL;
	char *at = strrchr(rest, '@');

	if (!at)
		return 0;
	*at = '\0';
	if (digest_parse(at + 1, &reference->digest, &why) < 0)
		return error_set(err, ERROR_USAGE, "%s", error_text(why));
	return 0;
}

/* Cuts ":tag" off the end of `rest`, whose host is cut off already. */
static int
cut_tag(char *rest, const char *text, struct reference *reference, struct error **err)
{
	char *colon = strchr(rest, ':');

	if (!colon)
		return 0;
	*colon = '\0';
	if (!colon[1])
		return refuse(err, text, "the tag behind ':' is missing");
	if (!reference_tag_is_valid(colon + 1))
		return refuse(err, text,
			      "a tag has letters, digits, '_', '.' and '-', at most 128");
	reference->tag = xstrdup(colon + 1);
	return 0;
}

static int
parse(const char *text, struct reference *reference, struct error **err)
{
	AUTO_FREE char *rest = xstrdup(text);
	char *slash;
	char *name;
	bool is_official;

	if (cut_digest(rest, reference, err) < 0)
		return -1;
	slash = strchr(rest, '/');
	if (!slash)
		return refuse_bare_name(text, err);
	name = slash + 1;
	reference->host = fold_host(rest, (size_t)(slash - rest));
	if (!strpbrk(reference->host, ".:") && strcmp(reference->host, "localhost") != 0)
		return refuse_bare_name(text, err);
	if (!reference_host_is_valid(reference->host))
		return refuse(err, text, "the host is invalid");
	if (cut_tag(name, text, reference, err) < 0)
		return -1;
	is_official = strcmp(reference->host, "docker.io") == 0 && !strchr(name, '/');
	if (!*name)
		return refuse(err, text, "the repository is missing");
	if (!reference_name_is_valid(name))
		return refuse(err, text,
			      "a repository has lower-case letters and digits, separated by '/', "
			      "'.', '_' and '-'");
	reference->name = xasprintf("%s%s", is_official ? "library/" : "", name);
	if (strlen(reference->host) + 1 + strlen(reference->name) > NAME_LIMIT_CHARS)
		return refuse(err, text, "it is too long");
	return 0;
}

int
reference_parse(const char *text, struct reference *ret_reference, struct error **err)
{
	AUTO_REFERENCE struct reference reference = { 0 };
	const char *at = strchr(text, '@');
	const char *last_slash = strrchr(text, '/');

	/* These messages do not repeat the text, because it may hold a password. */
	if (at && last_slash && at < last_slash) {
		error_set(err, ERROR_USAGE,
			  "an image reference cannot contain a user name or password");
		return error_set_hint(err, "use 'ocifp login' or a credential helper");
	}
	if (strstr(text, "://")) {
		error_set(err, ERROR_USAGE, "an image reference is not a URL");
		return error_set_hint(err, "remove everything up to '://'");
	}
	if (parse(text, &reference, err) < 0)
		return -1;
	*ret_reference = reference;
	reference = (struct reference){ 0 };
	return 0;
}

char *
reference_format(const struct reference *reference)
{
	struct digest_text digest = digest_text(&reference->digest);

	return xasprintf("%s/%s%s%s%s%s", reference->host, reference->name,
			 reference->tag ? ":" : "", reference->tag ? reference->tag : "",
			 *digest.text ? "@" : "", digest.text);
}

char *
reference_repository(const struct reference *reference)
{
	return xasprintf("%s/%s", reference->host, reference->name);
}

int
reference_parse_docker(const char *text, struct reference *ret_reference, struct error **err)
{
	AUTO_ERROR struct error *no_host = NULL;
	AUTO_FREE char *on_docker_hub = xasprintf("docker.io/%s", text);

	return reference_parse(text, ret_reference, &no_host) == 0
		       ? 0
		       : reference_parse(on_docker_hub, ret_reference, err);
}

char *
reference_docker_name(const char *text)
{
	AUTO_REFERENCE struct reference reference = { 0 };
	AUTO_ERROR struct error *no_name = NULL;

	if (reference_parse_docker(text, &reference, &no_name) < 0)
		return NULL;
	return xasprintf("%s/%s:%s", reference.host, reference.name,
			 reference.tag ? reference.tag : "latest");
}

int
reference_check_digest(const struct reference *reference, const struct digest *content,
		       struct error **err)
{
	if (reference->digest.algorithm == DIGEST_NONE || digest_equal(&reference->digest, content))
		return 0;
	error_set(err, ERROR_USAGE, "the digest of the content is %s, not the one in the reference",
		  digest_text(content).text);
	return error_set_hint(err, "give a tag, or neither tag nor digest");
}

void
reference_copy(const struct reference *reference, struct reference *ret_copy)
{
	*ret_copy = (struct reference){
		.host = xstrdup_null(reference->host),
		.name = xstrdup_null(reference->name),
		.tag = xstrdup_null(reference->tag),
		.digest = reference->digest,
	};
}

void
reference_release(struct reference *reference)
{
	free(reference->host);
	free(reference->name);
	free(reference->tag);
	*reference = (struct reference){ 0 };
}

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

/* The length of a separator: one '.', one or two '_', any number of '-'; else 0. */
static size_t
separator_size(const char *text)
{
	if (*text == '.')
		return 1;
	if (*text == '_')
		return text[1] == '_' ? 2 : 1;
	return strspn(text, "-");
}

/* The end of a name's component; NULL: none begins here. */
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

/* "[address]" and the rest; zones and embedded IPv4 addresses are not allowed. */
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

	/* Without one of these the first part of a name is a docker.io user, not a host. */
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
