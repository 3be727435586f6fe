/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/options/registry_host.h"

#include <ctype.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "oci/reference.h"

/* What follows the host in the addresses that registries give of themselves. */
static bool
is_base_path(const char *path)
{
	static const char *const paths[] = { "", "/", "/v1", "/v1/", "/v2", "/v2/" };

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		if (strcmp(path, paths[i]) == 0)
			return true;
	return false;
}

char *
registry_host_parse(const char *operand, struct error **err)
{
	static const char https[] = "https://";
	const char *start = text_starts(operand, https) ? operand + strlen(https) : operand;
	size_t size = strcspn(start, "/");
	bool is_address = start != operand && is_base_path(start + size);
	AUTO_FREE char *host = is_address ? xstrndup(start, size) : xstrdup(operand);

	for (char *at = host; *at; at++)
		*at = (char)tolower((unsigned char)*at);
	if (reference_host_is_valid(host))
		return TAKE_PTR(host);
	error_set(err, ERROR_USAGE, "invalid registry '%s'", QUOTED(operand));
	error_set_hint(err, "expected HOST or HOST:PORT, such as ghcr.io");
	return NULL;
}
