/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "fuzz.h"
#include "http/challenge.h"

/* No value holds more than the header did. */
static void
check_value(const char *value, size_t size)
{
	INSIST(!value || strlen(value) <= size);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FREE char *text = fuzz_text(data, size);
	AUTO_CHALLENGES struct challenges challenges = { 0 };
	const struct challenge *chosen;

	challenges_parse(text, &challenges);
	INSIST(challenges.count <= 16);
	for (size_t i = 0; i < challenges.count; i++) {
		check_value(challenges.items[i].realm, size);
		check_value(challenges.items[i].service, size);
		check_value(challenges.items[i].scope, size);
		check_value(challenges.items[i].error, size);
	}
	chosen = challenges_choose(&challenges);
	INSIST(!chosen || chosen->scheme != CHALLENGE_OTHER);
	return 0;
}
