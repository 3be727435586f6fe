/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/error.h"
#include "fuzz.h"
#include "registry/link.h"

/* A target is text of the header, between angle brackets. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FREE char *text = fuzz_text(data, size);
	AUTO_FREE char *target = NULL;
	AUTO_ERROR struct error *err = NULL;

	if (link_parse_next(text, &target, &err) < 0) {
		INSIST(error_kind(err) == ERROR_UNAVAILABLE);
		return 0;
	}
	INSIST(!target || (strstr(text, target) && !strchr(target, '>')));
	return 0;
}
