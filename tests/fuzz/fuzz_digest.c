/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/error.h"
#include "fuzz.h"
#include "oci/digest.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FREE char *text = fuzz_text(data, size);
	AUTO_ERROR struct error *err = NULL;
	struct digest digest = { .algorithm = DIGEST_NONE };

	if (digest_parse(text, &digest, &err) < 0) {
		INSIST(IS_REFUSED(err) && digest.algorithm == DIGEST_NONE);
		return 0;
	}
	INSIST(!err && strcmp(digest_text(&digest).text, text) == 0);
	return 0;
}
