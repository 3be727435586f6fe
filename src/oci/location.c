/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/location.h"

#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/xalloc.h"

struct scheme {
	const char *prefix;
	enum transport transport;
	bool has_digest;
	bool has_tag;
	bool has_standard_streams; /* "-" is one of them */
};

static const struct scheme schemes[] = {
	{ "oci:", TRANSPORT_LAYOUT, true, true, false },
	{ "oci-archive:", TRANSPORT_OCI_ARCHIVE, true, true, true },
	{ "docker-archive:", TRANSPORT_DOCKER_ARCHIVE, false, true, true },
	{ "rootfs:", TRANSPORT_ROOTFS, false, false, false },
	{ "files:", TRANSPORT_FILES, false, false, false },
};

#define DOCKER_SCHEME "docker://"

static const struct scheme *
find_scheme(const char *text)
{
	for (size_t i = 0; i < COUNT_OF(schemes); i++)
		if (text_starts(text, schemes[i].prefix))
			return &schemes[i];
	return NULL;
}

static int
refuse(struct error **err, const char *text, const char *reason)
{
	return error_set(err, ERROR_USAGE, "invalid location '%s': %s", QUOTED(text), reason);
}

/* image-spec, annotations.md, org.opencontainers.image.ref.name, without its rules about order. */
static bool
ref_name_is_valid(const char *name)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789_-._:@+/";
	size_t size = strlen(name);

	return size > 0 && size <= REF_NAME_LIMIT_CHARS && strspn(name, allowed) == size &&
	       !strchr("-._:@+/", *name);
}

/* A '@' that is not followed by an algorithm is part of a path. */
static int
cut_digest(char *rest, struct digest *ret_digest, struct error **err)
{
	AUTO_ERROR struct error *why = NULL;
	char *at = strrchr(rest, '@');

	if (!at || (!text_starts(at, "@sha256:") && !text_starts(at, "@sha512:")))
		return 0;
	*at = '\0';
	if (digest_parse(at + 1, ret_digest, &why) < 0)
		return error_set(err, ERROR_USAGE, "%s", error_text(why));
	return 0;
}

static int
cut_tag(char *rest, const char *text, char **ret_tag, struct error **err)
{
	char *colon = strchr(rest, ':');

	if (!colon)
		return 0;
	*colon = '\0';
	if (!ref_name_is_valid(colon + 1))
		return refuse(err, text, "the path is not followed by a valid tag");
	*ret_tag = xstrdup(colon + 1);
	return 0;
}

bool
location_path_is_valid(const char *path)
{
	for (; *path; path++)
		if ((unsigned char)*path < ' ' || *path == 0x7f)
			return false;
	return true;
}

static int
check_path(const char *path, const struct scheme *scheme, const char *text, struct error **err)
{
	if (!location_path_is_valid(path))
		return refuse(err, text, "its path has control characters");
	if (*path == '\0')
		return refuse(err, text, "the path is missing");
	if (strlen(path) >= PATH_LIMIT_BYTES)
		return refuse(err, text, "its path is too long");
	if (strcmp(path, "-") != 0 || scheme->has_standard_streams)
		return 0;
	refuse(err, text, "a directory cannot be read from or written to a stream");
	return error_set_hint(err, "write ./- for a directory of that name");
}

static int
parse_local(const char *text, const struct scheme *scheme, struct location *location,
	    struct error **err)
{
	AUTO_FREE char *rest = xstrdup(text + strlen(scheme->prefix));

	location->transport = scheme->transport;
	if (scheme->has_digest && cut_digest(rest, &location->reference.digest, err) < 0)
		return -1;
	if (scheme->has_tag && cut_tag(rest, text, &location->reference.tag, err) < 0)
		return -1;
	if (check_path(rest, scheme, text, err) < 0)
		return -1;
	location->path = TAKE_PTR(rest);
	return 0;
}

int
location_parse(const char *text, struct location *ret_location, struct error **err)
{
	AUTO_LOCATION struct location location = { 0 };
	const struct scheme *scheme = find_scheme(text);
	int status;

	/* The form of a registry's image in skopeo and podman. */
	if (text_starts(text, DOCKER_SCHEME))
		text += strlen(DOCKER_SCHEME);

	if (scheme)
		status = parse_local(text, scheme, &location, err);
	else
		status = reference_parse(text, &location.reference, err);
	if (status < 0)
		return -1;
	*ret_location = location;
	location = (struct location){ 0 };
	return 0;
}

static const char *
find_prefix(enum transport transport)
{
	for (size_t i = 0; i < COUNT_OF(schemes); i++)
		if (schemes[i].transport == transport)
			return schemes[i].prefix;
	return "";
}

char *
location_format(const struct location *location)
{
	const struct reference *reference = &location->reference;
	struct digest_text digest = digest_text(&reference->digest);

	if (location->transport == TRANSPORT_REGISTRY)
		return reference_format(reference);
	return xasprintf("%s%s%s%s%s%s", find_prefix(location->transport), location->path,
			 reference->tag ? ":" : "", reference->tag ? reference->tag : "",
			 *digest.text ? "@" : "", digest.text);
}

char *
location_repository(const struct location *location)
{
	if (location->transport == TRANSPORT_REGISTRY)
		return reference_repository(&location->reference);
	return xasprintf("%s%s", find_prefix(location->transport), location->path);
}

void
location_copy(const struct location *location, struct location *ret_copy)
{
	struct location copy = {
		.transport = location->transport,
		.path = xstrdup_null(location->path),
	};

	reference_copy(&location->reference, &copy.reference);
	*ret_copy = copy;
}

void
location_release(struct location *location)
{
	free(location->path);
	reference_release(&location->reference);
	*location = (struct location){ 0 };
}

bool
location_is(const char *text)
{
	return find_scheme(text) || strpbrk(text, "/:@");
}
