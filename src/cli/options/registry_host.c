#include "cli/options/registry_host.h"

#include <ctype.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "oci/reference.h"

char *
registry_host_parse(const char *operand, struct error **err)
{
	AUTO_FREE char *host = xstrdup(operand);

	for (char *at = host; *at; at++)
		*at = (char)tolower((unsigned char)*at);
	if (reference_host_is_valid(host))
		return TAKE_PTR(host);
	error_set(err, ERROR_USAGE, "invalid registry '%s'", QUOTED(operand));
	error_set_hint(err, "expected HOST or HOST:PORT, such as ghcr.io");
	return NULL;
}
