/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/error.h"
#include "fuzz.h"
#include "oci/simple_signing.h"

/* What is taken is whole, and what we write of it reads back the same. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_SIMPLE_SIGNING struct simple_signing claim = { 0 };
	AUTO_SIMPLE_SIGNING struct simple_signing again = { 0 };
	AUTO_ERROR struct error *err = NULL;
	AUTO_FREE char *text = NULL;

	if (simple_signing_parse(data, size, &claim, &err) < 0)
		return 0;
	INSIST(claim.reference && claim.digest.algorithm != DIGEST_NONE);
	text = simple_signing_format(&claim);
	INSIST(simple_signing_parse(text, strlen(text), &again, &err) == 0);
	INSIST(strcmp(again.reference, claim.reference) == 0);
	INSIST(digest_equal(&again.digest, &claim.digest));
	INSIST(!again.fingerprint == !claim.fingerprint);
	return 0;
}
