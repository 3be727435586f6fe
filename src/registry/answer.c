/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/answer.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "http/request.h"
#include "oci/digest.h"
#include "oci/media_type.h"

static const char digest_header[] = "Docker-Content-Digest";

static int
refuse(const char *value, const char *expected, struct error **err)
{
	error_set(err, ERROR_UNAVAILABLE, "invalid %s '%s' in the registry's answer: expected %s",
		  digest_header, QUOTED(value), expected);
	return error_set_class(err, CLASS_PROTOCOL);
}

int
answer_find_digest(const struct request *request, struct digest *ret_digest, bool *ret_found,
		   struct error **err)
{
	const char *value = request_header(request, digest_header);
	AUTO_ERROR struct error *unfit = NULL;

	*ret_found = value && *value;
	if (!*ret_found)
		return 0;
	if (request_header_count(request, digest_header) > 1)
		return refuse(value, "a single header", err);
	if (digest_parse(value, ret_digest, &unfit) < 0)
		return refuse(value, "a digest", err);
	return 0;
}

int
answer_check_digest(const struct request *request, const struct digest *expected,
		    struct error **err)
{
	struct digest named = { .algorithm = DIGEST_NONE };
	bool is_named;

	if (answer_find_digest(request, &named, &is_named, err) < 0)
		return -1;
	if (!is_named || named.algorithm != expected->algorithm || digest_equal(&named, expected))
		return 0;
	error_set(err, ERROR_CONTENT, "the registry stored '%s' instead of '%s'",
		  digest_text(&named).text, digest_text(expected).text);
	return error_set_class(err, CLASS_DIGEST);
}

char *
answer_manifest_type(const struct request *request)
{
	const char *value = request_header(request, "Content-Type");
	char *type;

	if (!value || media_type_kind(value) == DOCUMENT_OTHER)
		return NULL;
	type = xstrndup(value, strcspn(value, "; \t"));
	for (char *at = type; *at; at++)
		*at = (char)tolower((unsigned char)*at);
	return type;
}

bool
answer_is_page(const struct request *request)
{
	const char *type = request_header(request, "Content-Type");

	return type && strncasecmp(type, "text/html", strlen("text/html")) == 0;
}
