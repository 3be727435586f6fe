/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "fuzz.h"
#include "registry/upload/upload_session.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FREE char *text = fuzz_text(data, size);
	uint64_t bytes = 77;

	if (session_parse_range(text, &bytes))
		INSIST(bytes != 1 && bytes <= INT64_MAX);
	else
		INSIST(bytes == 77);
	bytes = 77;
	/* A million of the largest unit, and what stands behind the point. */
	if (session_parse_limit(text, &bytes))
		INSIST(bytes < ((uint64_t)1 << 51));
	else
		INSIST(bytes == 77);
	return 0;
}
