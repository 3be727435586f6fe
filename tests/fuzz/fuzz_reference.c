/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "fuzz.h"
#include "oci/location.h"

/* What was taken comes back from its own text, which is in canonical form. */
static void
check_location(const struct location *location)
{
	AUTO_FREE char *text = location_format(location);
	AUTO_FREE char *text_again = NULL;
	AUTO_LOCATION struct location again = { 0 };
	AUTO_ERROR struct error *err = NULL;

	INSIST(location_is(text));
	INSIST(location_parse(text, &again, &err) == 0);
	INSIST(again.transport == location->transport);
	text_again = location_format(&again);
	INSIST(strcmp(text, text_again) == 0);
}

/* These become parts of URLs and headers. */
static void
check_reference(const struct reference *reference)
{
	INSIST(reference_host_is_valid(reference->host));
	INSIST(reference_name_is_valid(reference->name));
	INSIST(!reference->tag || reference_tag_is_valid(reference->tag));
	INSIST(strlen(reference->host) + 1 + strlen(reference->name) <= NAME_LIMIT_CHARS);
	INSIST(!strpbrk(reference->host, "/@?# \r\n") && !strpbrk(reference->name, "@?# \r\n"));
	INSIST(!strstr(reference->name, "..") && !strstr(reference->name, "//"));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FREE char *text = fuzz_text(data, size);
	AUTO_LOCATION struct location location = { 0 };
	AUTO_ERROR struct error *err = NULL;

	if (location_parse(text, &location, &err) < 0) {
		INSIST(error_is(err, ERROR_USAGE));
		return 0;
	}
	INSIST(!err);
	if (location.transport == TRANSPORT_REGISTRY)
		check_reference(&location.reference);
	check_location(&location);
	return 0;
}
